"""Relativistic losses: is a real sample more real than a fake one?

In the average variants each sample is compared with the mean logit of the other kind, over
the global batch, whichever device holds it. The paper's equations are sums of a real and a
fake part; the author's code halves the average variants. Row-by-row pairs of a conditional game
should share their label: ``forward.batch_labels``.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import softplus

from jaxgan.losses.loss import Loss
from jaxgan.types import AXIS, Outputs, Scalar


def relativistic_discriminator(outputs: Outputs) -> Scalar:
    """``-E log sigmoid(l(x) - l(G(z)))``, row by row (Jolicoeur-Martineau 2019, RSGAN).

    The RpGAN of Sun, Fang & Schwing 2020 and of R3GAN (Huang et al. 2024).
    """
    return jnp.mean(softplus(outputs.fake_logits - outputs.real_logits))


def relativistic_generator(outputs: Outputs) -> Scalar:
    """``-E log sigmoid(l(G(z)) - l(x))``, row by row (Jolicoeur-Martineau 2019, RSGAN)."""
    return jnp.mean(softplus(outputs.real_logits - outputs.fake_logits))


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


def average_relativistic_discriminator(outputs: Outputs) -> Scalar:
    """``-E log sigmoid(l(x) - E l(G)) - E log sigmoid(E l(x) - l(G))``: RaSGAN.

    Jolicoeur-Martineau 2019, section 4.
    """
    return _average(_logistic, outputs.real_logits, outputs.fake_logits)


def average_relativistic_generator(outputs: Outputs) -> Scalar:
    """RaSGAN's generator: the discriminator's loss with real and fake exchanged."""
    return _average(_logistic, outputs.fake_logits, outputs.real_logits)


def average_least_squares_discriminator(outputs: Outputs) -> Scalar:
    """``E (l(x) - E l(G) - 1)^2 + E (l(G) - E l(x) + 1)^2``: RaLSGAN (appendix)."""
    return _average(_least_squares, outputs.real_logits, outputs.fake_logits)


def average_least_squares_generator(outputs: Outputs) -> Scalar:
    """RaLSGAN's generator: the discriminator's loss with real and fake exchanged."""
    return _average(_least_squares, outputs.fake_logits, outputs.real_logits)


def average_hinge_discriminator(outputs: Outputs) -> Scalar:
    """``E max(0, 1 - (l(x) - E l(G))) + E max(0, 1 + l(G) - E l(x))``: RaHingeGAN (appendix)."""
    return _average(_hinge, outputs.real_logits, outputs.fake_logits)


def average_hinge_generator(outputs: Outputs) -> Scalar:
    """RaHingeGAN's generator: the discriminator's loss with real and fake exchanged."""
    return _average(_hinge, outputs.fake_logits, outputs.real_logits)


relativistic = Loss(relativistic_generator, relativistic_discriminator)
"""RSGAN, RpGAN: each real sample against one fake sample."""

average_relativistic = Loss(average_relativistic_generator, average_relativistic_discriminator)
"""RaSGAN: each sample against the mean logit of the other kind."""

average_least_squares = Loss(average_least_squares_generator, average_least_squares_discriminator)
"""RaLSGAN."""

average_hinge = Loss(average_hinge_generator, average_hinge_discriminator)
"""RaHingeGAN."""
