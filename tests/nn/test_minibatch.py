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


@pytest.mark.parametrize("what", ["x", "kernel"])
def test_the_slope_of_closeness_is_that_of_finite_differences(what):
    """In training, so through what the rows of all devices say of each other."""
    at = {"x": X[:4], "kernel": KERNEL}

    def loss(changed):
        x, kernel = (at | {what: changed}).values()

        def device(x):
            out = DISCRIMINATION.apply({"params": {"kernel": kernel}}, x, train=True)
            return jnp.mean(jnp.sin(3 * out[:, 6:]) * (1 + x[:, :1]))

        mapped = jax.vmap(device, axis_name=AXIS)
        return jnp.mean(mapped(x.reshape(2, -1, 6)))

    value, slope = jax.jit(loss), np.asarray(jax.jit(jax.grad(loss))(at[what]))
    for seed in range(3):
        direction = np.random.default_rng(seed).normal(size=slope.shape).astype(np.float32)
        # Few rows and short steps, since distances have kinks.
        ahead, behind = (float(value(at[what] + s * 1e-3 * direction)) for s in (1, -1))
        expected = (ahead - behind) / 2e-3
        assert np.sum(slope * direction) == pytest.approx(expected, rel=2e-2, abs=1e-3)


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


def test_the_deviation_of_a_group_by_hand():
    """Two groups of two samples of two features: halves of the distances, averaged."""
    x = np.array([[1, 10], [5, 10], [0, 2], [-6, 4]], np.float32).reshape(4, 1, 1, 2)
    out = jax.jit(partial(MinibatchStddev(2).apply, train=False))({}, jnp.asarray(x))
    np.testing.assert_allclose(out[:, 0, 0, 2], [1, 1, 2, 2], atol=1e-4)
    # NumPy's deviation, over the whole batch.
    out = jax.jit(partial(MinibatchStddev(None).apply, train=False))({}, jnp.asarray(x))
    np.testing.assert_allclose(out[:, 0, 0, 2], np.full(4, np.std(x, axis=0).mean()), rtol=1e-6)


def wavy(images, out):
    """A loss that weighs every sample differently, by what the layer saw and what it added."""
    return jnp.mean(jnp.sin(3 * out) * (1 + images[..., 0]))


@pytest.mark.parametrize("group", [4, None])
def test_the_slope_of_deviations_is_that_of_finite_differences(group):
    # Outside of training None is all rows at hand.
    layer = MinibatchStddev(group)

    def loss(images):
        return wavy(IMAGES[:8], layer.apply({}, images, train=False)[..., 5])

    value, slope = jax.jit(loss), np.asarray(jax.jit(jax.grad(loss))(IMAGES[:8]))
    for seed in range(4):
        direction = np.random.default_rng(seed).normal(size=slope.shape).astype(np.float32)
        ahead, behind = (float(value(IMAGES[:8] + s * 1e-2 * direction)) for s in (1, -1))
        expected = (ahead - behind) / 2e-2
        assert np.sum(slope * direction) == pytest.approx(expected, rel=1e-2, abs=1e-4)


@pytest.mark.parametrize("group", [2, None])
def test_gradients_of_deviations_on_eight_devices_are_those_on_one(group):
    """Of a gain before the layer: through the group's moments, on its device or on all."""
    layer = MinibatchStddev(group)
    gain = jnp.asarray(np.random.default_rng(3).uniform(0.5, 1.5, 5), jnp.float32)

    def gradient(devices):
        def one(x):
            def loss(gain):
                return wavy(x, layer.apply({}, jnp.tanh(gain * x), train=True)[..., 5])

            return jax.lax.pmean(jax.grad(loss)(gain), AXIS)

        mapped = jax.pmap(one, axis_name=AXIS, devices=jax.devices()[:devices], out_axes=None)
        return mapped(IMAGES.reshape(devices, -1, *IMAGES.shape[1:]))

    assert np.all(np.abs(gradient(1)) > 1e-4)
    np.testing.assert_allclose(gradient(8), gradient(1), rtol=1e-4, atol=1e-6)


def test_groups_shrink_to_what_divides_the_rows():
    out = jax.jit(partial(MinibatchStddev(4).apply, train=False))({}, IMAGES[:6])
    np.testing.assert_allclose(out[:, 0, 0, 5], deviation(np.asarray(IMAGES)[:6], 3), rtol=1e-5)


def test_equal_samples_have_a_gradient():
    layer = MinibatchStddev()
    slope = jax.jit(jax.grad(lambda x: jnp.sum(layer.apply({}, x, train=False))))
    slope = slope(jnp.ones((4, 2, 2, 1)))
    assert np.all(np.isfinite(slope))
