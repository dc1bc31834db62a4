"""Noise for each pixel: fixed outside of training, of rows in it, without weight at first."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nn.noise import PixelNoise
from jaxgan.types import AXIS

X = jnp.zeros((8, 4, 4, 3))


def variables(strength):
    found = PixelNoise().init(jax.random.key(0), X, train=False)
    return {**found, "params": {"strength": jnp.float32(strength)}}


def trained(count, key=1, strength=2.0):
    def device(x):
        rngs = {"noise": jax.random.key(key)}
        return PixelNoise().apply(variables(strength), x, train=True, rngs=rngs)

    return jax.vmap(device, axis_name=AXIS)(X.reshape(count, -1, *X.shape[1:])).reshape(X.shape)


def test_noise_is_of_a_row_whatever_device_holds_it():
    noise = trained(1)
    np.testing.assert_array_equal(noise, trained(8))
    np.testing.assert_array_equal(noise[..., 0], noise[..., 2])
    assert np.std(noise) > 1.0
    assert np.abs(noise[0] - noise[1]).max() > 0
    assert np.abs(noise - trained(1, key=2)).max() > 0


def test_noise_is_fixed_outside_of_training():
    given = variables(2.0)
    found = PixelNoise().apply(given, X, train=False)
    np.testing.assert_allclose(found[3, ..., 1], 2.0 * given["noise"]["fixed"])


def test_noise_begins_without_weight():
    found = PixelNoise().init(jax.random.key(0), X, train=False)["params"]
    assert found == {"strength": 0.0}
    np.testing.assert_array_equal(trained(1, strength=0.0), X)
