"""Convolutions over time and space, made of two-dimensional ones.

A kernel of ``n`` frames is a two-dimensional one that sees ``n`` frames side by side in its
channels. So the gradients, of any order, are those of ``jaxgan.nn.conv``, which are fast on every
backend; XLA's CPU backend has no fast kernel gradient of a three-dimensional convolution.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.nn.conv import Geometry, convolution, transposed_convolution

Clips = Float[Array, "batch _ _ _ _"]
"""``[batch, frames, height, width, channels]``."""


class ClipConv(nn.Module):
    """Convolution of clips, ``[b, t, h, w, i] -> [b, t', h', w', o]``.

    Each axis becomes ``(n + 2 padding - kernel) // stride + 1``. Sizes are pairs: of time, and of
    height and width alike. The kernel is ``[frames, k, k, i, o]``.
    """

    features: int
    kernel: tuple[int, int] = (4, 4)
    stride: tuple[int, int] = (1, 2)
    padding: tuple[int, int] = (0, 1)
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Clips) -> Clips:
        """Convolves ``x``."""
        frames, side = self.kernel
        count, _, height, width, channels = x.shape
        shape = (frames, side, side, channels, self.features)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        pad = self.padding[0]
        x = jnp.pad(x.astype(self.dtype), ((0, 0), (pad, pad), (0, 0), (0, 0), (0, 0)))
        steps = self.stride[0]
        length = (x.shape[1] - frames) // steps + 1
        seen = [x[:, tap : tap + (length - 1) * steps + 1 : steps] for tap in range(frames)]
        stacked = jnp.concatenate(seen, axis=-1).reshape(-1, height, width, frames * channels)
        flat = jnp.moveaxis(kernel, 0, 2).reshape(side, side, frames * channels, self.features)
        y = convolution(self.geometry((height, width)), stacked, flat.astype(self.dtype))
        y = y.reshape(count, length, *y.shape[1:])
        return _with_bias(self, y)

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """How the kernel moves over frames of this height and width."""
        return _geometry(size, self.kernel[1], self.stride[1], self.padding[1])


class ClipConvTranspose(nn.Module):
    """The adjoint of ``ClipConv``, ``[b, t, h, w, i] -> [b, t', h', w', o]``.

    Each axis becomes ``(n - 1) stride + kernel - 2 padding``. The kernel is ``[frames, k, k, o,
    i]``, as its adjoint's.
    """

    features: int
    kernel: tuple[int, int] = (4, 4)
    stride: tuple[int, int] = (2, 2)
    padding: tuple[int, int] = (1, 1)
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Clips) -> Clips:
        """Enlarges ``x``."""
        frames, side = self.kernel
        count, before, height, width, channels = x.shape
        shape = (frames, side, side, self.features, channels)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        flat = jnp.moveaxis(kernel, 0, 2).reshape(side, side, frames * self.features, channels)
        geometry = self.geometry((height, width))
        flat, x = flat.astype(self.dtype), x.astype(self.dtype)
        each = transposed_convolution(geometry, x.reshape(-1, height, width, channels), flat)
        each = each.reshape(count, before, *each.shape[1:3], frames, self.features)
        steps, pad = self.stride[0], self.padding[0]
        # Every frame gives ``frames`` of the result, ``steps`` after those of the frame before.
        length = (before - 1) * steps + frames
        y = jnp.zeros((count, length, *each.shape[2:4], self.features), each.dtype)
        for tap in range(frames):
            y = y.at[:, tap : tap + (before - 1) * steps + 1 : steps].add(each[..., tap, :])
        return _with_bias(self, y[:, pad : length - pad])

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """That of the convolution whose output has this height and width."""
        side, stride, padding = self.kernel[1], self.stride[1], self.padding[1]
        height, width = ((n - 1) * stride + side - 2 * padding for n in size)
        return _geometry((height, width), side, stride, padding)


def _geometry(size: tuple[int, int], side: int, stride: int, padding: int) -> Geometry:
    pads = (padding, padding)
    return Geometry(size, (side, side), (stride, stride), pads, pads)


def _with_bias(layer: ClipConv | ClipConvTranspose, y: Clips) -> Clips:
    if not layer.bias:
        return y
    return y + layer.param("bias", nn.initializers.zeros, y.shape[-1:]).astype(layer.dtype)
