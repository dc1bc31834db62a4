"""Moments of everything that was seen, where a paper takes them from its data set beforehand."""

import flax.linen as nn
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxgan.rng import mapped
from jaxgan.types import AXIS

COLLECTION = "moments"
"""The collection that they are in: ``mean``, ``variance`` and, int32, ``batches``."""


class CumulativeMoments(nn.Module):
    """Mean and deviation of each feature over all batches so far, ``[b, ..., f] -> [f], [f]``.

    All batches count alike, unlike in a running average: after the first pass over a data set these
    are its moments, and later ones hardly move them. A batch that is seen in training is in the
    moments that it gets. They are of the global batch, and so the same on all devices; in
    evaluation, and without a batch, they stay as they are. Before the first batch the mean is 0 and
    the deviation 1.

    Attributes:
      features: ``f``.
      least: what a deviation is at least.
    """

    features: int
    least: float = 1e-6

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch ..."] | None = None, *, train: bool
    ) -> tuple[Float[Array, "_"], Float[Array, "_"]]:
        """Mean and deviation, those of ``x`` added in training."""
        mean = self.variable(COLLECTION, "mean", jnp.zeros, (self.features,))
        variance = self.variable(COLLECTION, "variance", jnp.ones, (self.features,))
        batches = self.variable(COLLECTION, "batches", jnp.zeros, (), jnp.int32)
        if x is not None and train and not self.is_initializing():
            axes = tuple(range(x.ndim - 1))
            of_batch = _mean(jnp.mean(x, axes))
            spread = _mean(jnp.mean(jnp.square(x - of_batch), axes))
            # Chan, Golub & LeVeque 1983, for batches of one size.
            share = 1.0 / (batches.value + 1)
            away = of_batch - mean.value
            mean.value = mean.value + share * away
            between = share * (1.0 - share) * jnp.square(away)
            variance.value = (1.0 - share) * variance.value + share * spread + between
            batches.value = batches.value + 1
        return mean.value, jnp.maximum(jnp.sqrt(variance.value), self.least)


def _mean(value: Array) -> Array:
    """Over all devices, in a training step."""
    return lax.pmean(value, AXIS) if mapped() else value
