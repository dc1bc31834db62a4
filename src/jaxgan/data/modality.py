"""What happens to a batch of images inside the compiled step."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.rng import Rng


def to_float(images: jax.Array, low: float = -1.0, high: float = 1.0) -> jax.Array:
    """Pixels 0..255 as float32 in ``[low, high]``; floating samples (toys) pass unchanged.

    Args:
      images: uint8 ``[batch, height, width, channels]``, or floating ``[batch, ...]``.
      low: what 0 becomes.
      high: what 255 becomes.
    """
    if jnp.issubdtype(images.dtype, jnp.floating):
        return images
    return images.astype(jnp.float32) * ((high - low) / 255.0) + low


def to_uint8(images, low: float = -1.0, high: float = 1.0):
    """The inverse of ``to_float``: rounds to the nearest of 256 levels, clips what lies outside.

    NumPy arrays stay NumPy arrays. Not-a-number becomes 0.
    """
    xp = np if isinstance(images, np.ndarray) else jnp
    levels = (xp.asarray(images, dtype=xp.float32) - low) * (255.0 / (high - low))
    levels = xp.where(xp.isnan(levels), 0.0, levels)
    return xp.clip(xp.round(levels), 0.0, 255.0).astype(xp.uint8)


def random_flip(rng: Rng, images: jax.Array) -> jax.Array:
    """Mirrors each image left to right with probability one half.

    The coin belongs to the sample (its row in the global batch), so that one device and eight
    flip the same images.

    Args:
      rng: per-sample randomness of these rows.
      images: ``[batch, height, width, channels]``, any dtype.
    """
    flips = rng.named("flip").bernoulli(0.5)
    return jnp.where(flips[:, None, None, None], images[:, :, ::-1], images)
