"""Games that make sound from spectrograms."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.forward.base import Condition, Forward
from jaxgan.forward.image_to_image import MASKS
from jaxgan.rng import Rng
from jaxgan.types import Array, Batch, Latent, Outputs


def vocoder(spectrogram: Callable[[Array], Array]) -> Forward:
    """HiFi-GAN: the generator makes a sound from its spectrogram (Kong et al. 2020, section 2).

    The generator is called with the spectrograms of real sounds, and nothing is drawn at random.
    The discriminator is called with sounds and answers with ``logits, features``: tuples with one
    entry for each of its networks. So ``real_logits``, ``fake_logits`` and what the critic gives
    are such tuples. Samples are made of a recording's spectrogram.

    Extras: ``real_features`` and ``fake_features``.

    Args:
      spectrogram: of sounds, ``[b, samples] -> [b, frames, bands]``.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        del rng
        real = batch["sound"]
        fake, g_stats = generator(spectrogram(real))
        # Both at once: that is half of the program of a discriminator of many networks.
        answer, d_stats = discriminator(jnp.concatenate([real, fake]))
        real_logits, real_features = jax.tree.map(lambda leaf: leaf[: len(real)], answer)
        fake_logits, fake_features = jax.tree.map(lambda leaf: leaf[len(real) :], answer)
        return Outputs(
            real=real,
            fake=fake,
            real_logits=real_logits,
            fake_logits=fake_logits,
            critic=lambda sounds: discriminator(sounds)[0][0],
            stats={"g": g_stats, "d": d_stats},
            adaptive=adaptive,
            extras={"real_features": real_features, "fake_features": fake_features},
        )

    def sample(generator, latents: Latent, condition: Condition) -> Any:
        del latents  # there is no noise
        return generator(spectrogram(condition["sound"]))[0]

    return Forward(MASKS, run, sample, condition=("sound",))
