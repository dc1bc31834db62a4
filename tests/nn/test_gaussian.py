import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nn.gaussian import GaussianNoise
from jaxgan.types import AXIS

LAYER = GaussianNoise()


def drawn(mean, log_deviation, devices=1):
    def one(*given):
        return LAYER.apply({}, *given, train=True, rngs={"noise": jax.random.key(0)})

    blocks = [x.reshape(devices, -1, x.shape[-1]) for x in (mean, log_deviation)]
    return np.asarray(jax.jit(jax.vmap(one, axis_name=AXIS))(*blocks)).reshape(mean.shape)


def test_samples_have_their_mean_and_deviation():
    shape = (64, 50)
    out = drawn(2 * jnp.ones(shape), jnp.log(3.0) * jnp.ones(shape))
    assert abs(out.mean() - 2) < 4 * 3 / np.sqrt(out.size)
    assert abs(out.std() - 3) < 4 * 3 / np.sqrt(2 * out.size)


def test_noise_belongs_to_rows_and_not_to_devices():
    mean, spread = jnp.zeros((16, 4)), jnp.zeros((16, 4))
    np.testing.assert_array_equal(drawn(mean, spread), drawn(mean, spread, 8))


def test_outside_of_training_it_is_the_mean():
    mean = jnp.linspace(0, 1, 6).reshape(2, 3)
    np.testing.assert_array_equal(LAYER.apply({}, mean, 5.0, train=False), mean)
