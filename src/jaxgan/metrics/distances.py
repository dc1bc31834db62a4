"""Euclidean distances between all pairs of two sets, in blocks, on the device.

Float32 at the highest matmul precision, of features moved to the mean of one of the sets: that
loses least to cancellation. A distance is then off by about ``1e-7 s^2 / distance``, ``s`` the
size of the features, so what is far below ``3e-4 s`` reads as noise: who needs copies told from
near copies computes those few distances again (``neighbors.py`` does).
"""

from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

BLOCK = 1024
"""Rows at once; memory is this times the other set's size, 4 bytes each."""


@jax.jit
def squared(x: jax.Array, y: jax.Array) -> jax.Array:
    """``|x_i - y_j|^2``, float32 ``[n, m]``, never below zero."""
    products = jnp.matmul(x, y.T, precision=lax.Precision.HIGHEST)
    x_norms, y_norms = jnp.sum(x * x, axis=1), jnp.sum(y * y, axis=1)
    return jnp.maximum(x_norms[:, None] + y_norms[None] - 2 * products, 0)


def centered(*sets: np.ndarray) -> list[jax.Array]:
    """The sets less the mean of the first, as float32 on the device."""
    mean = np.mean(sets[0], axis=0, dtype=np.float64)
    return [jnp.asarray((features - mean).astype(np.float32)) for features in sets]


def blocks(x: jax.Array, block: int) -> Iterator[tuple[int, int, jax.Array]]:
    """Blocks of rows of one shape: (first row, how many of them are real, rows)."""
    block = min(block, len(x))
    for start in range(0, len(x), block):
        rows = x[start : start + block]
        count = len(rows)
        if count < block:  # one shape: one compilation
            rows = jnp.pad(rows, ((0, block - count), (0, 0)))
        yield start, count, rows


@partial(jax.jit, static_argnames="k")
def _smallest(rows: jax.Array, x: jax.Array, start: jax.Array, k: int) -> jax.Array:
    distances = squared(rows, x)
    itself = jnp.arange(len(rows))[:, None] + start == jnp.arange(len(x))[None]
    # All k of them: if only the last is used, XLA sorts whole rows on the CPU, which takes a
    # hundred times as long.
    return -lax.top_k(-jnp.where(itself, jnp.inf, distances), k)[0]


def squared_radii(x: jax.Array, k: int, block: int = BLOCK) -> jax.Array:
    """The squared distance of each row to its k-th nearest other row, ``[n]``."""
    radii = [_smallest(rows, x, start, k)[:count, -1] for start, count, rows in blocks(x, block)]
    return jnp.concatenate(radii)
