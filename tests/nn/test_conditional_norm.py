from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.conditional_norm import ConditionalBatchNorm
from jaxgan.types import AXIS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(2.0, 3.0, (16, 2, 3, 4)).astype(np.float32)
IMAGES = jnp.asarray(X)
LABELS = jnp.asarray(RANDOM.integers(0, 5, 16), jnp.int32)
VECTORS = jnp.asarray(RANDOM.normal(size=(16, 6)), jnp.float32)
LAYER = ConditionalBatchNorm(5, kernel_init=nn.initializers.normal(1.0))


def layer(condition):
    """Without a condition, the layer of no classes."""
    return LAYER.clone(classes=0) if condition is None else LAYER


def variables(condition):
    """Gains, biases and running moments away from where they start."""
    init = partial(layer(condition).init, train=False)
    shapes = jax.eval_shape(init, jax.random.key(0), IMAGES, condition)
    random = np.random.default_rng(1)

    def fill(leaf):
        return jnp.asarray(random.uniform(0.5, 1, leaf.shape), jnp.float32)

    return jax.tree.map(fill, shapes)


def run(given, condition, devices, train=True):
    def one(x, condition):
        return layer(condition).apply(given, x, condition, train=train, mutable=["batch_stats"])

    split = jax.tree.map(lambda a: a.reshape(devices, -1, *a.shape[1:]), (X, condition))
    mapped = jax.pmap(one, axis_name=AXIS, devices=jax.devices()[:devices], out_axes=(0, None))
    out, changed = mapped(*split)
    return np.asarray(out).reshape(X.shape), changed["batch_stats"]


def per_sample(gain, bias, mean, var):
    """The formula for one sample after the other."""
    rows = [(X[n] - mean) / np.sqrt(var + 1e-5) * gain[n] + bias[n] for n in range(len(X))]
    return np.stack(rows)


@pytest.mark.parametrize("devices", [1, 8])
def test_each_class_has_its_gain_and_bias(devices):
    given = variables(LABELS)
    gain, bias = (np.asarray(given["params"][name]) for name in ("gain", "bias"))
    out, running = run(given, LABELS, devices)
    mean, var = X.mean((0, 1, 2)), X.var((0, 1, 2))
    expected = per_sample(gain[LABELS], bias[LABELS], mean, var)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
    before = given["batch_stats"]["BatchNorm_0"]["mean"]
    np.testing.assert_allclose(running["BatchNorm_0"]["mean"], 0.9 * before + 0.1 * mean, rtol=1e-5)


def test_a_vector_gives_one_plus_its_gain():
    given = variables(VECTORS)
    gain, bias = (VECTORS @ given["params"][name]["kernel"] for name in ("gain", "bias"))
    out, _ = run(given, VECTORS, 1)
    expected = per_sample(1 + gain, bias, X.mean((0, 1, 2)), X.var((0, 1, 2)))
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


def test_without_a_condition_it_is_batch_normalization():
    given = variables(None)
    inner = given["params"]["BatchNorm_0"]
    out, _ = run(given, None, 1)
    rows = [np.tile(inner[name], (16, 1)) for name in ("scale", "bias")]
    expected = per_sample(*rows, X.mean((0, 1, 2)), X.var((0, 1, 2)))
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


def test_a_layer_of_classes_needs_a_condition():
    with pytest.raises(ValueError, match="of 5 classes, and was given no label"):
        jax.eval_shape(partial(LAYER.init, train=False), jax.random.key(0), IMAGES)


def test_running_moments_normalize_outside_of_training():
    given = variables(LABELS)
    stats = {name: np.asarray(v) for name, v in given["batch_stats"]["BatchNorm_0"].items()}
    gain, bias = (np.asarray(given["params"][name]) for name in ("gain", "bias"))
    out = jax.jit(partial(LAYER.apply, train=False))(given, IMAGES, LABELS)
    expected = per_sample(gain[LABELS], bias[LABELS], stats["mean"], stats["var"])
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


def test_a_fresh_layer_only_normalizes():
    for condition in (LABELS, None):
        start = jax.jit(partial(layer(condition).init, train=False))(
            jax.random.key(0), IMAGES, condition
        )
        out, _ = run(start, condition, 1)
        np.testing.assert_allclose(out.mean((0, 1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(out.std((0, 1, 2)), 1, atol=1e-4)


def test_the_dtype_of_activations_is_kept():
    for condition in (LABELS, VECTORS, None):
        make = partial(layer(condition).init_with_output, train=False)
        low = jnp.asarray(X, jnp.bfloat16)
        out, given = jax.eval_shape(make, jax.random.key(0), low, condition)
        assert out.dtype == jnp.bfloat16
        assert {leaf.dtype for leaf in jax.tree.leaves(given)} == {jnp.dtype(jnp.float32)}
