"""Convolutions whose padding is not that of ``conv``: none, or what a given output needs."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.nn.conv import Geometry, Images, convolution, filtered, same, transposed_convolution


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
        geometry = valid((x.shape[1], x.shape[2]), self.kernel, self.stride)
        channels = (x.shape[-1], self.features)
        return filtered(self, convolution, geometry, x, channels, self.untied)


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
        height, width = ((n - 1) * self.stride + self.kernel for n in x.shape[1:3])
        geometry = valid((height, width), self.kernel, self.stride)
        channels = (self.features, x.shape[-1])
        return filtered(self, transposed_convolution, geometry, x, channels)


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
        channels = (self.features, x.shape[-1])
        return filtered(self, transposed_convolution, geometry, x, channels)
