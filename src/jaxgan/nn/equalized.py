"""Layers of equalized learning rate: kernels are scaled when they are used, not when they begin.

Karras, Aila, Laine & Lehtinen, "Progressive growing of GANs", ICLR 2018, arXiv:1710.10196, section
4.1. Under Adam, whose steps have about the learning rate's size, all kernels then move equally fast
in proportion to their deviation.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Images, convolution, same
from jaxgan.nn.resampled_conv import halving_convolution


def initial(lr_mult: float = 1.0) -> nn.initializers.Initializer:
    """Normal numbers of deviation ``1 / lr_mult``, whatever the shape."""
    return nn.initializers.normal(1.0 / lr_mult)


class EqualizedDense(nn.Module):
    """``x (g m W / sqrt(in)) + m b``, ``[..., in] -> [..., features]``.

    Attributes:
      features: of the output.
      bias: what every bias begins with; None for no bias.
      lr_mult: ``m``, how much faster than others the layer learns; ``W`` begins with the deviation
        ``1 / m``, so that the layer begins as it does without.
      gain: ``g``.
      dtype: of the activations.
    """

    features: int
    bias: float | None = 0.0
    lr_mult: float = 1.0
    gain: float = 1.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """The layer's output."""
        inputs = x.shape[-1]
        kernel = self.param("kernel", initial(self.lr_mult), (inputs, self.features), jnp.float32)
        scaled = kernel * (self.gain * self.lr_mult / math.sqrt(inputs))
        y = x.astype(self.dtype) @ scaled.astype(self.dtype)
        if self.bias is None:
            return y
        start = nn.initializers.constant(self.bias)
        bias = self.param("bias", start, (self.features,), jnp.float32)
        return y + (self.lr_mult * bias).astype(self.dtype)


class EqualizedConv(nn.Module):
    """A convolution that keeps the size, ``[b, h, w, in] -> [b, h, w, features]``.

    Attributes:
      features: of the output.
      kernel: its side, odd.
      down: whether the image is smoothed and halved; see ``halving_convolution``.
      bias: whether there is one, which begins with zero.
      lr_mult: as ``EqualizedDense``'s.
      gain: likewise.
      dtype: of the activations.
    """

    features: int
    kernel: int
    down: bool = False
    bias: bool = True
    lr_mult: float = 1.0
    gain: float = 1.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """The layer's output."""
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        kernel = self.param("kernel", initial(self.lr_mult), shape, jnp.float32)
        scaled = kernel * (self.gain * self.lr_mult / math.sqrt(math.prod(shape[:3])))
        x, scaled = x.astype(self.dtype), scaled.astype(self.dtype)
        if self.down:
            y = halving_convolution(x, scaled)
        else:
            y = convolution(same(x.shape[1:3], self.kernel, 1), x, scaled)
        if not self.bias:
            return y
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,), jnp.float32)
        return y + (self.lr_mult * bias).astype(self.dtype)
