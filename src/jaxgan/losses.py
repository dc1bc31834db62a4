"""Adversarial losses, as functions of a round's logits.

``l(x)`` is the discriminator's logit, ``D(x) = sigmoid(l(x))``. Each loss is a mean over
the batch; the discriminator's is what it minimises.
"""

import jax
import jax.numpy as jnp

from jaxgan.types import Round, Scalar

softplus = jax.nn.softplus


def minimax_discriminator(round: Round) -> Scalar:
    """``-E log D(x) - E log(1 - D(G(z)))`` (Goodfellow et al. 2014, equation 1)."""
    return jnp.mean(softplus(-round.real_logits)) + jnp.mean(softplus(round.fake_logits))


def minimax_generator(round: Round) -> Scalar:
    """``E log(1 - D(G(z)))``: saturates when the discriminator wins (equation 1)."""
    return -jnp.mean(softplus(round.fake_logits))


nonsaturating_discriminator = minimax_discriminator
"""The non-saturating game changes the generator's loss only."""


def nonsaturating_generator(round: Round) -> Scalar:
    """``-E log D(G(z))`` (Goodfellow et al. 2014, section 3)."""
    return jnp.mean(softplus(-round.fake_logits))


def wasserstein_discriminator(round: Round) -> Scalar:
    """``E l(G(z)) - E l(x)`` (Arjovsky, Chintala & Bottou 2017, equation 2)."""
    return jnp.mean(round.fake_logits) - jnp.mean(round.real_logits)


def wasserstein_generator(round: Round) -> Scalar:
    """``-E l(G(z))`` (Arjovsky, Chintala & Bottou 2017)."""
    return -jnp.mean(round.fake_logits)
