"""Games of a generator whose layers have styles."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.forward.base import Forward
from jaxgan.forward.wrappers import Through
from jaxgan.rng import Rng
from jaxgan.types import Batch, Mixing, Outputs, ScalarLike


def styled(
    layers: int, size: int, mixing: ScalarLike | None, forward: Forward, shrink: int = 2
) -> Forward:
    """StyleGAN's game: images of mixed styles, and what the path length penalty needs.

    The generator is called with latents, labels (or None) and ``Mixing``: with the probability
    ``mixing`` the layers from a crossover on get the styles of second latents (Karras et al. 2019,
    StyleGAN, section 3.1). Extras: ``shift``, zeros ``[rows / shrink, layers, size]``, and
    ``shifted``, the images of every ``shrink``-th row as a function of what is added to its styles.

    Args:
      layers: of the generator, that have styles.
      size: of a style.
      mixing: the probability; None if styles are never mixed.
      forward: a game whose generator is called with latents, or with latents and labels.
      shrink: how many rows have one for the penalty, which saves time and memory (Karras et al.
        2020, StyleGAN2, its code).
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        drawn = None if mixing is None else _mixing(forward, rng, layers, mixing)

        def mixed(arguments: tuple) -> tuple:
            latents, *labels = arguments
            return latents, *(labels or [None]), drawn

        outputs = forward.run(Through(generator, mixed), discriminator, batch, rng, adaptive)
        latents, labels = outputs.extras["latents"], outputs.extras.get("fake_labels")
        some = jax.tree.map(lambda leaf: leaf[::shrink], (latents, labels, drawn))

        def shifted(shift: jax.Array) -> jax.Array:
            return generator(*some, shift)[0]

        shift = jnp.zeros((len(some[0]), layers, size))
        extras = {**outputs.extras, "shift": shift, "shifted": shifted}
        return dataclasses.replace(outputs, extras=extras)

    return dataclasses.replace(forward, run=run)


def _mixing(forward: Forward, rng: Rng, layers: int, probability: ScalarLike) -> Mixing:
    """Second latents, and a crossover after any layer but the last; after that one for none."""
    place = rng.named("crossover").uniform((), 1.0, layers)
    happens = rng.named("mixed?").bernoulli(probability)
    crossover = jnp.where(happens, jnp.floor(place).astype(jnp.int32), layers)
    return Mixing(forward.prior(rng.named("mixed latent")), crossover)
