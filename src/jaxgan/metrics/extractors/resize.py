"""The two resizes that published scores use. They differ by more than scores do: name them.

``tf1-legacy`` is what the original FID's TensorFlow graph does: bilinear without half-pixel centres
and without antialiasing. ``clean`` is antialiased bicubic as in PIL, which Parmar et al. 2022 ("On
aliased resizing and surprising subtleties in GAN evaluation") recommend.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Pictures = Float[Array, "n _ _ c"]


def tf1_bilinear(images: Pictures, size: int) -> Pictures:
    """TensorFlow 1's ``ResizeBilinear`` with ``align_corners=False``, to ``[n, size, size, c]``.

    The source of pixel ``i`` is ``i * in / out``, of which the fraction is the weight; float32, in
    TensorFlow's order of operations. For images of whole numbers up to 255, as it says them.
    """
    height, width = images.shape[1:3]
    top, bottom, dy = _neighbours(height, size)
    left, right, dx = _neighbours(width, size)
    dy, dx = dy[:, None, None], dx[:, None]

    def along_x(rows):
        first = rows[:, :, left]
        return first + (rows[:, :, right] - first) * dx

    upper = along_x(images[:, top])
    return upper + (along_x(images[:, bottom]) - upper) * dy


def _neighbours(before: int, after: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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
