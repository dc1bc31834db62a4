"""Convolutions whose padding is not that of ``conv``: none, or what a given output needs."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.nn.conv import Geometry, Images, convolution, same, transposed_convolution


def valid(size: tuple[int, int], kernel: int, stride: int) -> Geometry:
    """No padding: the kernel stays inside the image (TensorFlow's ``VALID``)."""
    return Geometry(size, (kernel, kernel), (stride, stride), (0, 0), (0, 0))


class ValidConv(nn.Module):
    """Convolution without padding, ``[b, h, w, i] -> [b, (h-k)/s+1, (w-k)/s+1, o]``.

    ``untied`` gives every output pixel its own bias.
    """

    features: int
    kernel: int
    stride: int = 1
    bias: bool = True
    untied: bool = False
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Convolves ``x``."""
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        geometry = valid((x.shape[1], x.shape[2]), self.kernel, self.stride)
        y = convolution(geometry, x.astype(self.dtype), kernel.astype(self.dtype))
        if self.bias:
            size = y.shape[1:] if self.untied else (self.features,)
            y += self.param("bias", nn.initializers.zeros, size).astype(self.dtype)
        return y


class ValidConvTranspose(nn.Module):
    """The adjoint of ``ValidConv``, ``[b, h, w, i] -> [b, (h-1)s+k, (w-1)s+k, o]``."""

    features: int
    kernel: int
    stride: int = 1
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Upsamples ``x``; the kernel is ``[k, k, output, input]``, as its adjoint's."""
        shape = (self.kernel, self.kernel, self.features, x.shape[-1])
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        height, width = ((n - 1) * self.stride + self.kernel for n in x.shape[1:3])
        geometry = valid((height, width), self.kernel, self.stride)
        y = transposed_convolution(geometry, x.astype(self.dtype), kernel.astype(self.dtype))
        if self.bias:
            y += self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)
        return y


class ConvTransposeTo(nn.Module):
    """``ConvTranspose`` to an output of given side, ``[b, h, w, i] -> [b, size, size, o]``.

    A stride of 2 leads from 4 pixels to 8 or to 7: both halve to 4.
    """

    features: int
    kernel: int
    size: int
    stride: int = 2
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Upsamples ``x``; the kernel is ``[k, k, output, input]``."""
        geometry = same((self.size, self.size), self.kernel, self.stride)
        assert geometry.output == x.shape[1:3], f"{self.size} does not halve to {x.shape[1:3]}"
        shape = (self.kernel, self.kernel, self.features, x.shape[-1])
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        y = transposed_convolution(geometry, x.astype(self.dtype), kernel.astype(self.dtype))
        if self.bias:
            y += self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)
        return y
