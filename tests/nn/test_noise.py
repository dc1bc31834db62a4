"""Noise for each pixel: fixed outside of training, of rows in it."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nn.noise import PixelNoise
from jaxgan.types import AXIS

MODULE, ROWS = PixelNoise((2, 4)), 8
VARIABLES = MODULE.init(jax.random.key(0), ROWS, train=False)


def trained(count, key):
    """The noise of all rows, on so many devices."""

    def device(_):
        rngs = {"noise": jax.random.key(key)}
        return MODULE.apply(VARIABLES, ROWS // count, train=True, rngs=rngs)

    made = jax.jit(jax.vmap(device, axis_name=AXIS))(jnp.zeros(count))
    return [leaf.reshape(ROWS, *leaf.shape[2:]) for leaf in made]


def test_noise_is_of_a_row_whatever_device_holds_it():
    one, eight, other = trained(1, 1), trained(8, 1), trained(1, 2)
    assert [noise.shape for noise in one] == [(ROWS, 2, 2, 1), (ROWS, 4, 4, 1)]
    for first, second, different in zip(one, eight, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert np.abs(first - different).min() > 0
        assert len(np.unique(first)) == first.size
    assert 0.8 < np.std(one[1]) < 1.2


def test_noise_is_fixed_outside_of_training():
    found = MODULE.apply(VARIABLES, ROWS, train=False)
    numbers = np.concatenate([noise.ravel() for noise in found])
    np.testing.assert_array_equal(numbers, VARIABLES["noise"]["fixed"])
    assert [noise.shape for noise in found] == [(1, 2, 2, 1), (1, 4, 4, 1)]
