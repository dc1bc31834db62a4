import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.nn import conv, padding

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("size, kernel, stride", [(7, 4, 2), (6, 3, 1), (4, 4, 1)])
def test_a_valid_convolution_is_xlas(size, kernel, stride):
    x = jnp.asarray(RANDOM.normal(size=(2, size, size, 3)), jnp.float32)
    layer = padding.ValidConv(5, kernel, stride)
    out, variables = jax.jit(layer.init_with_output)(jax.random.key(0), x)
    expected = lax.conv_general_dilated(
        x,
        variables["params"]["kernel"],
        (stride, stride),
        "VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5)


def adjoint(forward, back, x, y):
    """``<A x, y> = <x, A' y>`` with one kernel, whose last axes are swapped in name only."""
    shapes = jax.eval_shape(forward.init, jax.random.key(0), x)["params"]["kernel"]
    kernel = jnp.asarray(RANDOM.normal(size=shapes.shape), jnp.float32)
    params = {"params": {"kernel": kernel}}
    there, again = jax.jit(forward.apply)(params, x), jax.jit(back.apply)(params, y)
    assert (there.shape, again.shape) == (y.shape, x.shape)
    np.testing.assert_allclose(np.sum(there * y), np.sum(x * again), rtol=1e-3)


def test_a_valid_transposed_convolution_is_the_adjoint():
    x, y = (jnp.asarray(RANDOM.normal(size=s), jnp.float32) for s in ((2, 10, 10, 3), (2, 4, 4, 5)))
    there = padding.ValidConv(5, 4, 2, bias=False)
    adjoint(there, padding.ValidConvTranspose(3, 4, 2, bias=False), x, y)


@pytest.mark.parametrize("size", [7, 8])
def test_four_pixels_double_to_seven_or_eight(size):
    x, y = (
        jnp.asarray(RANDOM.normal(size=s), jnp.float32) for s in ((2, size, size, 3), (2, 4, 4, 5))
    )
    there = conv.Conv(5, 5, stride=2, bias=False)
    adjoint(there, padding.ConvTransposeTo(3, 5, size=size, bias=False), x, y)


def test_what_does_not_halve_to_the_input_is_refused():
    with pytest.raises(AssertionError, match="9 does not halve"):
        padding.ConvTransposeTo(3, 5, size=9).init(jax.random.key(0), jnp.zeros((1, 4, 4, 2)))


def test_an_untied_bias_belongs_to_a_pixel():
    layer = padding.ValidConv(2, 1, untied=True)
    params = jax.eval_shape(layer.init, jax.random.key(0), jnp.zeros((1, 3, 4, 5)))["params"]
    assert params["bias"].shape == (3, 4, 2)
