"""EQ-T: of an ideal shift, of none, and of a known error."""

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.eq_t import eq_t, shifted, signal_to_noise
from jaxgan.sampling.styles import moved_images
from support import games


class Waves:
    """Draws waves of each latent's frequency, at places after a transform."""

    seed = 0

    def __init__(self, follows=True, error=0.0):
        self.follows, self.error, self.calls = follows, error, 0

    def latents(self, key, count):
        return np.random.default_rng(count).uniform(1, 5, (count, 2))

    def condition(self, count, first):
        return {}

    def moved(self, latents, condition, transform):
        if not self.follows:
            transform = np.eye(3)
        places = (np.arange(32) + 0.5 - 16) / 32
        right, down = np.meshgrid(places, places)
        at = np.stack([right, down, np.ones_like(right)])
        x, y, _ = np.einsum("ij,jhw->ihw", transform, at)
        waves = np.sin(2 * np.pi * (latents[:, :1, None] * x + latents[:, 1:, None] * y))
        self.calls += 1
        odd = self.error * (self.calls % 2)  # of every second image, the plain one
        return (127.5 + 100 * waves + odd)[..., None]


def test_an_ideal_shift_and_none():
    assert eq_t(Waves(), 40) > 200
    assert eq_t(Waves(follows=False), 40) < 15


def test_a_known_error():
    """An error of 2.55 of 255 is 40 decibels."""
    assert eq_t(Waves(error=2.55), 40) == pytest.approx(40.0, abs=1e-6)
    assert signal_to_noise(10 * 2.55**2, 10) == pytest.approx(40.0)
    assert np.isfinite(signal_to_noise(0.0, 10))


def test_images_are_shifted_by_whole_pixels():
    images = np.arange(12.0).reshape(1, 3, 4, 1)
    moved, known = shifted(images, 1, -1)
    np.testing.assert_array_equal(known, [[0, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]])
    np.testing.assert_array_equal(moved[0, :2, 1:, 0], images[0, 1:, :3, 0])


def test_generators_that_take_no_transform():
    class Fixed:
        gan = games.gan()

    with pytest.raises(UserError, match="takes no shifts"):
        moved_images(Fixed(), None, {}, np.eye(3))
