"""Halving and doubling images, differentiable to any order.

Pooling is written as a reshape and a reduction, which has second derivatives for
penalties and no scatter in its gradient.
"""

import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Images


def _windows(x: Images) -> jax.Array:
    """The 2 x 2 windows of an image, ``[b, h, w, c] -> [b, h/2, 2, w/2, 2, c]``."""
    batch, height, width, channels = x.shape
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels)


def average_pool(x: Images) -> Images:
    """Mean of each 2 x 2 window, ``[b, h, w, c] -> [b, h/2, w/2, c]``."""
    return jnp.mean(_windows(x), axis=(2, 4))


def max_pool(x: Images) -> Images:
    """Largest of each 2 x 2 window, ``[b, h, w, c] -> [b, h/2, w/2, c]``."""
    return jnp.max(_windows(x), axis=(2, 4))


def upsample(x: Images) -> Images:
    """Nearest neighbors, ``[b, h, w, c] -> [b, 2h, 2w, c]``."""
    batch, height, width, channels = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None], (batch, height, 2, width, 2, channels))
    return x.reshape(batch, 2 * height, 2 * width, channels)
