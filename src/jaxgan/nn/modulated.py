"""Convolutions whose kernels are modulated by a style, for each sample its own.

Karras, Laine, Aittala, Hellsten, Lehtinen & Aila, "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020, arXiv:1912.04958, section 2.2. Two ways compute the same: with a kernel for
each sample, as one grouped convolution, or with one kernel for all, between a scaling of its inputs
and one of its outputs. The second is faster where many samples are computed at once.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.nn.conv import Images, Kernel, convolution, same
from jaxgan.nn.equalized import EqualizedDense, initial
from jaxgan.nn.resampled_conv import doubling_convolution

Scales = Float[Array, "batch channels"]
"""What multiplies the input channels of each sample."""

Convolve: TypeAlias = Callable[[jax.Array, jax.Array], jax.Array]
"""``(x [b, h, w, i], kernel [k, k, i, o]) -> y``, linear in both."""


def plain(x: Images, kernel: Kernel) -> Images:
    """A convolution that keeps the size."""
    return convolution(same(x.shape[1:3], len(kernel), 1), x, kernel)


def demodulation(kernel: Kernel, scales: Scales) -> jax.Array:
    """What brings outputs back to unit variance, ``1 / |w'|``, float32 ``[batch, o]``.

    ``w'`` is an output's kernel after the modulation (equation 3); inputs count as independent and
    of unit variance.
    """
    squares = jnp.sum(jnp.square(kernel), axis=(0, 1))
    return lax.rsqrt(jnp.square(scales) @ squares + 1e-8)


def by_activations(
    convolve: Convolve, x: Images, kernel: Kernel, scales: Scales, demodulate: bool = True
) -> Images:
    """One kernel for all samples, whose inputs and outputs are scaled.

    Args:
      convolve: the convolution.
      x: ``[b, h, w, i]``, of any dtype, in which it is convolved.
      kernel: ``[k, k, i, o]``, float32.
      scales: ``[b, i]``, float32.
      demodulate: whether outputs are divided by their expected deviation.
    """
    scaled = x * scales[:, None, None].astype(x.dtype)
    y = convolve(scaled, kernel.astype(x.dtype))
    if not demodulate:
        return y
    return y * demodulation(kernel, scales)[:, None, None].astype(x.dtype)


def by_weights(
    convolve: Convolve, x: Images, kernel: Kernel, scales: Scales, demodulate: bool = True
) -> Images:
    """A kernel for each sample: ``by_activations``'s arguments and, up to rounding, its result."""
    kernels = kernel * scales[:, None, None, :, None]
    if demodulate:
        kernels = kernels * demodulation(kernel, scales)[:, None, None, None]

    def one(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return convolve(x[None], kernel)[0]

    return jax.vmap(one)(x, kernels.astype(x.dtype))


class ModulatedConv(nn.Module):
    """A modulated convolution, ``[b, h, w, i] -> [b, h, w, features]``.

    Scales are an affine function of the style, which begins near one.

    Attributes:
      features: of the output.
      kernel: its side, odd.
      up: whether the image is doubled, by ``doubling_convolution``.
      demodulate: whether outputs are divided by their expected deviation; otherwise by the square
        root of the number of a kernel's inputs.
      way: ``by_activations`` or ``by_weights``.
      dtype: of the activations.
    """

    features: int
    kernel: int = 3
    up: bool = False
    demodulate: bool = True
    way: Callable[..., jax.Array] = by_activations
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Images, style: jax.Array) -> Images:
        """Convolves images under styles ``[b, size]``."""
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        kernel = self.param("kernel", initial(), shape, jnp.float32)
        scales = EqualizedDense(x.shape[-1], bias=1.0, name="scales")(style)
        if not self.demodulate:
            scales = scales / math.sqrt(math.prod(shape[:3]))
        convolve = doubling_convolution if self.up else plain
        return self.way(convolve, x.astype(self.dtype), kernel, scales, self.demodulate)
