"""Halving and doubling images, differentiable to any order.

Pooling is written as a reshape and a reduction, which has second derivatives for
penalties and no scatter in its gradient.
"""

from functools import partial

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


def smooth_upsample(x: Images) -> Images:
    """Bilinear, zeros around the image, ``[b, h, w, c] -> [b, 2h, 2w, c]``.

    Zeros between the pixels, filtered by ``[1, 3, 3, 1] / 4`` both ways: StyleGAN2's and R3GAN's.
    """
    for axis in (1, 2):
        before, after = _neighbors(x, axis)
        pair = jnp.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis=axis + 1)
        x = pair.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])
    return x


def smooth_downsample(x: Images) -> Images:
    """Filtered by ``[1, 3, 3, 1] / 8`` both ways, zeros around it, every second pixel kept."""
    for axis in (1, 2):
        pairs = x.reshape(*x.shape[:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :])
        even, odd = jnp.take(pairs, 0, axis + 1), jnp.take(pairs, 1, axis + 1)
        before, after = _neighbors(odd, axis)[0], _neighbors(even, axis)[1]
        x = 0.375 * (even + odd) + 0.125 * (before + after)
    return x


def smooth(x: Images, padding: int) -> Images:
    """Filtered by ``[1, 3, 3, 1] / 8`` both ways, ``[b, h, w, c] -> [b, h + d, w + d, c]``.

    ``padding`` zeros are around the image, 1 or 2, so that ``d = 2 * padding - 3``.
    """
    return _smooth(padding, x)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _smooth(padding: int, x: jax.Array) -> jax.Array:
    """``smooth``, whose adjoint is itself with the other padding, since the filter is symmetric.

    XLA's own derivative, a sum of padded slices, takes about three times as long on CPU.
    """
    around = (padding, padding)
    x = jnp.pad(x, ((0, 0), around, around, (0, 0)))
    for axis in (1, 2):
        size = x.shape[axis] - 3
        taps = [jax.lax.slice_in_dim(x, n, n + size, axis=axis) for n in range(4)]
        x = 0.125 * (taps[0] + taps[3]) + 0.375 * (taps[1] + taps[2])
    return x


_smooth.defvjp(
    lambda padding, x: (_smooth(padding, x), None),
    lambda padding, _, cotangent: (_smooth(3 - padding, cotangent),),
)


def _neighbors(x: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """For each place along an axis the value before it, and the one after it."""
    size, pads = x.shape[axis], [(0, 0)] * x.ndim
    pads[axis] = (1, 1)
    padded = jnp.pad(x, pads)
    return (
        jax.lax.slice_in_dim(padded, 0, size, axis=axis),
        jax.lax.slice_in_dim(padded, 2, size + 2, axis=axis),
    )
