"""Grouped convolutions and smooth resampling, against XLA's own and scipy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import upfirdn

from jaxgan.nn.grouped import grouped_convolution
from jaxgan.nn.resample import smooth_downsample, smooth_upsample


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_a_grouped_convolution_and_its_gradients_are_xla_s(groups):
    x = jax.random.normal(jax.random.key(0), (2, 5, 4, 6))
    kernel = jax.random.normal(jax.random.key(1), (3, 3, 6 // groups, 12))

    def theirs(x, kernel):
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (1, 1),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    def slope(function):
        """Of the slope's square: the second derivatives that penalties take."""

        def penalty(x, kernel):
            found = jax.grad(lambda x: jnp.sin(function(x, kernel)).sum())(x)
            return jnp.square(found).sum()

        return jax.jit(jax.grad(penalty, (0, 1)))(x, kernel)

    def ours(x, kernel):
        return grouped_convolution(x, kernel, groups)

    np.testing.assert_allclose(ours(x, kernel), theirs(x, kernel), rtol=1e-4, atol=1e-4)
    for found, expected in zip(slope(ours), slope(theirs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_smooth_resampling_is_scipy_s():
    x = np.random.default_rng(0).normal(size=(2, 6, 4, 3)).astype(np.float32)
    up = x.astype(np.float64)
    down = x.astype(np.float64)
    for axis in (1, 2):
        size = up.shape[axis]
        up = upfirdn([0.25, 0.75, 0.75, 0.25], up, up=2, axis=axis)
        up = np.take(up, np.arange(1, 2 * size + 1), axis)
        size = down.shape[axis]
        down = upfirdn([0.125, 0.375, 0.375, 0.125], down, axis=axis)
        down = np.take(down, np.arange(2, size + 2, 2), axis)
    np.testing.assert_allclose(smooth_upsample(jnp.asarray(x)), up, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(smooth_downsample(jnp.asarray(x)), down, rtol=1e-5, atol=1e-6)
