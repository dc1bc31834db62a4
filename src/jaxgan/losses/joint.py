"""Losses of games over pairs of a sample and its latent: BiGAN, ALI and VEEGAN.

Real pairs are ``(x, E(x))`` and fake pairs ``(G(z), z)``. The discriminator's loss is any
ordinary one; the generator's player owns both ``G`` and ``E``.
"""

import jax.numpy as jnp
from jax.nn import softplus

from jaxgan.losses.adversarial import minimax_discriminator
from jaxgan.losses.loss import Loss
from jaxgan.types import Outputs, Scalar


def bidirectional_generator(outputs: Outputs) -> Scalar:
    """``-E log D(G(z), z) - E log(1 - D(x, E(x)))``: the labels exchanged.

    The non-saturating form that Donahue, Krähenbühl & Darrell 2017 (BiGAN) and
    Dumoulin et al. 2017 (ALI, algorithm 1) train with.
    """
    return jnp.mean(softplus(-outputs.fake_logits)) + jnp.mean(softplus(outputs.real_logits))


def veegan_generator(outputs: Outputs) -> Scalar:
    """``E l(x, F(x)) - E l(G(z), z)``: the whole estimated log-ratio (Srivastava et al. 2017).

    With the discriminator's logistic loss; ``G`` learns from the fake pairs and ``F`` from the
    real ones. VEEGAN's algorithm 1 has no term of real pairs: its generator
    minimizes ``-E l(G(z), z)``, which is ``wasserstein_generator``, and the reconstruction, its
    reconstructor the reconstruction alone. A notebook in the authors' repository, in Julia and by
    @xukai92, adds the real term for ``F``, but of pairs ``(x, F(G(z)))``.
    ``latent_reconstruction`` completes the objective.
    """
    return jnp.mean(outputs.real_logits) - jnp.mean(outputs.fake_logits)


def latent_reconstruction(outputs: Outputs) -> Scalar:
    """``E |z - F(G(z))|^2`` (Srivastava et al. 2017, VEEGAN)."""
    error = outputs.extras["latents"] - outputs.extras["reconstructed"].astype(jnp.float32)
    return jnp.mean(jnp.sum(jnp.square(error), axis=-1))


bidirectional = Loss(bidirectional_generator, minimax_discriminator)
"""The loss of BiGAN and ALI."""

veegan = Loss(veegan_generator, minimax_discriminator)
"""The whole estimated log-ratio; see ``veegan_generator`` for what VEEGAN's algorithm 1 has."""
