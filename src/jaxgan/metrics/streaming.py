r"""Mean and covariance of features that pass by once, on the devices that make them.

Two groups of samples with counts, means and centered second moments ``M = sum (x-m)(x-m)^T``
merge exactly (Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for
computing sample variances"):

.. math:: M = M_a + M_b + (m_b - m_a)(m_b - m_a)^T n_a n_b / n

Unlike sums of ``x`` and ``x x^T`` this does not cancel, so float32 is enough on the device: about
1e-7 of the Fréchet distance, where raw float32 sums lose 2e-5 and TF32 products 3e-4. Hence
``Precision.HIGHEST`` throughout; float64 only at the end, on the host.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax import lax
from jaxtyping import Array, Float, Int

from jaxgan.errors import UserError
from jaxgan.metrics.frechet import Statistics

LARGEST = np.iinfo(np.int32).max
"""Samples that an int32 counts; ``finish`` refuses a count that has wrapped around."""


@struct.dataclass
class Moments:
    """What is kept of the samples seen.

    Attributes:
      count: number of samples. An integer: a float32 stops counting at 2^24.
      mean: their mean.
      moment: ``sum (x - mean)(x - mean)^T``.
    """

    count: Int[Array, ""]
    mean: Float[Array, "d"]
    moment: Float[Array, "d d"]


def nothing(dimension: int) -> Moments:
    """The moments of no samples, to start from."""
    return Moments(
        jnp.zeros((), jnp.int32),
        jnp.zeros((dimension,), jnp.float32),
        jnp.zeros((dimension, dimension), jnp.float32),
    )


def moments(features: Float[Array, "n d"], mask: Array | None = None) -> Moments:
    """The moments of one batch.

    Args:
      features: one row per sample; sharded over devices or not.
      mask: bool ``[n]``, False for the rows that only fill the last batch up. They may hold
        anything, NaN included.
    """
    features = features.astype(jnp.float32)
    if mask is None:
        mask = jnp.ones(len(features), bool)
    mask = mask.astype(bool)
    features = jnp.where(mask[:, None], features, 0)  # not a product: 0 * NaN is NaN
    count = jnp.sum(mask, dtype=jnp.int32)
    mean = jnp.sum(features, axis=0) / jnp.maximum(count, 1)
    centered = jnp.where(mask[:, None], features - mean, 0)
    return Moments(count, mean, jnp.matmul(centered.T, centered, precision=lax.Precision.HIGHEST))


def merge(first: Moments, second: Moments) -> Moments:
    """The moments of two groups of samples together; either may be empty."""
    count = first.count + second.count
    share = second.count / jnp.maximum(count, 1)
    offset = second.mean - first.mean
    return Moments(
        count,
        first.mean + share * offset,
        first.moment + second.moment + jnp.outer(offset, offset) * (share * first.count),
    )


def update(so_far: Moments, features: Float[Array, "n d"], mask: Array | None = None) -> Moments:
    """``so_far`` with one batch more. Under ``jit`` the batch may be sharded over devices."""
    return merge(so_far, moments(features, mask))


def across(own: Moments, axis: str) -> Moments:
    """Merges what every device of a mapped axis has seen (``pmap``, ``shard_map``).

    Call it once, after the last batch: until then the devices need not wait for each other. The
    axis spans the processes of a multi-host job as well.
    """
    count = lax.psum(own.count, axis)
    share = own.count / jnp.maximum(count, 1)
    mean = lax.psum(share * own.mean, axis)
    offset = own.mean - mean
    return Moments(count, mean, lax.psum(own.moment + jnp.outer(offset, offset) * own.count, axis))


def finish(moments: Moments) -> Statistics:
    """The statistics in float64 on the host, ``count - 1`` in the covariance's denominator.

    Raises:
      UserError: fewer than two samples, or NaN or infinity among their features.
    """
    count = int(jax.device_get(moments.count))
    if count < 0:
        raise UserError(f"More than {LARGEST} samples cannot be counted; use fewer.")
    if count < 2:
        raise UserError(f"Statistics of {count} samples do not exist; use two or more.")
    mean = np.asarray(jax.device_get(moments.mean), np.float64)
    moment = np.asarray(jax.device_get(moments.moment), np.float64)
    if not (np.isfinite(mean).all() and np.isfinite(moment).all()):
        raise UserError(
            f"The features of these {count} samples hold NaN or infinity. The generator or the "
            "extractor has diverged."
        )
    return Statistics(count, mean, (moment + moment.T) / (2 * (count - 1)))
