import numpy as np
import pytest
from scipy.signal import convolve2d

from jaxgan.errors import UserError
from jaxgan.metrics.ms_ssim import WEIGHTS, Scales, diversity, fit, ms_ssim


def reference(x: np.ndarray, y: np.ndarray, scales: Scales) -> float:
    """One pair, by two-dimensional convolutions in float64."""
    places = np.arange(scales.window) - scales.window // 2
    line = np.exp(-(places**2) / (2 * scales.deviation**2))
    window = np.outer(line, line) / np.sum(np.outer(line, line))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    weights = np.array(WEIGHTS[: scales.scales]) / sum(WEIGHTS[: scales.scales])
    channels = []
    x, y = (image.astype(float).transpose(2, 0, 1) for image in (x, y))
    for a, b in zip(x, y, strict=True):
        value = 1.0
        for scale, weight in enumerate(weights):
            mean = [convolve2d(z, window, "valid") for z in (a, b, a * a, b * b, a * b)]
            cs = 2 * (mean[4] - mean[0] * mean[1]) + c2
            cs = cs / (mean[2] - mean[0] ** 2 + mean[3] - mean[1] ** 2 + c2)
            luminance = (2 * mean[0] * mean[1] + c1) / (mean[0] ** 2 + mean[1] ** 2 + c1)
            last = scale == scales.scales - 1
            value *= max((luminance * cs if last else cs).mean(), 0) ** weight
            size = (a.shape[0] // 2, 2, a.shape[1] // 2, 2)
            even = [z[: size[0] * 2, : size[2] * 2].reshape(size).mean(axis=(1, 3)) for z in (a, b)]
            a, b = even
        channels.append(value)
    return float(np.mean(channels))


def pictures(seed: int, n: int, size: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = rng.integers(0, 256, (n, size, size, 3)).astype(float)
    for _ in range(2):
        noise = (noise + np.roll(noise, 1, 1) + np.roll(noise, 1, 2)) / 3
    return noise.astype(np.uint8)


@pytest.mark.parametrize("size, scales", [(28, Scales(2)), (45, Scales(3)), (9, Scales(1, 7))])
def test_it_agrees_with_a_direct_computation(size, scales):
    x = pictures(0, 3, size)
    y = np.clip(x + np.random.default_rng(1).normal(0, 25, x.shape), 0, 255).astype(np.uint8)
    found = ms_ssim(x, y, scales)
    expected = [reference(a, b, scales) for a, b in zip(x, y, strict=True)]
    assert max(expected) < 0.98
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_an_image_resembles_itself_most_and_its_negative_not():
    x = pictures(0, 4, 32)
    np.testing.assert_allclose(ms_ssim(x, x, Scales(2)), 1, atol=1e-6)
    np.testing.assert_allclose(ms_ssim(x, 255 - x, Scales(2)), 0, atol=1e-6)
    flat = np.full((1, 32, 32, 1), 7, np.uint8)
    np.testing.assert_allclose(ms_ssim(flat, flat, Scales(2)), 1, atol=1e-6)


def test_the_scales_that_fit():
    assert fit(176, 200) == Scales(5)
    assert fit(175, 200) == Scales(4)
    assert fit(28, 28) == Scales(2)
    assert fit(21, 21) == Scales(1)
    assert fit(8, 8) == Scales(1, 7)
    with pytest.raises(UserError, match="too small"):
        ms_ssim(pictures(0, 1, 32), pictures(1, 1, 32), Scales(5))
    with pytest.raises(UserError, match="1 to 5 scales"):
        ms_ssim(pictures(0, 1, 32), pictures(1, 1, 32), Scales(6))


def test_diversity_of_a_collapsed_and_of_a_varied_generator():
    varied = diversity(pictures(0, 20, 24), pairs=70, batch=32)
    assert varied.similarity < 0.5
    assert (varied.pairs, varied.scales) == (70, Scales(2))
    same = diversity(np.repeat(pictures(0, 1, 24), 20, axis=0), pairs=70, batch=32)
    assert same.similarity == pytest.approx(1, abs=1e-6)
    assert diversity(pictures(0, 20, 24), pairs=70, batch=32) == varied
    other = diversity(pictures(0, 20, 24), pairs=70, batch=35, seed=1)
    assert other.similarity != varied.similarity
    with pytest.raises(UserError, match="two images"):
        diversity(pictures(0, 1, 24))
