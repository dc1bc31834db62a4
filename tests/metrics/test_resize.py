import jax
import numpy as np
import pytest
from PIL import Image

from jaxgan.metrics.extractors.resize import clean, tf1_bilinear


def by_tensorflow_1(image: np.ndarray, size: int) -> np.ndarray:
    """ResizeBilinear's loop, in float32."""
    height, width, channels = image.shape
    out = np.empty((size, size, channels), np.float32)
    one = np.float32
    for y in range(size):
        fy = one(y) * (one(height) / one(size))
        top = int(fy)
        bottom = min(top + 1, height - 1)
        for x in range(size):
            fx = one(x) * (one(width) / one(size))
            left = int(fx)
            right = min(left + 1, width - 1)
            dx, dy = fx - one(left), fy - one(top)
            upper = image[top, left] + (image[top, right] - image[top, left]) * dx
            lower = image[bottom, left] + (image[bottom, right] - image[bottom, left]) * dx
            out[y, x] = upper + (lower - upper) * dy
    return out


@pytest.mark.parametrize("before", [28, 32, 64, 128, 299, 512])
@pytest.mark.parametrize("compiled", [True, False])
def test_tensorflow_1s_bilinear_to_the_bit(before, compiled):
    image = np.random.default_rng(0).integers(0, 256, (before, before, 1)).astype(np.float32)
    resize = jax.jit(tf1_bilinear, static_argnums=1) if compiled else tf1_bilinear
    found = np.asarray(resize(image[None], 75))[0]
    np.testing.assert_array_equal(found, by_tensorflow_1(image, 75))


def test_tensorflow_1s_bilinear_at_the_networks_size():
    image = np.random.default_rng(0).integers(0, 256, (32, 24, 1)).astype(np.float32)
    found = np.asarray(jax.jit(tf1_bilinear, static_argnums=1)(image[None], 299))[0]
    np.testing.assert_array_equal(found, by_tensorflow_1(image, 299))


@pytest.mark.parametrize(
    "before, after, tolerance", [(28, 64, 5e-4), (96, 64, 3e-3), (40, 299, 3e-3)]
)
def test_clean_is_pillows_antialiased_bicubic(before, after, tolerance):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, before, before, 3)).astype(np.uint8)
    expected = np.empty((2, after, after, 3), np.float32)
    for n in range(2):
        for channel in range(3):  # clean-fid: each channel as float32
            picture = Image.fromarray(images[n, ..., channel].astype(np.float32))
            expected[n, ..., channel] = picture.resize((after, after), Image.Resampling.BICUBIC)
    found = clean(images.astype(np.float32), after)
    np.testing.assert_allclose(found, np.clip(expected, 0, 255), atol=tolerance)
