"""The mean absolute difference of log-mel spectrograms, of a sound and the one it was made from.

It is what HiFi-GAN's spectrogram loss minimizes, and what its code calls mel-spectrogram error
(Kong et al. 2020, equation 3), in natural logarithms. A control needs no network: Griffin and Lim's
phases for the same log-mel spectrogram, that of the full band that the score is of.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.metrics.log_mels import BLOCK, PRECISION, check_rates, log_mels, parameters, settings_of
from jaxgan.metrics.mean import summary
from jaxgan.metrics.metric import SOUNDS, Comparison, Found, Metric
from jaxgan.spectrograms import LogMel, log_mel, of_int16, sound_of, to_int16

ITERATIONS = 32
"""Of the control."""

MOMENTUM = 0.99
"""Of the control: the fast algorithm of Perraudin, Balazs & Søndergaard 2013."""


def distances(true: np.ndarray, made: np.ndarray, settings: LogMel) -> np.ndarray:
    """The distance of each pair of sounds int16 ``[n, samples]``, float64 ``[n]``."""
    parts = [
        np.abs(np.asarray(log_mels(one, settings)) - np.asarray(log_mels(other, settings)))
        for one, other in zip(_blocks(true), _blocks(made), strict=True)
    ]
    return np.concatenate(parts).mean(axis=(1, 2), dtype=np.float64)


def without_network(true: np.ndarray, settings: LogMel) -> np.ndarray:
    """Sounds made of the log-mel spectrograms of int16 ``[n, samples]``, of the same kind."""
    parts = [np.asarray(_made_again(block, settings)) for block in _blocks(true)]
    return to_int16(np.concatenate(parts))


def _blocks(sounds: np.ndarray) -> list[np.ndarray]:
    return [sounds[at : at + BLOCK] for at in range(0, len(sounds), BLOCK)]


@partial(jax.jit, static_argnames="settings")
def _made_again(sounds: np.ndarray, settings: LogMel) -> jax.Array:
    logs = log_mel(of_int16(jnp.asarray(sounds)), settings)
    return sound_of(logs, settings, sounds.shape[-1], ITERATIONS, MOMENTUM)


def _compute(comparison: Comparison) -> Found:
    check_rates(comparison)
    settings = settings_of(comparison.real)
    true, made = comparison.real.array(), comparison.generated.array()
    control = summary(distances(true, without_network(true, settings), settings))
    details = {"controls": {f"Griffin-Lim, {ITERATIONS} iterations": control}}
    return summary(distances(true, made, settings)), details


METRIC = Metric(
    name="log_mel_l1",
    about="mean absolute difference of log-mel spectrograms to the true sound",
    compute=_compute,
    values={"mean": "lower", "standard_error": ""},
    title=lambda distance: "log-mel L1",
    network="",
    modalities=frozenset({SOUNDS}),
    parameters=parameters,
    precision=PRECISION,
    real_score="",
    keeps="samples",
    paired=True,
)
