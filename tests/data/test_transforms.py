import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.modality import random_flip, to_float, to_uint8
from jaxgan.rng import Rng


@pytest.mark.parametrize("low, high", [(-1.0, 1.0), (0.0, 1.0), (-0.5, 0.5)])
@pytest.mark.parametrize("back", [np.asarray, jnp.asarray], ids=["numpy", "jax"])
def test_all_levels_survive_the_round_trip(low, high, back):
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    floats = jax.jit(to_float, static_argnums=(1, 2))(levels, low, high)
    assert floats.dtype == jnp.float32
    assert float(floats.min()) == pytest.approx(low)
    assert float(floats.max()) == pytest.approx(high)
    again = to_uint8(back(floats), low, high)
    assert isinstance(again, np.ndarray) == (back is np.asarray)
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, levels)


def test_out_of_range_is_clipped_and_nan_is_black():
    images = np.array([-7.0, 7.0, np.nan, 0.0], np.float32)
    np.testing.assert_array_equal(to_uint8(images), [0, 255, 0, 128])
    np.testing.assert_array_equal(to_uint8(jnp.asarray(images)), [0, 255, 0, 128])


def test_points_pass_unchanged():
    points = jnp.array([[300.0, -2.0]])
    assert to_float(points) is points


def test_flips_belong_to_the_rows():
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 6, 3), dtype=np.uint8)
    key = jax.random.key(1)
    whole = np.asarray(random_flip(Rng(key, jnp.arange(64)), jnp.asarray(images)))
    halves = [
        random_flip(Rng(key, jnp.arange(i, i + 16)), jnp.asarray(images[i : i + 16]))
        for i in range(0, 64, 16)
    ]
    np.testing.assert_array_equal(np.concatenate(halves), whole)
    flipped = [np.array_equal(a, b[:, ::-1]) for a, b in zip(whole, images, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(whole, images, strict=True)]
    assert all(f != s for f, s in zip(flipped, same, strict=True))
    assert 16 < sum(flipped) < 48
    other = np.asarray(random_flip(Rng(jax.random.key(2), jnp.arange(64)), jnp.asarray(images)))
    assert not np.array_equal(other, whole)
