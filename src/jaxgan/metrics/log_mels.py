"""What log-mel spectrograms tell of sounds, in a few numbers each.

No network is asked. A sound's features are, band by band, the mean of its log-mel spectrogram over
time, the standard deviation, and the mean absolute change from a frame to the next: they tell the
spectrum, whether it is the same all the time and how fast it changes, but not in which order.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import Comparison, Samples
from jaxgan.spectrograms import LogMel, log_mel, of_int16, settings_for

BLOCK = 256
"""Sounds that are transformed at once."""

PRECISION = "float32 spectrograms, float64"
"""Of the arithmetic, for the protocol."""


def features(samples: Samples) -> np.ndarray:
    """``features_of`` samples, at their own rate."""
    return features_of(samples.array(), settings_of(samples))


def features_of(sounds: np.ndarray, settings: LogMel) -> np.ndarray:
    """Mean, deviation, change of each band, int16 ``[n, samples]`` -> float64 ``[n, 3 mels]``."""
    parts = [sounds[at : at + BLOCK] for at in range(0, len(sounds), BLOCK)]
    return np.concatenate([_summary(np.asarray(log_mels(part, settings))) for part in parts])


def settings_of(samples: Samples) -> LogMel:
    """The settings for the rate of these sounds.

    Raises:
      UserError: they have none.
    """
    if samples.rate is None:
        raise UserError(f"{samples.name} has no rate: give sounds.")
    return settings_for(samples.rate)


@partial(jax.jit, static_argnames="settings")
def log_mels(sounds: np.ndarray, settings: LogMel) -> jax.Array:
    """The log-mel spectrograms of int16 ``[n, samples]``, float32 ``[n, frames, mels]``."""
    return log_mel(of_int16(jnp.asarray(sounds)), settings)


def check_rates(comparison: Comparison) -> None:
    """Raises ``UserError`` if sounds are compared that differ in rate, or have none."""
    for samples in (comparison.real, comparison.generated):
        settings_of(samples)
    real, made = comparison.real, comparison.generated
    if real.rate != made.rate:
        raise UserError(
            f"{made.name} has {made.rate} samples a second and {real.name} {real.rate}; compare "
            f"sounds of one rate, such as sounds:SAMPLES@{real.rate}:DIR."
        )


def parameters(comparison: Comparison) -> Mapping[str, Any]:
    """The settings, for the protocol."""
    settings = settings_of(comparison.real)
    names = ("rate", "size", "hop", "window", "mels")
    return {name: getattr(settings, name) for name in names}


def _summary(bands: np.ndarray) -> np.ndarray:
    bands = bands.astype(np.float64)
    change = np.abs(np.diff(bands, axis=1)).mean(axis=1)
    return np.concatenate([bands.mean(axis=1), bands.std(axis=1), change], axis=1)
