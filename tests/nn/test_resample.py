import jax.numpy as jnp
import numpy as np

from jaxgan.nn.resample import average_pool, max_pool, upsample

X = jnp.arange(8.0).reshape(1, 2, 4, 1)


def test_pools_by_hand():
    np.testing.assert_array_equal(average_pool(X)[0, :, :, 0], [[2.5, 4.5]])
    np.testing.assert_array_equal(max_pool(X)[0, :, :, 0], [[5, 7]])


def test_doubling_repeats_every_pixel():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 2, 4)), jnp.float32)
    np.testing.assert_array_equal(upsample(x), np.asarray(x).repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_array_equal(average_pool(upsample(x)), x)
