import math

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.modes import (
    class_coverage,
    kl_floor,
    mixture_coverage,
    perfect_coverage,
    perfect_share,
    stacked_labels,
)

ANGLES = 2 * np.pi * np.arange(8) / 8
RING = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def draw(modes: np.ndarray, std: float = 0.01, seed: int = 0) -> np.ndarray:
    return RING[modes] + std * np.random.default_rng(seed).standard_normal((len(modes), 2))


def test_a_perfect_sampler():
    modes = np.random.default_rng(1).integers(8, size=100_000)
    found = mixture_coverage(draw(modes), RING, 0.01)
    assert found.captured == 8
    assert perfect_share() == pytest.approx(0.98889, abs=1e-5)
    assert found.high_quality == pytest.approx(perfect_share(), abs=1e-3)
    assert found.reverse_kl < 3 * kl_floor(100_000, 8)[0]


def test_a_collapsed_sampler():
    found = mixture_coverage(draw(np.zeros(2500, int)), RING, 0.01)
    assert found.captured == 1
    assert found.reverse_kl == pytest.approx(math.log(8))
    # JS of (1, 0, ...) from 1/8 each, m = (9/16, 1/16, ...).
    js = (math.log(16 / 9) + math.log(2 / 9) / 8 + 7 * math.log(2) / 8) / 2
    assert found.js == pytest.approx(js)


def test_a_uniform_sampler_is_of_low_quality():
    points = np.random.default_rng(0).uniform(-1.5, 1.5, (50_000, 2))
    found = mixture_coverage(points, RING, 0.01)
    area = 8 * np.pi * 0.03**2 / 9
    assert found.high_quality == pytest.approx(area, rel=0.2)


def test_nothing_near_a_mode():
    found = mixture_coverage(np.full((10, 2), 50.0), RING, 0.01)
    assert (found.captured, found.high_quality, found.reverse_kl) == (0, 0, math.inf)
    assert found.js == pytest.approx(math.log(2))


def test_too_narrow_modes_score_above_a_perfect_sampler():
    found = mixture_coverage(draw(np.arange(8000) % 8, std=0.001), RING, 0.01)
    assert found.high_quality == 1 > perfect_share()
    assert found.reverse_kl == pytest.approx(0, abs=1e-12)


def test_the_direction_of_the_divergence():
    """KL(generated || target): 3/4 ln 3/2 + 1/4 ln 1/2; the other way is another number."""
    found = class_coverage(np.array([0, 0, 0, 1]), 2)
    assert found.reverse_kl == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    np.testing.assert_array_equal(found.counts, [3, 1])
    skewed = class_coverage(np.array([0, 0, 0, 1]), 2, np.array([0.75, 0.25]))
    assert skewed.reverse_kl == pytest.approx(0)
    never = class_coverage(np.array([0, 1]), 2, np.array([1.0, 0.0]))
    assert never.reverse_kl == math.inf


def test_the_floor_of_stacked_mnist():
    """A perfect sampler's mean is (c - 1)/2n + (c^2 - 1)/12n^2, of the square root of (c - 1)/2/n.

    Both are series in 1/n; 26,000 samples of 1,000 classes have 0.0193 and 0.0009.
    """
    for count, expected, spread in ((26_000, 0.019335, 0.00086), (50_000, 0.010023, 0.00045)):
        assert 999 / (2 * count) + (1000**2 - 1) / (12 * count**2) == pytest.approx(expected, 1e-4)
        mean, deviation = kl_floor(count, 1000, draws=2000)
        # Four standard errors of 2,000 draws.
        assert mean == pytest.approx(expected, abs=4 * spread / 2000**0.5)
        assert deviation == pytest.approx(spread, abs=4 * spread / 4000**0.5)
    mean, deviation = kl_floor(26_000, 1000)
    assert (f"{mean:.4f}", f"{deviation:.4f}") == ("0.0193", "0.0009")
    labels = np.random.default_rng(0).integers(1000, size=26_000)
    found = class_coverage(labels, 1000)
    assert found.captured == 1000
    assert found.reverse_kl == pytest.approx(mean, abs=5 * deviation)


def test_what_perfect_samples_score():
    """Of n samples c (1 - (1 - 1/c)^n) classes are seen; JS is a quarter of so small a KL."""
    for count, classes in ((2472, 8), (40, 8), (26_000, 1000)):
        found = perfect_coverage(count, classes, draws=400)
        seen = classes * (1 - (1 - 1 / classes) ** count)
        assert found["captured"] == pytest.approx(seen, rel=0.01)
        assert found["reverse_kl"] == kl_floor(count, classes, draws=400)[0]
        assert found["js"] == pytest.approx(found["reverse_kl"] / 4, rel=0.15)
    one = perfect_coverage(1, 8)
    assert one["captured"] == 1
    assert one["reverse_kl"] == pytest.approx(math.log(8))


def test_stacked_labels():
    np.testing.assert_array_equal(stacked_labels(np.array([[1, 2, 3], [9, 0, 9]])), [123, 909])


def test_faults_are_refused():
    for call in (
        lambda: class_coverage(np.array([0, 10]), 10),
        lambda: class_coverage(np.array([-1]), 10),
        lambda: class_coverage(np.array([], int), 10),
        lambda: class_coverage(np.array([0.5]), 10),
        lambda: class_coverage(np.array([0]), 2, np.array([1.0, 1.0])),
        lambda: mixture_coverage(np.full((2, 2), np.nan), RING, 0.01),
        lambda: mixture_coverage(np.zeros((2, 3)), RING, 0.01),
    ):
        with pytest.raises(UserError):
            call()
