"""The distance of log-mel spectrograms, by hand and by the transform of NumPy."""

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.log_mel_l1 import METRIC, distances, without_network
from jaxgan.metrics.metric import Comparison
from jaxgan.spectrograms import NARROW

SAMPLES = 640


class Sounds:
    """As much of ``Samples`` as the metric asks for."""

    name = "sounds"

    def __init__(self, sounds, rate=8000):
        self.sounds, self.rate = sounds, rate

    def array(self):
        return self.sounds


def chords(count, seed=0):
    random, time = np.random.default_rng(seed), np.arange(SAMPLES) / 8000
    tones = random.uniform(200, 3000, (count, 3, 1))
    return (np.sin(2 * np.pi * tones * time).sum(1) * 8000).astype(np.int16)


def in_numpy(sound):
    """The log-mel spectrogram of one sound, in float64."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    padded = np.pad(sound / 32768, 96, mode="reflect")
    frames = [padded[at : at + 256] * window for at in range(0, SAMPLES, 64)]
    magnitudes = np.sqrt(np.abs(np.fft.rfft(frames)) ** 2 + 1e-9)
    return np.log(np.maximum(magnitudes @ NARROW.filters.astype(np.float64), 1e-5))


def test_the_distance_of_each_pair():
    true, made = chords(3), chords(3, seed=1)
    made[0] = true[0]
    made[1] = true[1] // 2
    found = distances(true, made, NARROW)
    wanted = [np.abs(in_numpy(a) - in_numpy(b)).mean() for a, b in zip(true, made, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-6)
    assert found[0] == 0.0
    assert 0.5 < found[1] < 0.8  # half as loud: log 2, where it is not silent


def test_the_score_stands_beside_griffin_and_lims():
    true, made = chords(4), chords(4, seed=1)
    comparison = Comparison(Sounds(true), Sounds(made))  # type: ignore[arg-type]
    values, details = METRIC.compute(comparison)
    scores = distances(true, made, NARROW)
    assert values["mean"] == pytest.approx(scores.mean())
    assert values["standard_error"] == pytest.approx(scores.std(ddof=1) / 2)
    (control,) = details["controls"].values()
    again = without_network(true, NARROW)
    assert (again.dtype, again.shape) == (np.int16, true.shape)
    assert control["mean"] == pytest.approx(distances(true, again, NARROW).mean())
    assert control["mean"] < 0.5 * values["mean"]
    assert METRIC.parameters(comparison) == {
        "rate": 8000,
        "size": 256,
        "hop": 64,
        "window": 256,
        "mels": 40,
    }


@pytest.mark.parametrize("rates", [(8000, 16_000), (None, None), (8000, None)])
def test_sounds_of_other_rates_are_not_compared(rates):
    comparison = Comparison(*(Sounds(chords(2), rate) for rate in rates))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"compare sounds of one rate|has no rate"):
        METRIC.compute(comparison)
