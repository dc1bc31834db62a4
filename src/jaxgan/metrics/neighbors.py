"""The nearest real sample of each generated one: a look for memorized training data."""

import dataclasses
from functools import partial

import jax
import numpy as np
from jax import lax

from jaxgan.metrics.distances import BLOCK, blocks, centered, squared
from jaxgan.metrics.features import alike, checked
from jaxgan.metrics.metric import Comparison, Found, Metric

CANDIDATES = 8
"""Nearest by float32, among which float64 decides."""


@dataclasses.dataclass(frozen=True)
class Neighbors:
    """For each generated sample the row of its nearest real one, and how far that is.

    Attributes:
      rows: integers ``[m]``.
      distances: Euclidean, float64 ``[m]``; exactly 0 for a copy.
    """

    rows: np.ndarray
    distances: np.ndarray


def nearest_neighbors(real: np.ndarray, fake: np.ndarray, *, block: int = BLOCK) -> Neighbors:
    """Finds the nearest row of ``real`` ``[n, d]`` for each row of ``fake`` ``[m, d]``.

    A generator memorizes if its samples are nearer to the training set than held-out real
    samples are: call this with those as ``fake`` too, and compare the distances.

    Args:
      real: the training set's features, or its pixels as rows.
      fake: those of generated samples.
      block: fakes compared at once.

    Raises:
      UserError: the dimensions differ, no rows, or NaN or infinity.
    """
    real = checked(real, "real features")
    fake = checked(fake, "generated features")
    alike(real, fake)
    x, y = centered(real, fake)
    rows = np.empty(len(fake), np.int64)
    distances = np.empty(len(fake))
    for start, count, block_rows in blocks(y, block):
        near = np.asarray(_nearest(block_rows, x, min(CANDIDATES, len(real))))[:count]
        own = fake[start : start + count].astype(np.float64)
        exact = np.linalg.norm(real[near].astype(np.float64) - own[:, None], axis=-1)
        best = exact.argmin(axis=1)[:, None]
        rows[start : start + count] = np.take_along_axis(near, best, 1)[:, 0]
        distances[start : start + count] = np.take_along_axis(exact, best, 1)[:, 0]
    return Neighbors(rows, distances)


@partial(jax.jit, static_argnames="k")
def _nearest(rows: jax.Array, x: jax.Array, k: int) -> jax.Array:
    return lax.top_k(-squared(rows, x), k)[1]


def _compute(comparison: Comparison) -> Found:
    near = nearest_neighbors(comparison.real.features, comparison.generated.features)
    return {
        "median_distance": float(np.median(near.distances)),
        "copies": float(np.mean(near.distances == 0.0)),
    }, {}


METRIC = Metric(
    name="neighbors",
    about="distance to the nearest training image, a look for memorization",
    compute=_compute,
    values={"median_distance": "", "copies": "lower"},
    title=lambda distance: f"nearest-real-{distance.removeprefix('FD-')}",
)
