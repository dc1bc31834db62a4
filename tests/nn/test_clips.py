"""Convolutions of clips against XLA's three-dimensional ones, and the GRU against Flax's."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.nn.clips import ClipConv, ClipConvTranspose
from jaxgan.nn.recurrent import GRU

LAYERS = [((4, 4), (1, 2), (0, 1)), ((4, 4), (2, 2), (1, 1)), ((3, 4), (1, 1), (0, 0))]


def noise(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def convolved(x, kernel, stride, padding):
    """XLA's own convolution over time, height and width."""
    strides, pads = (stride[0], stride[1], stride[1]), (padding[0], padding[1], padding[1])
    return lax.conv_general_dilated(
        x,
        kernel,
        strides,
        [(pad, pad) for pad in pads],
        dimension_numbers=("NDHWC", "DHWIO", "NDHWC"),
    )


@pytest.mark.parametrize("kernel, stride, padding", LAYERS)
def test_a_convolution_of_clips_and_its_gradients_are_xlas_own(kernel, stride, padding):
    x = noise(0, 2, 6, 6, 8, 3)
    layer = ClipConv(5, kernel, stride, padding)
    shape, variables = jax.eval_shape(layer.init_with_output, jax.random.key(0), x)
    params = {name: noise(1, *leaf.shape) for name, leaf in variables["params"].items()}
    weight = noise(2, *shape.shape)

    def ours(x, params):
        return jnp.sum(jnp.sin(layer.apply({"params": params}, x)) * weight)

    def theirs(x, params):
        y = convolved(x, params["kernel"], stride, padding) + params["bias"]
        return jnp.sum(jnp.sin(y) * weight)

    got = jax.jit(jax.value_and_grad(ours, (0, 1)))(x, params)
    wanted = jax.jit(jax.value_and_grad(theirs, (0, 1)))(x, params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4), got, wanted)


@pytest.mark.parametrize("kernel, stride, padding", LAYERS)
def test_the_transposed_convolution_is_the_adjoint(kernel, stride, padding):
    """``<conv x, y> = <x, transposed y>`` for one kernel."""
    small = noise(0, 2, 3, 2, 3, 4)
    transposed = ClipConvTranspose(3, kernel, stride, padding, bias=False)
    large, variables = jax.jit(transposed.init_with_output)(jax.random.key(0), small)
    x = noise(1, *large.shape)
    down = jax.jit(ClipConv(4, kernel, stride, padding, bias=False).apply)(variables, x)
    assert down.shape == small.shape
    np.testing.assert_allclose(jnp.vdot(down, small), jnp.vdot(x, large), rtol=1e-4)


def test_the_gru_is_flaxs_with_both_biases_added_up():
    x, state = noise(0, 3, 5, 4), noise(1, 3, 6)
    ours = GRU(6)
    params = ours.init(jax.random.key(0), x, state)["params"]
    (ir, iz, im), (hr, hz, hm) = (
        np.split(np.asarray(params[f"{who}_kernel"]), 3, axis=1) for who in ("input", "state")
    )
    (br, bz, bm), (cr, cz, cm) = (
        np.split(np.asarray(params[f"{who}_bias"]), 3) for who in ("input", "state")
    )
    theirs = {
        "ir": {"kernel": ir, "bias": br + cr},
        "iz": {"kernel": iz, "bias": bz + cz},
        "in": {"kernel": im, "bias": bm},
        "hr": {"kernel": hr},
        "hz": {"kernel": hz},
        "hn": {"kernel": hm, "bias": cm},
    }
    wanted = []
    for step in range(x.shape[1]):
        state_, _ = nn.GRUCell(6).apply(
            {"params": theirs}, state if step == 0 else state_, x[:, step]
        )
        wanted.append(state_)
    got = ours.apply({"params": params}, x, state)
    np.testing.assert_allclose(got, np.stack(wanted, axis=1), rtol=1e-5, atol=1e-6)
    largest = max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(params))
    assert 0.9 * 6**-0.5 < largest <= 6**-0.5
