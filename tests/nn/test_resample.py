"""Halving and doubling by hand, and convolutions that do so against two layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.conv import Conv
from jaxgan.nn.resample import average_pool, max_pool, upsample
from jaxgan.nn.resampled_conv import PooledConv, UpsampledConv

X = jnp.arange(8.0).reshape(1, 2, 4, 1)


def test_pools_by_hand():
    np.testing.assert_array_equal(average_pool(X)[0, :, :, 0], [[2.5, 4.5]])
    np.testing.assert_array_equal(max_pool(X)[0, :, :, 0], [[5, 7]])


def test_doubling_repeats_every_pixel():
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 2, 4)), jnp.float32)
    np.testing.assert_array_equal(upsample(x), np.asarray(x).repeat(2, axis=1).repeat(2, axis=2))
    np.testing.assert_array_equal(average_pool(upsample(x)), x)


def plain(conv, resampled, x):
    """What the layer computes, by a convolution and a resampling of full size."""
    before, after = (
        (upsample, lambda y: y) if resampled is UpsampledConv else (lambda x: x, average_pool)
    )
    return after(conv(before(x)))


@pytest.mark.parametrize("resampled", [UpsampledConv, PooledConv])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_resampled_convolutions_equal_two_layers_to_second_order(resampled, kernel):
    """The value, its gradients and those of a penalty on a gradient, of random shapes."""
    random = np.random.default_rng(kernel)
    height, width, inputs, outputs = random.integers(1, 5, size=4)
    x = jnp.asarray(random.normal(size=(2, 2 * height, 2 * width, inputs)), jnp.float32)
    layer, conv = resampled(int(outputs), kernel), Conv(int(outputs), kernel)
    params = conv.init(jax.random.key(0), x)
    params["params"]["bias"] = jnp.asarray(random.normal(size=outputs), jnp.float32)

    def everything(function):
        def loss(params, x):
            return jnp.sum(jnp.sin(function(params, x)))

        def penalty(params, x):
            return jnp.sum(jnp.square(jax.grad(loss, 1)(params, x)))

        return (
            function(params, x),
            jax.grad(loss, (0, 1))(params, x),
            jax.grad(penalty, (0, 1))(params, x),
        )

    def two_layers(params, x):
        return plain(lambda x: conv.apply(params, x), resampled, x)

    got, expected = jax.jit(lambda: (everything(layer.apply), everything(two_layers)))()
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


def test_an_odd_image_is_not_halved():
    with pytest.raises(ValueError, match="an image of 3 x 4 pixels cannot be halved"):
        PooledConv(2, 3).init(jax.random.key(0), jnp.ones((1, 3, 4, 2)))
