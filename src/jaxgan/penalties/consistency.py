"""Penalties on answers that differ where they should agree, and on samples that agree too much."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.augment import Augment
from jaxgan.forward.packing import pack, unpack
from jaxgan.rng import Rng
from jaxgan.types import Image, Outputs, Scalar, ScalarLike


def _disagreement(critic: Callable[[Any], jax.Array], logits: jax.Array, others: Any) -> Scalar:
    return jnp.mean(jnp.square(logits - critic(others)))


def _augmented(augment: Augment, samples: Any, rng: Rng) -> Any:
    """Every image augmented by itself, those of a pack too; of a pair, the image."""
    images, *others = jax.tree.leaves(samples)
    count = len(rng.rows) // len(images)
    images = pack(count, augment(unpack(count, images), rng))
    return jax.tree.unflatten(jax.tree.structure(samples), [images, *others])


def consistency(augment: Augment) -> Callable[[Outputs], Scalar]:
    """``E (l(x) - l(T(x)))^2`` over real samples (Zhang et al. 2020, CR-GAN).

    Weight 10, with ``T`` a flip and a shift of a few pixels.
    """

    def penalty(outputs: Outputs) -> Scalar:
        augmented = _augmented(augment, outputs.real, outputs.rng.named("real"))
        return _disagreement(outputs.critic, outputs.real_logits, augmented)

    return penalty


def balanced_consistency(
    augment: Augment, real: ScalarLike = 10.0, fake: ScalarLike = 10.0
) -> Callable[[Outputs], Scalar]:
    """``real E (l(x) - l(T(x)))^2 + fake E (l(G(z)) - l(T(G(z))))^2`` (Zhao et al. 2021, bCR).

    Real and fake samples are augmented independently.
    """
    of_real = consistency(augment)

    def penalty(outputs: Outputs) -> Scalar:
        augmented = _augmented(augment, outputs.fake, outputs.rng.named("fake"))
        critic = outputs.fake_critic or outputs.critic
        return real * of_real(outputs) + fake * _disagreement(
            critic, outputs.fake_logits, augmented
        )

    return penalty


def _nearby(outputs: Outputs, deviation: ScalarLike) -> Image:
    """``G(z + n)``, ``n`` normal: the neighbors of the fakes, packed as they are."""
    latents = outputs.extras["latents"]
    noise = deviation * outputs.rng.named("latent").normal(latents.shape[1:])
    count = len(latents) // len(outputs.fake)
    return pack(count, outputs.extras["generator"](latents + noise))


def latent_consistency(deviation: ScalarLike) -> Callable[[Outputs], Scalar]:
    """``E (l(G(z)) - l(G(z + n)))^2``: zCR's penalty of the discriminator (Zhao et al. 2021)."""

    def penalty(outputs: Outputs) -> Scalar:
        critic = outputs.fake_critic or outputs.critic
        return _disagreement(critic, outputs.fake_logits, _nearby(outputs, deviation))

    return penalty


def latent_diversity(deviation: ScalarLike) -> Callable[[Outputs], Scalar]:
    """``-E (G(z) - G(z + n))^2``: zCR's penalty of the generator (Zhao et al. 2021).

    The mean over all values, so that weights do not depend on the resolution.
    """

    def penalty(outputs: Outputs) -> Scalar:
        return -jnp.mean(jnp.square(outputs.fake - _nearby(outputs, deviation)))

    return penalty


def latent_step(outputs: Outputs) -> Scalar:
    """``E |z' - z|^2``: how far LOGAN's latents were moved (Wu et al. 2019)."""
    return jnp.mean(jnp.sum(jnp.square(outputs.extras["latent_step"]), axis=-1))
