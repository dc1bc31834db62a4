import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.dropout import Dropout
from jaxgan.types import AXIS

ROWS, WIDTH = 64, 100


def dropped(rate, x, devices=1, seed=0, layer=None):
    layer = Dropout(rate) if layer is None else layer

    def one(x):
        return layer.apply({}, x, train=True, rngs={"dropout": jax.random.key(seed)})

    blocks = x.reshape(devices, -1, *x.shape[1:])
    return np.asarray(jax.vmap(one, axis_name=AXIS)(blocks)).reshape(x.shape)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate):
    out = dropped(rate, jnp.ones((ROWS, WIDTH)))
    error = np.sqrt(rate * (1 - rate) / out.size)
    assert np.mean(out == 0) == pytest.approx(rate, abs=4 * error)
    np.testing.assert_allclose(out[out != 0], 1 / (1 - rate), rtol=1e-6)


def test_masks_belong_to_rows_and_not_to_devices():
    x = jnp.ones((ROWS, WIDTH))
    one = dropped(0.5, x)
    np.testing.assert_array_equal(one, dropped(0.5, x, devices=8))
    assert len(np.unique(one, axis=0)) == ROWS


def test_masks_follow_the_key():
    x = jnp.ones((ROWS, WIDTH))
    np.testing.assert_array_equal(dropped(0.5, x), dropped(0.5, 3 * x) / 3)
    assert np.mean((dropped(0.5, x) == 0) == (dropped(0.5, x, seed=1) == 0)) < 0.6


def test_a_rate_of_zero_and_evaluation_change_nothing():
    x = jnp.linspace(-1, 1, ROWS * WIDTH).reshape(ROWS, WIDTH)
    np.testing.assert_array_equal(dropped(0.0, x), x)
    np.testing.assert_array_equal(Dropout(0.5).apply({}, x, train=False), x)


def test_the_dtype_of_activations_is_kept():
    out = dropped(0.5, jnp.ones((2, 3), jnp.bfloat16))
    assert out.dtype == jnp.bfloat16


def test_no_dropout_asks_for_no_random_numbers():
    x = jnp.ones((ROWS, WIDTH))
    np.testing.assert_array_equal(Dropout(0.0).apply({}, x, train=True), x)
