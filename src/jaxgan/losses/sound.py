"""Losses of vocoders: distances between features, and between spectrograms."""

import jax
import jax.numpy as jnp

from jaxgan.losses.loss import Term
from jaxgan.spectrograms import LogMel, log_mel
from jaxgan.types import Outputs, Scalar


def feature_matching(outputs: Outputs) -> Scalar:
    """``sum_i E |D_i(x) - D_i(G)|`` over layers ``i`` (Kong et al. 2020, HiFi-GAN, equation 4).

    Each layer's distance is a mean over its values. Layers are those of
    ``extras["real_features"]`` and ``extras["fake_features"]``, of all discriminators; in the
    authors' code the logits are one.
    """
    pairs = zip(
        jax.tree.leaves(outputs.extras["real_features"]),
        jax.tree.leaves(outputs.extras["fake_features"]),
        strict=True,
    )
    return sum((_distance(real, fake) for real, fake in pairs), jnp.zeros(()))


def log_mel_distance(settings: LogMel) -> Term:
    """``E |S(x) - S(G)|`` of log-mel spectrograms ``S`` (Kong et al. 2020, HiFi-GAN, equation 3).

    Samples are sounds ``[b, samples]``, and each generated one has the place of its real one.
    """

    def distance(outputs: Outputs) -> Scalar:
        return _distance(log_mel(outputs.real, settings), log_mel(outputs.fake, settings))

    return distance


def _distance(values: jax.Array, others: jax.Array) -> Scalar:
    """The mean absolute difference, float32."""
    return jnp.mean(jnp.abs(values.astype(jnp.float32) - others.astype(jnp.float32)))
