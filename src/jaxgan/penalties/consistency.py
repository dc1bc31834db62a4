"""Penalties on answers that differ where they should agree, and on samples that agree too much."""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp

from jaxgan.packing import pack, unpack
from jaxgan.randomness import Draw
from jaxgan.types import Image, Knob, Round, Scalar

Augment: TypeAlias = Callable[[Image, Draw], Image]


def _disagreement(critic: Callable[[Any], jax.Array], logits: jax.Array, others: Any) -> Scalar:
    return jnp.mean(jnp.square(logits - critic(others)))


def _augmented(augment: Augment, samples: Any, draw: Draw) -> Any:
    """Every image augmented by itself, those of a pack too; of a pair, the image."""
    images, *others = jax.tree.leaves(samples)
    count = len(draw.rows) // len(images)
    images = pack(count, augment(unpack(count, images), draw))
    return jax.tree.unflatten(jax.tree.structure(samples), [images, *others])


def consistency(augment: Augment) -> Callable[[Round], Scalar]:
    """``E (l(x) - l(T(x)))^2`` over real samples (Zhang et al. 2020, CR-GAN).

    Weight 10, with ``T`` a flip and a shift of a few pixels.
    """

    def penalty(round: Round) -> Scalar:
        augmented = _augmented(augment, round.real, round.draw.named("real"))
        return _disagreement(round.critic, round.real_logits, augmented)

    return penalty


def balanced_consistency(
    augment: Augment, real: Knob = 10.0, fake: Knob = 10.0
) -> Callable[[Round], Scalar]:
    """``real E (l(x) - l(T(x)))^2 + fake E (l(G(z)) - l(T(G(z))))^2`` (Zhao et al. 2021, bCR).

    Real and fake samples are augmented independently.
    """
    of_real = consistency(augment)

    def penalty(round: Round) -> Scalar:
        augmented = _augmented(augment, round.fake, round.draw.named("fake"))
        critic = round.fake_critic or round.critic
        return real * of_real(round) + fake * _disagreement(critic, round.fake_logits, augmented)

    return penalty


def _nearby(round: Round, deviation: Knob) -> Image:
    """``G(z + n)``, ``n`` normal: the neighbours of the fakes, packed as they are."""
    latents = round.extras["latents"]
    noise = deviation * round.draw.named("latent").normal(latents.shape[1:])
    count = len(latents) // len(round.fake)
    return pack(count, round.extras["generator"](latents + noise))


def latent_consistency(deviation: Knob) -> Callable[[Round], Scalar]:
    """``E (l(G(z)) - l(G(z + n)))^2``: zCR's penalty of the discriminator (Zhao et al. 2021)."""

    def penalty(round: Round) -> Scalar:
        critic = round.fake_critic or round.critic
        return _disagreement(critic, round.fake_logits, _nearby(round, deviation))

    return penalty


def latent_diversity(deviation: Knob) -> Callable[[Round], Scalar]:
    """``-E (G(z) - G(z + n))^2``: zCR's penalty of the generator (Zhao et al. 2021).

    The mean over all values, so that weights do not depend on the resolution.
    """

    def penalty(round: Round) -> Scalar:
        return -jnp.mean(jnp.square(round.fake - _nearby(round, deviation)))

    return penalty


def latent_step(round: Round) -> Scalar:
    """``E |z' - z|^2``: how far LOGAN's latents were moved (Wu et al. 2019)."""
    return jnp.mean(jnp.sum(jnp.square(round.extras["latent_step"]), axis=-1))
