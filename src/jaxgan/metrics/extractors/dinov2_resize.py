"""The resize of FD-DINOv2: Pillow's bicubic on bytes, to the bit.

Stein et al. 2023 resize with torchvision on Pillow's 8-bit images, so their pixels are rounded
twice: after the pass along rows, and after the pass along columns. Pillow's weights are fixed-point
numbers of 22 bits; its bicubic is always antialiased.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxgan.metrics.extractors.resize import clean

BITS = 22
"""Binary places of Pillow's weights for 8-bit images."""

CUBIC = -0.5
"""Pillow's parameter of the bicubic kernel; PyTorch's is -0.75."""


def pillow_bicubic(images: Array, size: int) -> Float[Array, "n size size c"]:
    """``PIL.Image.resize((size, size), BICUBIC)`` of every image.

    Args:
      images: 0 to 255, ``[n, h, w, c]``. Floating ones are resized without rounding (``clean``):
        their small differences are what they are asked for.
      size: of the result, pixels.

    Returns:
      float32, 0 to 255; whole numbers if ``images`` are uint8.
    """
    if images.dtype != jnp.uint8:
        return clean(images.astype(jnp.float32), size)
    x = images.astype(jnp.int32)
    return _along(_along(x, size, 2), size, 1).astype(jnp.float32)


def _along(x: jax.Array, size: int, axis: int) -> jax.Array:
    """One pass of the resize of int32 images, rounded and clipped to 0..255."""
    sources, weights = _taps(x.shape[axis], size)
    shape = [1] * x.ndim
    shape[axis] = size
    total = jnp.full((), 1 << (BITS - 1), jnp.int32)  # a half, so that the shift rounds
    for source, weight in zip(sources.T, weights.T, strict=True):
        total = total + jnp.take(x, source, axis=axis) * weight.reshape(shape)
    return jnp.clip(total >> BITS, 0, 255)


def _taps(before: int, after: int) -> tuple[np.ndarray, np.ndarray]:
    """Source pixels and their fixed-point weights, int32 ``[after, taps]``."""
    scale = before / after
    stretch = max(scale, 1.0)
    support = 2 * stretch
    centres = (np.arange(after) + 0.5) * scale
    first = np.maximum((centres - support + 0.5).astype(int), 0)
    last = np.minimum((centres + support + 0.5).astype(int), before)
    sources = first[:, None] + np.arange((last - first).max())
    weights = keys((sources - centres[:, None] + 0.5) / stretch, CUBIC)
    weights = np.where(sources < last[:, None], weights, 0)
    weights = weights / weights.sum(axis=1, keepdims=True)
    fixed = np.trunc(weights * (1 << BITS) + np.copysign(0.5, weights))
    return np.minimum(sources, before - 1).astype(np.int32), fixed.astype(np.int32)


def keys(x: np.ndarray, a: float) -> np.ndarray:
    """The cubic convolution kernel of Keys 1981, eq. 9 with its parameter ``a``; 0 from 2 on."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))
