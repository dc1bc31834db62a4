"""Convolutions of sequences against loops in NumPy, and their gradients against differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxgan.nn import sequences
from jaxgan.nn.sequences import SequenceConv, SequenceConvTranspose, convolve, convolve_transposed

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


def by_loops(x, kernel, stride, dilation, groups):
    """What ``convolve`` says, one number after the other."""
    x, kernel = np.asarray(x), np.asarray(kernel)
    (b, n, _), (taps, own, o) = x.shape, kernel.shape
    pad = (taps - 1) // 2 * dilation
    padded = np.pad(x, ((0, 0), (pad, pad), (0, 0)))
    y = np.zeros((b, (n - 1) // stride + 1, o))
    for t in range(y.shape[1]):
        for out in range(o):
            first = out // (o // groups) * own
            seen = padded[:, t * stride : t * stride + (taps - 1) * dilation + 1 : dilation]
            seen = seen[:, :, first : first + own]
            y[:, t, out] = (seen * kernel[:, :, out]).sum(axis=(1, 2))
    return y


CASES = [
    (11, 3, 1, 1, 1, 2, 3),
    (13, 5, 3, 1, 1, 2, 6),
    (12, 7, 4, 1, 2, 6, 4),
    (10, 3, 1, 3, 1, 3, 2),
    (9, 3, 1, 12, 1, 2, 2),
    (8, 3, 1, 1, 4, 4, 8),
    (7, 9, 4, 1, 1, 1, 2),
]


@pytest.mark.parametrize("n, taps, stride, dilation, groups, inputs, outputs", CASES)
def test_convolutions_are_what_loops_say(n, taps, stride, dilation, groups, inputs, outputs):
    x, kernel = normal(2, n, inputs), normal(taps, inputs // groups, outputs)
    found = convolve(x, kernel, stride, dilation, groups)
    wanted = by_loops(x, kernel, stride, dilation, groups)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_groups_on_other_backends_compute_the_same(monkeypatch):
    for n, taps, stride, dilation, groups, inputs, outputs in CASES:
        x, kernel = normal(2, n, inputs), normal(taps, inputs // groups, outputs)
        here = convolve(x, kernel, stride, dilation, groups)
        with monkeypatch.context() as there:
            there.setattr(sequences, "target", lambda: "gpu")
            other = convolve(x, kernel, stride, dilation, groups)
        np.testing.assert_allclose(other, here, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("taps, stride", [(4, 2), (8, 4), (5, 3), (3, 1)])
def test_a_transposed_convolution_spreads_every_sample(taps, stride):
    x, kernel = normal(2, 5, 3), normal(taps, 3, 2)
    cut = (taps - stride) // 2
    whole = np.zeros((2, 4 * stride + taps, 2))
    for t in range(5):
        whole[:, t * stride : t * stride + taps] += np.einsum("bi,kio->bko", x[:, t], kernel)
    wanted = whole[:, cut : whole.shape[1] - cut]
    found = convolve_transposed(x, kernel, stride, cut)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_differences():
    x, kernel = normal(2, 9, 2), normal(3, 1, 4)

    def strided(x, kernel):
        return jnp.sin(convolve(x, kernel, 2, 1, 2))

    def others(x, kernel):
        x = convolve(x, jnp.repeat(kernel, 2, axis=1)[:, :, :2], dilation=2)
        return jnp.sin(convolve_transposed(x, jnp.repeat(kernel, 2, axis=1), 2, 0))

    for function in (strided, others):
        # Compiled: differences are taken at NumPy's arrays, which the functions refuse.
        check_grads(jax.jit(function), (x, kernel), order=1, modes=["rev"], atol=2e-2, rtol=2e-2)


def test_layers_begin_within_pytorchs_bounds():
    """``1 / sqrt(fan_in)``, where a transposed convolution's fan in is that of its outputs."""
    x = jnp.zeros((1, 8, 16))
    for layer, fan_in in (
        (SequenceConv(400, 5, groups=2), 5 * 8),
        (SequenceConvTranspose(100, 8, 4), 8 * 100),
    ):
        params = jax.jit(layer.init)(jax.random.key(0), x)["params"]
        bound = fan_in**-0.5
        for leaf in params.values():
            assert 0.95 * bound < float(jnp.abs(leaf).max()) <= bound
