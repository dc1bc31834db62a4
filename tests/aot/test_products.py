"""Matrix products counted by hand, and against XLA's own count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxgan.aot.chips import CHIPS
from jaxgan.aot.products import Product, products
from jaxgan.nn import conv
from jaxgan.sweep.flops import counted


def shape(*sizes, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(sizes, dtype)


def found(function, *arguments, step=None):
    return products(jax.make_jaxpr(function)(*arguments), step)


def flops(function, *arguments, step=None):
    return sum(product.flops for product in found(function, *arguments, step=step))


def test_a_product_of_matrices():
    (one,) = found(jnp.dot, shape(30, 40), shape(40, 50))
    assert (one.rows, one.depth, one.columns, one.times) == (30, 40, 50, 1)
    assert one.flops == 2 * 30 * 40 * 50


def test_a_batch_of_products():
    assert flops(jnp.matmul, shape(7, 30, 40), shape(7, 40, 50)) == 7 * 2 * 30 * 40 * 50
    (one,) = found(jnp.matmul, shape(7, 30, 40), shape(7, 40, 50))
    assert (one.depth, one.columns) == (40, 50)


CONVOLUTIONS = {
    "same": dict(window_strides=(1, 1), padding="SAME"),
    "strided": dict(window_strides=(2, 3), padding="SAME"),
    "valid": dict(window_strides=(1, 1), padding="VALID"),
    "transposed": dict(window_strides=(1, 1), padding=((3, 2), (3, 2)), lhs_dilation=(2, 2)),
    "dilated": dict(window_strides=(1, 1), padding="SAME", rhs_dilation=(2, 2)),
    "grouped": dict(window_strides=(1, 1), padding="SAME", feature_group_count=3),
    "batch in groups": dict(window_strides=(1, 1), padding="SAME", batch_group_count=2),
}


@pytest.mark.parametrize("how", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_convolution_counts_as_xla_counts_it(how):
    inputs = 6 // how.get("feature_group_count", 1)
    x, kernel = shape(4, 9, 8, 6), shape(5, 5, inputs, 12)

    def convolve(x, kernel):
        return lax.conv_general_dilated(
            x, kernel, dimension_numbers=("NHWC", "HWIO", "NHWC"), **how
        )

    assert flops(convolve, x, kernel) == counted(convolve, x, kernel)


def test_derivatives_that_are_not_asked_for_do_not_count():
    geometry = conv.same((8, 8), 3, 1)
    x, kernel = shape(2, 8, 8, 32), shape(3, 3, 32, 64)

    def loss(x, kernel):
        return jnp.sum(conv.convolution(geometry, x, kernel) ** 2)

    once = flops(loss, x, kernel)
    assert flops(jax.grad(loss, argnums=1), x, kernel) == 2 * once
    assert flops(jax.grad(loss, argnums=(0, 1)), x, kernel) == 3 * once


def test_the_body_of_a_loop_counts_as_often_as_it_runs():
    def looped(a):
        return lax.scan(lambda b, _: (b @ a, None), a, length=7)[0]

    assert flops(looped, shape(30, 30)) == 7 * 2 * 30**3
    assert counted(looped, shape(30, 30)) < 7 * 2 * 30**3, "the control: XLA counts it once"


@pytest.mark.parametrize("every, share", [(1, 1), (2, 1 / 2), (7, 1 / 7), (16, 1 / 16)])
def test_a_branch_counts_as_often_as_it_is_taken(every, share):
    @jax.jit
    def lazy(step, a):
        return lax.cond(step % every == 0, lambda: jnp.dot(a, a), lambda: a)

    step, a = shape(dtype=jnp.int32), shape(30, 30)
    assert flops(lazy, step, a, step=0) == pytest.approx(share * 2 * 30**3)


def test_a_branch_within_a_branch_and_within_a_gradient():
    def loss(step, a):
        inner = lambda: lax.cond(step % 2 == 0, lambda: jnp.sum(a @ a), lambda: 0.0)  # noqa: E731
        return lax.cond(step % 3 == 1, inner, lambda: 0.0)

    step, a = shape(dtype=jnp.int32), shape(30, 30)
    assert flops(loss, step, a, step=0) == pytest.approx(2 * 30**3 / 6)
    gradient = jax.value_and_grad(loss, argnums=1)
    assert flops(gradient, step, a, step=0) == pytest.approx(3 * 2 * 30**3 / 6)


def test_of_a_branch_that_depends_on_data_the_dearest_counts():
    def either(a):
        return lax.cond(a[0, 0] > 0, lambda: a, lambda: a @ a)

    assert flops(either, shape(30, 30)) == 2 * 30**3


@pytest.mark.parametrize(
    "precision, dtype, v5e, h100",
    [
        ("float32", jnp.float32, 6, 989.5 / 67),
        ("tensorfloat32", jnp.float32, 3, 989.5 / 494.7),
        ("bfloat16", jnp.float32, 1, 989.5 / 494.7),  # which a GPU takes for its default
        ("float32", jnp.bfloat16, 1, 1),
    ],
)
def test_the_passes_of_a_precision(precision, dtype, v5e, h100):
    a = shape(8, 8, dtype=dtype)
    with jax.default_matmul_precision(precision):
        (one,) = found(jnp.dot, a, a)
    assert one.work(CHIPS["v5e"]) == pytest.approx(v5e * one.flops)
    assert one.work(CHIPS["h100"]) == pytest.approx(h100 * one.flops)


def test_padding_to_tiles_by_hand():
    v5e, v6e, h100 = (CHIPS[name] for name in ("v5e", "v6e", "h100"))  # of 128, 256 and 16
    # Depth 100 becomes 128 and columns 3 become 8, if the rows are held; 128 if the columns are.
    assert Product(256, 100, 3, "DEFAULT", 1.0).padded(v5e) == 2 * 256 * 128 * 8
    assert Product(16, 100, 200, "DEFAULT", 1.0).padded(v5e) == 2 * 16 * 128 * 256
    assert Product(256, 256, 256, "HIGHEST", 0.5).padded(v6e) == 0.5 * 6 * 2 * 256**3
    assert Product(16, 100, 3, "bfloat16", 1.0).padded(h100) == 2 * 16 * 112 * 8
    whole = Product(512, 256, 128, "DEFAULT", 1.0)
    assert whole.padded(v5e) == whole.flops


def test_padding_is_never_less_than_nothing():
    random = np.random.default_rng(0)
    for rows, depth, columns in random.integers(1, 700, (50, 3)):
        one = Product(int(rows), int(depth), int(columns), "DEFAULT", 1.0)
        assert one.padded(CHIPS["v5e"]) >= one.flops
