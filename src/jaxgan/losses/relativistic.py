"""Relativistic losses: is a real sample more real than a fake one?

In the average variants each sample is compared with the mean logit of the other kind, over
the global batch, whichever device holds it. The paper's equations are sums of a real and a
fake part; the author's code halves the average variants. Row-by-row pairs of a conditional game
should share their label: ``plays.batch_labels``.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.types import AXIS, Round, Scalar

softplus = jax.nn.softplus


def relativistic_discriminator(round: Round) -> Scalar:
    """``-E log sigmoid(l(x) - l(G(z)))``, row by row (Jolicoeur-Martineau 2019, RSGAN).

    The RpGAN of Sun, Fang & Schwing 2020 and of R3GAN (Huang et al. 2024).
    """
    return jnp.mean(softplus(round.fake_logits - round.real_logits))


def relativistic_generator(round: Round) -> Scalar:
    """``-E log sigmoid(l(G(z)) - l(x))``, row by row (Jolicoeur-Martineau 2019, RSGAN)."""
    return jnp.mean(softplus(round.real_logits - round.fake_logits))


def _average(high: Callable[[jax.Array], jax.Array], upper: jax.Array, lower: jax.Array) -> Scalar:
    """``E high(upper - E lower) + E high(E upper - lower)``: ``upper`` is to be above."""
    above = jnp.mean(high(upper - lax.pmean(jnp.mean(lower), AXIS)))
    return above + jnp.mean(high(lax.pmean(jnp.mean(upper), AXIS) - lower))


def _least_squares(margin: jax.Array) -> jax.Array:
    return jnp.square(margin - 1.0)


def _hinge(margin: jax.Array) -> jax.Array:
    return jax.nn.relu(1.0 - margin)


def _logistic(margin: jax.Array) -> jax.Array:
    return softplus(-margin)


def average_relativistic_discriminator(round: Round) -> Scalar:
    """``-E log sigmoid(l(x) - E l(G)) - E log sigmoid(E l(x) - l(G))``: RaSGAN.

    Jolicoeur-Martineau 2019, section 4.
    """
    return _average(_logistic, round.real_logits, round.fake_logits)


def average_relativistic_generator(round: Round) -> Scalar:
    """RaSGAN's generator: the discriminator's loss with real and fake exchanged."""
    return _average(_logistic, round.fake_logits, round.real_logits)


def average_least_squares_discriminator(round: Round) -> Scalar:
    """``E (l(x) - E l(G) - 1)^2 + E (l(G) - E l(x) + 1)^2``: RaLSGAN (appendix)."""
    return _average(_least_squares, round.real_logits, round.fake_logits)


def average_least_squares_generator(round: Round) -> Scalar:
    """RaLSGAN's generator: the discriminator's loss with real and fake exchanged."""
    return _average(_least_squares, round.fake_logits, round.real_logits)


def average_hinge_discriminator(round: Round) -> Scalar:
    """``E max(0, 1 - (l(x) - E l(G))) + E max(0, 1 + l(G) - E l(x))``: RaHingeGAN (appendix)."""
    return _average(_hinge, round.real_logits, round.fake_logits)


def average_hinge_generator(round: Round) -> Scalar:
    """RaHingeGAN's generator: the discriminator's loss with real and fake exchanged."""
    return _average(_hinge, round.fake_logits, round.real_logits)
