"""Packs: several samples side by side in the channels of one (Lin et al. 2018, PacGAN)."""

import jax
import jax.numpy as jnp


def pack(count: int, x: jax.Array) -> jax.Array:
    """``[rows, ..., channels]`` as ``[rows / count, ..., count * channels]``.

    What has no channels, labels ``[rows]``, becomes ``[rows / count, count]``; a pack of one is
    what it holds.
    """
    if count == 1:
        return x
    if len(x) < count:
        x = x[jnp.arange(count) % len(x)]
    groups = x.reshape(len(x) // count, count, *x.shape[1:])
    if x.ndim == 1:
        return groups
    return jnp.moveaxis(groups, 1, -2).reshape(len(groups), *x.shape[1:-1], count * x.shape[-1])


def unpack(count: int, x: jax.Array) -> jax.Array:
    """The inverse of ``pack`` for arrays with a channel."""
    parts = x.reshape(*x.shape[:-1], count, x.shape[-1] // count)
    return jnp.moveaxis(parts, -2, 1).reshape(len(x) * count, *x.shape[1:-1], -1)
