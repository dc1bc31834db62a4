"""Modulated convolutions: both ways against a loop over samples, and what demodulation keeps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d, upfirdn

from jaxgan.nn.modulated import ModulatedConv, by_activations, by_weights, plain
from jaxgan.nn.resampled_conv import doubling_convolution, halving_convolution

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 4, 6, 2))
KERNEL = RANDOM.normal(size=(3, 3, 2, 3))
SCALES = RANDOM.uniform(0.5, 2.0, (3, 2))
TAPS = np.array([1.0, 3.0, 3.0, 1.0]) / 8


def smoothed(image):
    """All of the places that the filter reaches."""
    return convolve2d(image, np.outer(TAPS, TAPS))


def kept(image, kernel):
    return correlate2d(image, kernel, mode="same")


def doubled(image, kernel):
    apart = upfirdn([1.0], upfirdn([1.0], image, up=2, axis=0), up=2, axis=1)
    height, width = image.shape
    full = 4 * smoothed(convolve2d(apart, kernel))
    return full[2:][: 2 * height, 2 : 2 + 2 * width]


def halved(image, kernel):
    return correlate2d(smoothed(np.pad(image, 2))[3:-3, 3:-3], kernel, mode="valid")[::2, ::2]


def summed(operation, image, kernel):
    """Over input channels, for each output channel."""
    return np.stack(
        [
            sum(operation(image[..., i], kernel[..., i, o]) for i in range(kernel.shape[2]))
            for o in range(kernel.shape[3])
        ],
        axis=-1,
    )


def single(*arrays):
    return [jnp.asarray(array, jnp.float32) for array in arrays]


@pytest.mark.parametrize("side", [3, 1])
def test_a_halving_convolution_is_scipy_s(side):
    kernel = KERNEL if side == 3 else KERNEL[:1, :1]
    expected = [summed(halved, image, KERNEL) for image in X]
    if side == 1:
        # The smoothed image's every second place, under the middle of the kernel.
        middle = np.zeros_like(KERNEL)
        middle[1, 1] = kernel[0, 0]
        expected = [summed(halved, image, middle) for image in X]
    found = jax.jit(halving_convolution)(*single(X, kernel))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("way", [by_activations, by_weights])
def test_each_sample_has_its_own_kernel(way, up, demodulate):
    expected = []
    for image, scales in zip(X, SCALES, strict=True):
        kernel = KERNEL * scales[:, None]
        if demodulate:
            kernel = kernel / np.sqrt(np.square(kernel).sum(axis=(0, 1, 2)) + 1e-8)
        expected.append(summed(doubled if up else kept, image, kernel))
    convolve = doubling_convolution if up else plain
    found = jax.jit(lambda *given: way(convolve, *given, demodulate))(*single(X, KERNEL, SCALES))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("up", [False, True])
def test_both_ways_have_the_same_gradients_to_second_order(up):
    convolve = doubling_convolution if up else plain

    def everything(way):
        def loss(x, kernel, scales):
            return jnp.sum(jnp.sin(way(convolve, x, kernel, scales)))

        def penalty(x, kernel, scales):
            return jnp.sum(jnp.square(jax.grad(loss, 2)(x, kernel, scales)))

        given = single(X, KERNEL, SCALES)
        return jax.grad(loss, (0, 1, 2))(*given), jax.grad(penalty, (0, 1, 2))(*given)

    found, expected = jax.jit(lambda: (everything(by_activations), everything(by_weights)))()
    for one, other in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4 * np.abs(other).max())


@pytest.mark.parametrize("demodulate", [True, False])
def test_outputs_have_unit_variance_under_any_style_if_demodulated(demodulate):
    module = ModulatedConv(64, demodulate=demodulate)
    x = jax.random.normal(jax.random.key(0), (8, 8, 8, 32))
    style = 3.0 * jax.random.normal(jax.random.key(1), (8, 16))
    variables = module.init(jax.random.key(2), x, style)
    inner = np.asarray(jax.jit(module.apply)(variables, x, style))[:, 1:-1, 1:-1]
    deviations = inner.std(axis=(1, 2, 3))
    if demodulate:
        np.testing.assert_allclose(deviations, 1.0, rtol=0.1)
    else:
        assert deviations.min() > 1.5  # of styles, whose scales are 1 +- 3
