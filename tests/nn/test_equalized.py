"""Layers of equalized learning rate begin as others do, and learn at their own pace."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nn.equalized import EqualizedConv, EqualizedDense

X = jax.random.normal(jax.random.key(0), (64, 6, 6, 50))


@pytest.mark.parametrize("lr_mult, gain", [(1.0, 1.0), (0.01, 1.0), (1.0, 0.5)])
@pytest.mark.parametrize("layer", [EqualizedDense, EqualizedConv])
def test_outputs_have_the_deviation_of_the_gain(layer, lr_mult, gain):
    module = layer(40, **({"kernel": 3} if layer is EqualizedConv else {}), lr_mult=lr_mult,
                   gain=gain)  # fmt: skip
    variables = module.init(jax.random.key(1), X)
    assert np.std(variables["params"]["kernel"]) == pytest.approx(1 / lr_mult, rel=0.05)
    inner = np.asarray(module.apply(variables, X))[:, 1:-1, 1:-1]
    assert inner.std() == pytest.approx(gain, rel=0.05)


@pytest.mark.parametrize("lr_mult", [1.0, 0.01])
def test_a_step_of_equal_size_moves_the_output_by_the_multiple(lr_mult):
    """Adam's first step is the learning rate for every number, of kernel and bias."""
    module = EqualizedDense(3, bias=0.5, lr_mult=lr_mult)
    x = jnp.ones((1, 4))
    params = module.init(jax.random.key(0), x)
    moved = jax.tree.map(lambda leaf: leaf + 0.1, params)
    change = module.apply(moved, x) - module.apply(params, x)
    np.testing.assert_allclose(change, lr_mult * (0.1 * 4 / np.sqrt(4) + 0.1), rtol=1e-4)


def test_a_bias_begins_with_its_number_times_the_multiple():
    module = EqualizedDense(3, bias=2.0, lr_mult=0.5)
    x = jnp.zeros((1, 4))
    np.testing.assert_allclose(module.apply(module.init(jax.random.key(0), x), x), 1.0)
    assert {*EqualizedDense(3, bias=None).init(jax.random.key(0), x)["params"]} == {"kernel"}
