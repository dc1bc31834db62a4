from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.minibatch import MinibatchDiscrimination, MinibatchStddev
from jaxgan.types import AXIS

RANDOM = np.random.default_rng(0)
X = jnp.asarray(RANDOM.normal(size=(16, 6)), jnp.float32)
IMAGES = jnp.asarray(RANDOM.normal(size=(16, 2, 3, 5)), jnp.float32)
DISCRIMINATION = MinibatchDiscrimination(3, 2)

KERNEL = jnp.asarray(RANDOM.normal(0, 0.3, (6, 6)), jnp.float32)
VARIABLES = {"params": {"kernel": KERNEL}}


def run(layer, variables, x, devices):
    def one(x):
        return layer.apply(variables, x, train=True)

    mapped = jax.pmap(one, axis_name=AXIS, devices=jax.devices()[:devices])
    out = mapped(x.reshape(devices, -1, *x.shape[1:]))
    return np.asarray(out).reshape(len(x), *out.shape[2:])


def closeness(kernel, x):
    """Salimans et al. 2016, section 3.2, pair by pair."""
    out = np.zeros((len(x), 3))
    for i in range(len(x)):
        for j in range(len(x)):
            for b in range(3):
                one, other = (x[n] @ kernel.reshape(6, 3, 2)[:, b] for n in (i, j))
                out[i, b] += (i != j) * np.exp(-np.abs(one - other).sum())
    return out


@pytest.mark.parametrize("devices", [1, 8])
def test_samples_are_compared_with_the_global_batch(devices):
    out = run(DISCRIMINATION, VARIABLES, X, devices)
    np.testing.assert_array_equal(out[:, :6], X)
    expected = closeness(np.asarray(KERNEL), np.asarray(X))
    np.testing.assert_allclose(out[:, 6:], expected, rtol=1e-4)


def test_gradients_on_eight_devices_are_those_on_one():

    def gradient(devices):
        def one(x):
            def loss(variables):
                return jnp.mean(jnp.sin(DISCRIMINATION.apply(variables, x, train=True)[:, 6:]))

            return jax.lax.pmean(jax.grad(loss)(VARIABLES), AXIS)

        mapped = jax.pmap(one, axis_name=AXIS, devices=jax.devices()[:devices], out_axes=None)
        return mapped(X.reshape(devices, -1, 6))["params"]["kernel"]

    np.testing.assert_allclose(gradient(8), gradient(1), rtol=1e-4, atol=1e-7)


def test_equal_samples_are_as_close_as_can_be():
    same = jnp.ones((4, 6))
    make = jax.jit(partial(DISCRIMINATION.init_with_output, train=True))
    out, _ = make(jax.random.key(0), same)
    np.testing.assert_allclose(out[:, 6:], 3.0)


def deviation(x, size):
    """Karras et al. 2018, section 3, group by group."""
    out = np.zeros(len(x))
    for start in range(0, len(x), size):
        group = x[start : start + size]
        mean = sum(group) / size
        variance = sum((sample - mean) ** 2 for sample in group) / size
        out[start : start + size] = np.mean(np.sqrt(variance + 1e-8))
    return out


@pytest.mark.parametrize(
    "group, devices, size", [(4, 1, 4), (2, 8, 2), (None, 1, 16), (None, 8, 16)]
)
def test_deviations_are_those_of_the_group(group, devices, size):
    out = run(MinibatchStddev(group), {}, IMAGES, devices)
    np.testing.assert_array_equal(out[..., :5], IMAGES)
    expected = np.broadcast_to(deviation(np.asarray(IMAGES), size)[:, None, None], (16, 2, 3))
    np.testing.assert_allclose(out[..., 5], expected, rtol=1e-5)


def test_groups_shrink_to_what_divides_the_rows():
    out = jax.jit(partial(MinibatchStddev(4).apply, train=False))({}, IMAGES[:6])
    np.testing.assert_allclose(out[:, 0, 0, 5], deviation(np.asarray(IMAGES)[:6], 3), rtol=1e-5)


def test_equal_samples_have_a_gradient():
    layer = MinibatchStddev()
    slope = jax.jit(jax.grad(lambda x: jnp.sum(layer.apply({}, x, train=False))))
    slope = slope(jnp.ones((4, 2, 2, 1)))
    assert np.all(np.isfinite(slope))
