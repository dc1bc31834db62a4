"""The resizes that published scores use. They differ by more than scores do: name them.

- ``tf1-legacy`` is what the original FID's TensorFlow graph does: bilinear without half-pixel
  centers and without antialiasing.
- ``clean`` is antialiased bicubic as in PIL, in float32 per channel, which Parmar et al. 2022 ("On
  aliased resizing and surprising subtleties in GAN evaluation") recommend.
- ``pillow`` is Pillow's bicubic on bytes, to the bit: FD-DINOv2's. Stein et al. 2023 ("Exposing
  flaws of generative model evaluation metrics") resize with torchvision on Pillow's 8-bit images,
  so their pixels are rounded twice: after the pass along rows, and after the pass along columns.
  Pillow's weights are fixed-point numbers of 22 bits; its bicubic is always antialiased.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Pictures = Float[Array, "n _ _ c"]

BITS = 22
"""Binary places of Pillow's weights for 8-bit images."""

CUBIC = -0.5
"""Pillow's parameter of the bicubic kernel; PyTorch's is -0.75."""


def tf1_bilinear(images: Pictures, size: int) -> Pictures:
    """TensorFlow 1's ``ResizeBilinear`` with ``align_corners=False``, to ``[n, size, size, c]``.

    The source of pixel ``i`` is ``i * in / out``, of which the fraction is the weight; float32, in
    TensorFlow's order of operations. For images of whole numbers up to 255, as it says them.
    """
    height, width = images.shape[1:3]
    top, bottom, dy = _neighbors(height, size)
    left, right, dx = _neighbors(width, size)
    dy, dx = dy[:, None, None], dx[:, None]

    def along_x(rows):
        first = rows[:, :, left]
        return first + (rows[:, :, right] - first) * dx

    upper = along_x(images[:, top])
    return upper + (along_x(images[:, bottom]) - upper) * dy


def _neighbors(before: int, after: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two source pixels of each target pixel, and the second one's weight."""
    places = np.arange(after, dtype=np.float32) * np.float32(before / after)
    first = places.astype(np.int32)
    return first, np.minimum(first + 1, before - 1), places - first.astype(np.float32)


def clean(images: Pictures, size: int) -> Pictures:
    """Antialiased bicubic, clipped to 0..255, to ``[n, size, size, c]``.

    clean-fid's (PIL in float32 per channel) to 3e-3 of 255.
    """
    shape = (images.shape[0], size, size, images.shape[3])
    resized = jax.image.resize(images, shape, "cubic", antialias=True)
    return jnp.clip(resized, 0, 255)


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
    centers = (np.arange(after) + 0.5) * scale
    first = np.maximum((centers - support + 0.5).astype(int), 0)
    last = np.minimum((centers + support + 0.5).astype(int), before)
    sources = first[:, None] + np.arange((last - first).max())
    weights = keys((sources - centers[:, None] + 0.5) / stretch, CUBIC)
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
