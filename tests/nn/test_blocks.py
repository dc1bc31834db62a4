from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn import blocks
from jaxgan.nn.norm import LayerNorm
from jaxgan.nn.resample import average_pool, upsample

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, 4, 8)), jnp.float32)


def silenced(variables, *names):
    """With the last convolution of the residual at zero: what is left is the shortcut."""
    params = dict(variables["params"])
    for name in names:
        params[name] = jax.tree.map(jnp.zeros_like, params[name])
    return {**variables, "params": params}


def shortcut(block, last, x=X, **kwargs):
    variables = jax.jit(partial(block.init, **kwargs))(jax.random.key(0), x)
    out = jax.jit(partial(block.apply, **kwargs))(silenced(variables, last), x)
    kernel = variables["params"].get("shortcut", {}).get("kernel")
    return np.asarray(out), None if kernel is None else np.asarray(kernel)[0, 0]


def test_the_generators_shortcut_doubles_and_convolves():
    out, kernel = shortcut(blocks.GeneratorBlock(6), "conv2", train=False)
    np.testing.assert_allclose(out, upsample(X) @ kernel, rtol=1e-4, atol=1e-5)
    out, kernel = shortcut(blocks.GeneratorBlock(8, up=False), "conv2", train=False)
    assert kernel is None
    np.testing.assert_array_equal(out, X)


@pytest.mark.parametrize("first", [False, True])
def test_the_discriminators_shortcut_halves_and_convolves(first):
    """A 1 x 1 convolution and an average commute."""
    out, kernel = shortcut(blocks.DiscriminatorBlock(6, first=first), "conv2")
    np.testing.assert_allclose(out, average_pool(X @ kernel), rtol=1e-4, atol=1e-5)


def test_a_block_that_keeps_its_shape_has_the_identity_as_its_shortcut():
    out, kernel = shortcut(blocks.DiscriminatorBlock(8, down=False), "conv2")
    assert kernel is None
    np.testing.assert_array_equal(out, X)


def test_only_the_first_block_does_not_rectify_its_input():
    for first in (False, True):
        block = blocks.DiscriminatorBlock(3, first=first)
        variables = silenced(jax.jit(block.init)(jax.random.key(0), X), "shortcut")
        negative = jax.jit(block.apply)(variables, -jnp.abs(X))
        assert bool(np.any(negative)) == first


def test_a_discriminators_block_may_normalize_before_each_relu():
    """Its output but for the shortcut is that of the normalized image, whatever its scale."""
    block = blocks.DiscriminatorBlock(6, norm=LayerNorm)
    variables = silenced(jax.jit(block.init)(jax.random.key(0), X), "shortcut")
    params = variables["params"]
    assert "bias" not in params["conv1"]
    assert params["norm1"]["scale"].shape == params["norm2"]["scale"].shape == (8,)
    run = jax.jit(block.apply)
    np.testing.assert_allclose(run(variables, 7 * X + 3), run(variables, X), atol=1e-4)
    # Rectified after it is normalized, not before.
    raised = {"bias": params["norm1"]["bias"] - 1e3, "scale": params["norm1"]["scale"]}
    np.testing.assert_array_equal(run({"params": {**params, "norm1": raised}}, X), 0)


def test_hidden_layers_are_as_wide_as_the_paper_says():
    for wide, hidden in ((False, 8), (True, 6)):
        block = blocks.DiscriminatorBlock(6, wide=wide)
        params = jax.eval_shape(block.init, jax.random.key(0), X)["params"]
        assert params["conv1"]["kernel"].shape == (3, 3, 8, hidden)


def test_the_deep_generators_shortcut_drops_channels():
    out, kernel = shortcut(blocks.DeepGeneratorBlock(4), "conv4", train=False)
    assert kernel is None
    np.testing.assert_array_equal(out, upsample(X[..., :4]))


def test_the_deep_discriminators_shortcut_adds_channels():
    out, kernel = shortcut(blocks.DeepDiscriminatorBlock(12), "conv4")
    half = np.asarray(average_pool(X))
    np.testing.assert_allclose(out, np.concatenate([half, half @ kernel], -1), rtol=1e-5, atol=1e-6)


def test_kernels_start_with_the_variance_of_the_papers():
    """Glorot's, doubled in the residual: 2 * 2 / (9 (in + out))."""
    x = jnp.zeros((1, 4, 4, 64))
    params = jax.jit(blocks.DiscriminatorBlock(64).init)(jax.random.key(0), x)["params"]
    for name, gain, window in (("conv1", 2, 9), ("shortcut", 1, 1)):
        expected = np.sqrt(gain * 2 / (window * 128))
        assert float(jnp.std(params[name]["kernel"])) == pytest.approx(expected, rel=0.05)


def test_deep_kernels_start_orthogonal():
    params = jax.jit(blocks.DeepDiscriminatorBlock(16).init)(jax.random.key(0), X)["params"]
    kernel = np.asarray(params["conv2"]["kernel"]).reshape(-1, 4)
    np.testing.assert_allclose(kernel.T @ kernel, np.eye(4), atol=1e-5)
