import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.nn import conv
from jaxgan.nn.padding import valid
from jaxgan.xla import tracing_for

# size, kernel, stride: every kernel parity, odd sizes, sizes that the stride does not divide.
SHAPES = [((6, 8), 4, 2), ((7, 5), 5, 2), ((5, 4), 3, 1), ((8, 7), 3, 3), ((3, 4), 1, 1)]


def plain(x, kernel, stride):
    """What XLA calls a ``SAME`` convolution, with its own gradients."""
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def plain_transposed(y, kernel, stride, size):
    """Its adjoint, by JAX's own transposition."""
    shape = (y.shape[0], *size, kernel.shape[2])
    x = jax.ShapeDtypeStruct(shape, y.dtype)
    return jax.linear_transpose(lambda x: plain(x, kernel, stride), x)(y)[0]


def derivatives(function, a, b):
    """Value, both first gradients, and both gradients of a penalty on each of them."""

    def loss(a, b):
        return jnp.sum(jnp.sin(function(a, b)))

    def penalty(operand):
        def of(a, b):
            return jnp.sum(jnp.cos(jax.grad(loss, operand)(a, b)))

        return jax.grad(of, (0, 1))(a, b)

    return function(a, b), jax.grad(loss, (0, 1))(a, b), penalty(0), penalty(1)


@pytest.mark.parametrize(
    "platform, inputs, outputs",
    [("cpu", 3, 2), ("cpu", 2, 6), ("cpu", 6, 2), ("gpu", 3, 2)],
)
@pytest.mark.parametrize("size, kernel, stride", SHAPES)
def test_convolutions_and_their_adjoints_equal_xla_to_second_order(
    size, kernel, stride, platform, inputs, outputs
):
    """Of few outputs and many, which CPUs compute in different ways; and as accelerators do."""
    random = np.random.default_rng(0)
    geometry = conv.same(size, kernel, stride)
    x = random.normal(size=(2, *size, inputs)).astype(np.float32)
    y = random.normal(size=(2, *geometry.output, outputs)).astype(np.float32)
    w = random.normal(size=(kernel, kernel, inputs, outputs)).astype(np.float32)

    def ours(x, y, w):
        forward = derivatives(lambda x, w: conv.convolution(geometry, x, w), x, w)
        back = derivatives(lambda y, w: conv.transposed_convolution(geometry, y, w), y, w)
        return forward, back

    def theirs(x, y, w):
        forward = derivatives(lambda x, w: plain(x, w, stride), x, w)
        return forward, derivatives(lambda y, w: plain_transposed(y, w, stride, size), y, w)

    def both(*arrays):
        with tracing_for(platform):
            return ours(*arrays), theirs(*arrays)

    # Only CPUs need the barriers.
    barriers = str(jax.make_jaxpr(both)(x, y, w)).count("optimization_barrier")
    assert (barriers > 0) == (platform == "cpu" and kernel > 1)
    got, expected = jax.jit(both)(x, y, w)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size, kernel, stride", [((7, 6), 4, 2), ((5, 6), 3, 1)])
def test_convolutions_without_padding_equal_xla_to_second_order(size, kernel, stride):
    """Rows and columns that the kernel never reaches have a gradient of zero."""
    random = np.random.default_rng(0)
    x = random.normal(size=(2, *size, 6)).astype(np.float32)
    w = random.normal(size=(kernel, kernel, 6, 2)).astype(np.float32)
    geometry = valid(size, kernel, stride)

    def plain_valid(x, w):
        numbers = ("NHWC", "HWIO", "NHWC")
        strides = (stride, stride)
        return lax.conv_general_dilated(x, w, strides, "VALID", dimension_numbers=numbers)

    def both(x, w):
        ours = derivatives(lambda x, w: conv.convolution(geometry, x, w), x, w)
        return ours, derivatives(plain_valid, x, w)

    got, expected = jax.jit(both)(x, w)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_same_padding_is_tensorflows():
    for size, kernel, stride in SHAPES:
        geometry = conv.same(size, kernel, stride)
        assert geometry.output == tuple(-(-n // stride) for n in size)
        pads = lax.padtype_to_pads(size, (kernel, kernel), (stride, stride), "SAME")
        assert list(zip(geometry.low, geometry.high, strict=True)) == list(pads)


def test_a_convolution_by_hand():
    """One channel, kernel 3, stride 2 on 3 x 3: padding of one on every side."""
    image = jnp.arange(1.0, 10.0).reshape(1, 3, 3, 1)
    layer = conv.Conv(1, 3, stride=2)
    params = {"kernel": jnp.ones((3, 3, 1, 1)), "bias": jnp.array([0.5])}
    out = layer.apply({"params": params}, image)
    np.testing.assert_allclose(out[0, :, :, 0], [[12.5, 16.5], [24.5, 28.5]])


def test_a_transposed_convolution_by_hand():
    """Each pixel paints its kernel: 2 x 2, stride 2, without overlap."""
    layer = conv.ConvTranspose(1, 2, stride=2)
    kernel = jnp.array([[1.0, 2.0], [3.0, 4.0]]).reshape(2, 2, 1, 1)
    image = jnp.array([1.0, 10.0]).reshape(1, 1, 2, 1)
    out = layer.apply({"params": {"kernel": kernel, "bias": jnp.array([1.0])}}, image)
    np.testing.assert_allclose(out[0, :, :, 0], [[2, 3, 11, 21], [4, 5, 31, 41]])


def test_layers_map_over_a_population():
    """Four members' kernel gradients at once equal each member's own."""
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=(2, 5, 5, 2)).astype(np.float32))
    kernels = jnp.asarray(random.normal(size=(4, 3, 3, 2, 3)).astype(np.float32))
    geometry = conv.same((5, 5), 3, 2)

    def gradient(kernel):
        return jax.grad(lambda k: jnp.sum(jnp.sin(conv.convolution(geometry, x, k))))(kernel)

    together = jax.vmap(gradient)(kernels)
    np.testing.assert_allclose(together, np.stack([gradient(k) for k in kernels]), rtol=1e-4)


def test_the_spread_of_activations_survives_initialization():
    """LeCun's: variance 1 / fan-in, where a transposed layer's inputs are its last axis."""
    x = jnp.ones((1, 4, 4, 64))
    for layer, fan_in in ((conv.Conv(32, 3), 9 * 64), (conv.ConvTranspose(32, 3), 9 * 64)):
        kernel = layer.init(jax.random.key(0), x)["params"]["kernel"]
        assert float(jnp.std(kernel)) == pytest.approx(fan_in**-0.5, rel=0.05)


@pytest.mark.parametrize("layer", [conv.Conv(3, 3), conv.ConvTranspose(3, 3)])
def test_low_precision_keeps_parameters_in_float32(layer):
    layer = layer.clone(dtype=jnp.bfloat16)
    x = jnp.ones((1, 4, 4, 2))
    out, variables = layer.init_with_output(jax.random.key(0), x)
    assert out.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype(jnp.float32)}


def test_shapes_are_checked_while_testing():
    """The control of the checks that conftest switches on."""
    with pytest.raises(Exception, match="Type-check error"):
        conv.Conv(3, 3).init(jax.random.key(0), jnp.ones((4, 4, 2)))
