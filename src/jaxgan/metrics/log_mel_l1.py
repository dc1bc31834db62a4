"""The mean absolute difference of log-mel spectrograms, of a sound and the one it was made from.

It is what HiFi-GAN's spectrogram loss minimizes, and what its code calls mel-spectrogram error
(Kong et al. 2020, equation 3), in natural logarithms. A control needs no network: Griffin and Lim's
phases for the same log-mel spectrogram, that of the full band that the score is of.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.mean import summary
from jaxgan.metrics.metric import SOUNDS, Comparison, Found, Metric
from jaxgan.spectrograms import LogMel, log_mel, settings_for, sound_of

BLOCK = 64
"""Sounds that are transformed at once."""

ITERATIONS = 32
"""Of the control."""

MOMENTUM = 0.99
"""Of the control: the fast algorithm of Perraudin, Balazs & Søndergaard 2013."""

FULL = 32768.0
"""What 16 bits call 1."""


def distances(true: np.ndarray, made: np.ndarray, settings: LogMel) -> np.ndarray:
    """The distance of each pair of sounds int16 ``[n, samples]``, float64 ``[n]``."""
    pairs = zip(_blocks(true), _blocks(made), strict=True)
    parts = [np.asarray(_distances(*pair, settings), np.float64) for pair in pairs]
    return np.concatenate(parts)


def without_network(true: np.ndarray, settings: LogMel) -> np.ndarray:
    """Sounds made of the log-mel spectrograms of int16 ``[n, samples]``, of the same kind."""
    parts = [np.asarray(_made_again(block, settings)) for block in _blocks(true)]
    levels = np.round(np.concatenate(parts) * FULL)
    return np.clip(levels, -FULL, FULL - 1).astype(np.int16)


def _blocks(sounds: np.ndarray) -> list[np.ndarray]:
    return [sounds[at : at + BLOCK] for at in range(0, len(sounds), BLOCK)]


@partial(jax.jit, static_argnames="settings")
def _distances(true: np.ndarray, made: np.ndarray, settings: LogMel) -> jax.Array:
    logs = [log_mel(jnp.asarray(one, jnp.float32) / FULL, settings) for one in (true, made)]
    return jnp.abs(logs[0] - logs[1]).mean(axis=(1, 2))


@partial(jax.jit, static_argnames="settings")
def _made_again(sounds: np.ndarray, settings: LogMel) -> jax.Array:
    logs = log_mel(jnp.asarray(sounds, jnp.float32) / FULL, settings)
    return sound_of(logs, settings, sounds.shape[-1], ITERATIONS, MOMENTUM)


def _settings(comparison: Comparison) -> LogMel:
    """Those for the rate of the sounds.

    Raises:
      UserError: it is not known, or not the same for both.
    """
    rates = comparison.real.rate, comparison.generated.rate
    if rates[0] is None or rates[0] != rates[1]:
        raise UserError(
            f"{comparison.real.name} has {rates[0] or 'no'} samples a second, "
            f"{comparison.generated.name} {rates[1] or 'none'}; compare sounds of one rate."
        )
    return settings_for(rates[0])


def _compute(comparison: Comparison) -> Found:
    settings = _settings(comparison)
    true, made = comparison.real.array(), comparison.generated.array()
    control = summary(distances(true, without_network(true, settings), settings))
    details = {"controls": {f"Griffin-Lim, {ITERATIONS} iterations": control}}
    return summary(distances(true, made, settings)), details


def _parameters(comparison: Comparison) -> Mapping[str, Any]:
    """The settings of the spectrogram."""
    settings = _settings(comparison)
    names = ("rate", "size", "hop", "window", "mels")
    return {name: getattr(settings, name) for name in names}


METRIC = Metric(
    name="log_mel_l1",
    about="mean absolute difference of log-mel spectrograms to the true sound",
    compute=_compute,
    values={"mean": "lower", "standard_error": ""},
    title=lambda distance: "log-mel L1",
    network="",
    modalities=frozenset({SOUNDS}),
    parameters=_parameters,
    real_score="",
    keeps="samples",
    paired=True,
)
