"""The game of SpecGAN: sounds are judged by their spectrograms, and made of them."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from jaxgan.forward.base import Condition, Forward, Prior, judged
from jaxgan.rng import Rng
from jaxgan.spectrograms import SPECGAN, griffin_lim, stft
from jaxgan.types import Array, Batch, Latent, Outputs

LEAST = 1e-6
"""Added to magnitudes before their logarithm is taken."""


def log_magnitudes(sound: Array) -> Array:
    """``log(|X| + 1e-6)``, ``[b, samples] -> [b, samples / 128, 129]``."""
    return jnp.log(jnp.abs(stft(sound, SPECGAN)) + LEAST)


def spectrograms(prior: Prior, iterations: int = 16) -> Forward:
    """SpecGAN: log magnitudes are normalized and judged as images (Donahue et al. 2019).

    The generator is called with latents and the log magnitudes of real sounds, and answers with
    normalized spectrograms, generated and real; with latents alone it answers with log magnitudes,
    of which samples are made by ``iterations`` of Griffin and Lim's algorithm. So ``real``,
    ``fake`` and what the critic takes are normalized spectrograms, and samples are sounds.

    Extras: ``latents``.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        latents = prior(rng.named("latent"))
        (fake, real), g_stats = generator(latents, log_magnitudes(batch["image"]))
        return judged(discriminator, real, fake, g_stats, adaptive, {"latents": latents})

    def sample(generator, latents: Latent, condition: Condition) -> Any:
        del condition
        magnitudes = jnp.exp(generator(latents)[0])
        samples = magnitudes.shape[1] * SPECGAN.hop
        return griffin_lim(magnitudes, SPECGAN, samples, iterations)

    return Forward(prior, run, sample)
