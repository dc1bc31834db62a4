"""Sounds as pictures of their log-mel spectrograms, for networks that see images."""

import dataclasses
import math

import jax
import jax.numpy as jnp

from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.spectrograms import LEAST_MAGNITUDE, log_mel, of_int16, settings_for

DARK, BRIGHT = math.log(LEAST_MAGNITUDE), 5.0
"""Logarithms that are black and white; no tone of full height is brighter."""


def pictures(sounds: jax.Array, rate: int) -> jax.Array:
    """int16 ``[n, samples]`` -> float32 ``[n, frames, mels, 1]``, whole numbers 0 to 255."""
    levels = (log_mel(of_int16(sounds), settings_for(rate)) - DARK) / (BRIGHT - DARK)
    return jnp.round(255 * jnp.clip(levels, 0, 1))[..., None]


def of_sounds(extractor: Extractor, rate: int) -> Extractor:
    """An extractor of images as one of sounds of this rate."""
    return dataclasses.replace(
        extractor,
        name=f"{extractor.name}, log-mel spectrograms",
        apply=lambda variables, sounds: extractor.apply(variables, pictures(sounds, rate)),
    )
