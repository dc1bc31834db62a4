"""Scores of sounds by their log-mel spectrograms."""

import dataclasses
import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics import fd_log_mel, nearest_log_mel
from jaxgan.metrics.extractors.sounds import pictures
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.log_mels import features, log_mels, settings_of
from jaxgan.metrics.metric import Comparison
from jaxgan.spectrograms import NARROW


@dataclasses.dataclass
class Held:
    """Sounds as metrics see them."""

    sounds: np.ndarray
    rate: int | None = 8000
    name: str = "held"

    @property
    def shape(self):
        return self.sounds.shape[1:]

    def array(self):
        return self.sounds


def noise(count, seed, height=4000):
    return np.random.default_rng(seed).normal(0, height, (count, 1024)).astype(np.int16)


def test_features_are_mean_deviation_and_change_of_each_band():
    sounds = noise(3, 0)
    bands = np.asarray(log_mels(sounds, NARROW), np.float64)
    assert bands.shape == (3, 16, 40)
    found = features(Held(sounds))
    for row, frames in zip(found, bands, strict=True):
        for mel in range(40):
            values = frames[:, mel]
            assert row[mel] == pytest.approx(values.mean())
            assert row[40 + mel] == pytest.approx(values.std())
            steps = [abs(b - a) for a, b in itertools.pairwise(values)]
            assert row[80 + mel] == pytest.approx(sum(steps) / 15)


def test_twice_the_height_is_a_shift_of_the_means():
    """``log 2`` in each of the 40 bands' means, and nothing in the others."""
    quiet = noise(200, 1)
    distance = fd_log_mel.METRIC.compute(Comparison(Held(quiet), Held(quiet * 2)))[0]["distance"]
    assert distance == pytest.approx(40 * np.log(2) ** 2, rel=1e-3)
    assert fd_log_mel.METRIC.compute(Comparison(Held(quiet), Held(quiet)))[0]["distance"] < 1e-6


def test_the_distance_is_that_of_the_features():
    real, made = Held(noise(150, 2)), Held(noise(150, 3, 2000))
    wanted = frechet_distance_of_features(features(real), features(made))
    found = fd_log_mel.METRIC.compute(Comparison(real, made))[0]["distance"]
    assert found == pytest.approx(wanted, rel=1e-6)


def test_copies_are_found():
    real, other = noise(20, 4), noise(4, 5)
    made = np.concatenate([real[3:5], other])
    found = nearest_log_mel.METRIC.compute(Comparison(Held(real), Held(made)))[0]
    assert found["copies"] == pytest.approx(1 / 3)
    apart = np.linalg.norm(features(Held(made))[:, None] - features(Held(real))[None], axis=-1)
    assert found["median_distance"] == pytest.approx(np.median(apart.min(axis=1)), rel=1e-6)


def test_sounds_of_several_rates_are_not_compared():
    comparison = Comparison(Held(noise(4, 0)), Held(noise(4, 1), 16_000))
    for metric in (fd_log_mel.METRIC, nearest_log_mel.METRIC):
        with pytest.raises(UserError, match=r"16000 samples a second and held 8000"):
            metric.compute(comparison)
    with pytest.raises(UserError, match="has no rate"):
        settings_of(Held(noise(4, 0), None))


def test_pictures_are_whole_numbers_from_black_to_white():
    loud = np.where(np.arange(1024) // 4 % 2, 32_767, -32_768)
    sounds = np.stack([np.zeros(1024), loud, noise(1, 6)[0]]).astype(np.int16)
    found = np.asarray(pictures(jnp.asarray(sounds), 8000))
    assert found.shape == (3, 16, 40, 1)
    np.testing.assert_array_equal(found, np.rint(found))
    assert 0 <= found.min() <= found.max() <= 255
    assert found[0].max() < 0.35 * 255 < found[1].max()
