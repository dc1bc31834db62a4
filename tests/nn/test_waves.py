"""Convolutions of waves against NumPy and XLA, and phase shuffle against NumPy."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.nn.waves import PhaseShuffle, WaveConv, WaveConvTranspose, same, shifted
from jaxgan.types import AXIS
from support.same_convolutions import convolved, transposed

# samples, kernel, stride: the paper's, its ablation's, its sixth layer's, one that fits.
LAYERS = [(16, 25, 4), (12, 5, 4), (8, 25, 2), (8, 4, 4)]


def noise(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def test_a_kernel_of_25_with_stride_4_is_padded_by_10_before_and_11_after():
    geometry = same(16_384, 25, 4)
    assert (geometry.low, geometry.high, geometry.output) == ((0, 10), (0, 11), (1, 4096))


@pytest.mark.parametrize("samples, kernel, stride", LAYERS)
def test_layers_are_numpys(samples, kernel, stride):
    x, y = noise(0, 2, samples, 3), noise(1, 2, samples // stride, 3)
    for layer, given, plain in (
        (WaveConv(2, kernel, stride), x, convolved),
        (WaveConvTranspose(2, kernel, stride), y, transposed),
    ):
        shape = jax.eval_shape(layer.init, jax.random.key(0), given)["params"]["kernel"].shape
        weights = noise(2, *shape)
        variables = {"params": {"kernel": weights, "bias": jnp.asarray([0.5, -1.0])}}
        weights = np.asarray(weights, np.float64)
        wanted = plain(np.asarray(given)[:, None], weights[None], (1, stride))[:, 0] + [0.5, -1.0]
        got = jax.jit(layer.apply)(variables, given)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [WaveConv, WaveConvTranspose])
def test_gradients_equal_xlas_to_second_order(layer):
    """Of a kernel that the stride does not divide, which CPUs compute in another way."""
    samples, kernel, stride = 12, 5, 4
    layer = layer(3, kernel, stride)
    x = noise(0, 2, samples if isinstance(layer, WaveConv) else samples // stride, 2)
    weights = layer.init(jax.random.key(0), x)["params"]["kernel"]

    def ours(x, weights):
        return layer.apply({"params": {"kernel": weights, "bias": jnp.zeros(3)}}, x)

    def plain(x, weights):
        return lax.conv_general_dilated(
            x, weights, (stride,), "SAME", dimension_numbers=("NHC", "HIO", "NHC")
        )

    def theirs(x, weights):
        if isinstance(layer, WaveConv):
            return plain(x, weights)
        large = jax.ShapeDtypeStruct((2, samples, 3), x.dtype)
        return jax.linear_transpose(lambda x: plain(x, weights), large)(x)[0]

    def derivatives(function):
        def loss(x, weights):
            return jnp.sum(jnp.sin(function(x, weights)))

        def penalty(x, weights):
            return sum(jnp.sum(jnp.cos(g)) for g in jax.grad(loss, (0, 1))(x, weights))

        return jax.grad(loss, (0, 1))(x, weights), jax.grad(penalty, (0, 1))(x, weights)

    got, wanted = jax.jit(lambda: (derivatives(ours), derivatives(theirs)))()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4), got, wanted)


def moved(x, shift):
    """The authors' phase shuffle: reflect on one side, cut on the other."""
    before, after = max(shift, 0), max(-shift, 0)
    padded = np.pad(np.asarray(x), ((0, 0), (before, after), (0, 0)), mode="reflect")
    return padded[:, after : after + x.shape[1]]


def test_shifts_are_numpys():
    x, shifts = noise(0, 7, 6, 2), jnp.arange(-3, 4)
    wanted = np.concatenate([moved(x[row : row + 1], row - 3) for row in range(7)])
    np.testing.assert_array_equal(shifted(x, shifts, 3), wanted)
    for shift in (-3, 0, 2):
        np.testing.assert_array_equal(shifted(x, jnp.asarray(shift), 3), moved(x, shift))


def test_the_gradient_of_a_shift_goes_where_the_samples_came_from():
    x, weight = noise(0, 3, 5, 1), noise(1, 3, 5, 1)
    for shifts in (jnp.asarray(-2), jnp.array([1, 0, -2])):
        got = jax.grad(lambda x, at=shifts: jnp.sum(weight * shifted(x, at, 2)))(x)
        wanted = np.zeros((3, 5))
        for row, shift in enumerate(np.broadcast_to(shifts, 3)):
            for to in range(5):
                place = abs(to - shift)
                wanted[row, min(place, 2 * 4 - place)] += weight[row, to, 0]
        np.testing.assert_allclose(got[..., 0], wanted, rtol=1e-6)


ROWS, SAMPLES = 8, 9

RAMP = jnp.broadcast_to(jnp.arange(SAMPLES, dtype=jnp.float32)[:, None], (ROWS, SAMPLES, 1))
"""Each sample is its place, so that the middle tells the shift."""


@partial(jax.jit, static_argnums=(0, 1))
def shuffled(per, devices, seed):
    def one(x):
        rngs = {"noise": jax.random.key(seed)}
        return PhaseShuffle(2, per).apply({}, x, train=True, rngs=rngs)

    return jax.vmap(one, axis_name=AXIS)(RAMP.reshape(devices, -1, *RAMP.shape[1:]))


def shifts_of(per, devices=1, seed=0):
    out = shuffled(per, devices, seed).reshape(RAMP.shape)
    return SAMPLES // 2 - np.asarray(out[:, SAMPLES // 2, 0])


def test_a_layer_has_one_shift_and_it_does_not_depend_on_the_number_of_devices():
    for seed in range(3):
        shifts = shifts_of("layer", seed=seed)
        assert len(set(shifts)) == 1
        np.testing.assert_array_equal(shifts, shifts_of("layer", 8, seed))


def test_shifts_of_samples_belong_to_their_rows():
    shifts = shifts_of("sample")
    assert len(set(shifts)) > 1
    np.testing.assert_array_equal(shifts, shifts_of("sample", 8))


@pytest.mark.parametrize("per", ["layer", "sample"])
def test_all_shifts_are_equally_likely(per):
    layer, x = PhaseShuffle(2, per), RAMP[:1]

    def one(seed):
        out = layer.apply({}, x, train=True, rngs={"noise": jax.random.key(seed)})
        return SAMPLES // 2 - out[0, SAMPLES // 2, 0]

    axis = jax.jit(jax.vmap(jax.vmap(one), axis_name=AXIS))
    counts = np.bincount(np.asarray(axis(jnp.arange(1000)[None]))[0].astype(int) + 2, minlength=5)
    assert len(counts) == 5
    np.testing.assert_allclose(counts, 200, atol=4 * np.sqrt(1000 * 0.2 * 0.8))


def test_without_a_radius_and_in_evaluation_nothing_moves():
    np.testing.assert_array_equal(PhaseShuffle(0).apply({}, RAMP, train=True), RAMP)
    np.testing.assert_array_equal(PhaseShuffle(2).apply({}, RAMP, train=False), RAMP)
