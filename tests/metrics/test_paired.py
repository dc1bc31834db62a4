"""Scores against the true image, against hand-worked values and scikit-like references."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from jaxgan.errors import UserError
from jaxgan.metrics import fd_joint
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.l1 import l1
from jaxgan.metrics.metric import Comparison
from jaxgan.metrics.psnr import psnr
from jaxgan.metrics.ssim import ssim


def images(count=3, side=16, channels=1, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, side, side, channels)).astype(np.uint8)


def test_the_absolute_difference_in_percent_of_the_range():
    true = np.zeros((2, 2, 2, 1), np.uint8)
    made = true.copy()
    made[1] = 51  # a fifth of 255
    made[1, 0, 0] = 0
    np.testing.assert_allclose(l1(true, made), [0.0, 100 * 0.2 * 3 / 4])


def test_the_signal_to_noise_ratio_by_hand():
    true = np.full((2, 4, 4, 3), 100, np.uint8)
    made = true.copy()
    made[0] += 5  # a mean squared error of 25
    np.testing.assert_allclose(
        psnr(true, made), [20 * np.log10(255 / 5), 10 * np.log10(255**2 * 12)]
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_structural_similarity_against_scipy(channels):
    """With scipy's Gaussian filter in float64, of which only whole windows are kept."""

    def blur(x):
        for axis in (0, 1):
            x = gaussian_filter1d(x, 1.5, axis=axis, radius=5)
        return x[5:-5, 5:-5]

    def expected(x, y):
        x, y = x.astype(np.float64), y.astype(np.float64)
        mx, my = blur(x), blur(y)
        vx, vy, cov = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        top = (2 * mx * my + c1) * (2 * cov + c2)
        return (top / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean()

    true, other = images(channels=channels), images(channels=channels, seed=1)
    made = np.stack([true[0], 255 - true[1], (true[2] // 2 + other[2] // 2)])
    wanted = [
        np.mean([expected(x[..., c], y[..., c]) for c in range(channels)])
        for x, y in zip(true, made, strict=True)
    ]
    found = ssim(true, made)
    assert found[0] == pytest.approx(1.0, abs=1e-6)
    assert found[1] < -0.5
    np.testing.assert_allclose(found, wanted, atol=2e-5)


class Seen:
    """Images whose features are their mean and their first pixel, and what they were made from."""

    name = "seen"

    def __init__(self, images, origins=None):
        self.images, self.made_from = images, origins

    @property
    def features(self):
        return of(self.images)

    def origins(self):
        return self.made_from


def of(images):
    rows = images.reshape(len(images), -1).astype(np.float64)
    return np.stack([rows.mean(axis=1), rows[:, 0]], axis=1)


def test_a_joint_distance_sees_whether_a_sample_belongs_to_its_source():
    """The true images, shuffled, are as near as they were; the pairs are not."""
    network = Extractor(
        "e", "FD-e", "", 2, "none", lambda variables, images: Output(of_jax(images), None), None
    )
    sources = images(300, side=4)
    true = sources[:, ::-1]
    shuffled = np.roll(true, 1, axis=0)

    def distance(made):
        seen = Seen(made, sources)
        return fd_joint.METRIC.compute(Comparison(Seen(true), seen, extractor=network))[0][
            "distance"
        ]

    assert frechet_distance_of_features(of(true), of(shuffled)) < 1e-6
    assert distance(true) < 1e-6
    pairs = [np.concatenate([of(sources), of(made)], axis=1) for made in (true, shuffled)]
    assert distance(shuffled) == pytest.approx(frechet_distance_of_features(*pairs), rel=1e-4)
    assert distance(shuffled) > 1
    with pytest.raises(UserError, match="latents alone"):
        fd_joint.METRIC.compute(Comparison(Seen(true), Seen(true), extractor=network))


def of_jax(images):
    rows = images.reshape(len(images), -1).astype(jnp.float32)
    return jnp.stack([rows.mean(axis=1), rows[:, 0]], axis=1)
