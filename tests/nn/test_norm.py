import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.norm import BatchNorm, LayerNorm
from jaxgan.types import AXIS

X = np.random.default_rng(0).normal(2.0, 3.0, (16, 4, 3)).astype(np.float32)
VARIABLES = {
    "params": {"scale": jnp.array([1.0, 2.0, 0.5]), "bias": jnp.array([0.0, 1.0, -1.0])},
    "batch_stats": {"mean": jnp.array([1.0, 0.0, 0.0]), "var": jnp.array([1.0, 4.0, 1.0])},
}


def expected(x, mean, var):
    scale, bias = (np.asarray(VARIABLES["params"][name]) for name in ("scale", "bias"))
    return (x - mean) / np.sqrt(var + 1e-5) * scale + bias


@pytest.mark.parametrize("devices", [1, 8])
def test_moments_are_those_of_the_global_batch(devices):
    layer = BatchNorm(use_running_average=False, momentum=0.9)

    def one(x):
        return layer.apply(VARIABLES, x, mutable=["batch_stats"])

    run = jax.pmap(one, axis_name=AXIS, devices=jax.devices()[:devices], out_axes=(0, None))
    out, changed = run(X.reshape(devices, -1, *X.shape[1:]))
    mean, var = X.mean((0, 1)), X.var((0, 1))
    np.testing.assert_allclose(
        np.asarray(out).reshape(X.shape), expected(X, mean, var), rtol=1e-4, atol=1e-5
    )
    running, before = changed["batch_stats"], VARIABLES["batch_stats"]
    np.testing.assert_allclose(running["mean"], 0.9 * before["mean"] + 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(running["var"], 0.9 * before["var"] + 0.1 * var, rtol=1e-5)


def test_running_moments_normalize_outside_of_training():
    out = BatchNorm(use_running_average=True).apply(VARIABLES, X)
    stats = VARIABLES["batch_stats"]
    np.testing.assert_allclose(
        out, expected(X, np.asarray(stats["mean"]), np.asarray(stats["var"])), rtol=1e-5
    )


def test_moments_are_float32_under_bfloat16():
    x = jnp.asarray(X, jnp.bfloat16)
    layer = BatchNorm(use_running_average=False, momentum=0.0, dtype=jnp.bfloat16)
    out, changed = jax.vmap(
        lambda x: layer.apply(VARIABLES, x, mutable=["batch_stats"]), axis_name=AXIS
    )(x[None])
    exact = np.asarray(x, np.float64)
    assert out.dtype == jnp.bfloat16
    running = changed["batch_stats"]
    assert running["mean"].dtype == running["var"].dtype == jnp.float32
    np.testing.assert_allclose(running["mean"][0], exact.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(running["var"][0], exact.var((0, 1)), rtol=1e-4)


def test_layer_normalization_is_by_the_moments_of_each_image():
    """Over pixels and channels together, then one gain and bias per channel."""
    x = X.reshape(16, 2, 2, 3)
    out = jax.jit(LayerNorm().apply)({"params": VARIABLES["params"]}, x)
    for image, normalized in zip(x, np.asarray(out), strict=True):
        wanted = expected(image, image.mean(), image.var())
        np.testing.assert_allclose(normalized, wanted, rtol=1e-4, atol=1e-5)
