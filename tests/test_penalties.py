import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import penalties
from jaxgan.types import Round

pytestmark = pytest.mark.usefixtures("strict")

REAL = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
FAKE = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
WEIGHTS = np.array([1.0, -2.0, 0.5], np.float32)
MATRIX = np.array([[2.0, 1.0, 0.0], [1.0, -1.0, 0.5], [0.0, 0.5, 3.0]], np.float32)


def seen(critic, real=REAL, fake=FAKE):
    return Round(jnp.asarray(real), jnp.asarray(fake), None, None, critic, stats={})


def linear(x):
    return x @ WEIGHTS


def quadratic(x):
    return 0.5 * jnp.sum(x * (x @ MATRIX), axis=-1)


@pytest.mark.parametrize("penalty", [penalties.r1, penalties.r2])
def test_a_linear_critic_pays_half_its_squared_weights(penalty):
    assert float(penalty(seen(linear))) == pytest.approx(0.5 * (1 + 4 + 0.25))


@pytest.mark.parametrize("penalty, x", [(penalties.r1, REAL), (penalties.r2, FAKE)])
def test_a_quadratic_critic_pays_at_its_samples(penalty, x):
    expected = 0.5 * np.mean(np.sum((x @ MATRIX) ** 2, axis=1))
    np.testing.assert_allclose(penalty(seen(quadratic)), expected, rtol=1e-5)


def test_slopes_are_per_sample_over_every_axis_of_an_image():
    images = np.random.default_rng(2).normal(size=(4, 2, 3, 1)).astype(np.float32)
    slopes = penalties.squared_slopes(lambda x: jnp.sum(x**3, axis=(1, 2, 3)), jnp.asarray(images))
    np.testing.assert_allclose(slopes, np.sum((3 * images**2) ** 2, axis=(1, 2, 3)), rtol=1e-5)


def test_critics_of_many_logits_are_summed_per_sample():
    """A patch critic: the slope is that of the sum of its logits."""
    x = jnp.asarray(REAL)
    slopes = penalties.squared_slopes(lambda x: jnp.stack([linear(x), 2 * linear(x)], 1), x)
    np.testing.assert_allclose(slopes, np.full(5, 9 * 5.25), rtol=1e-6)


def test_the_penalty_has_the_gradient_of_its_closed_form():
    def penalty(weights):
        return penalties.r1(seen(lambda x: jnp.tanh(x @ weights)))

    weights, epsilon, got = WEIGHTS.astype(np.float64), 1e-6, jax.grad(penalty)(WEIGHTS)

    def closed(weights):
        slope = 1 - np.tanh(REAL.astype(np.float64) @ weights) ** 2
        return 0.5 * np.mean(slope**2) * np.sum(weights**2)

    for axis, direction in enumerate(np.eye(3) * epsilon):
        expected = (closed(weights + direction) - closed(weights - direction)) / (2 * epsilon)
        assert float(got[axis]) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_slopes_are_float32_under_bfloat16_activations():
    layer = nn.Dense(1, dtype=jnp.bfloat16)
    # 1.375 and -0.5 are bfloat16 numbers: rounding the weights changes nothing.
    params = {"kernel": jnp.array([[1.375], [-0.5]]), "bias": jnp.zeros(1)}
    x = jnp.ones((2, 2), jnp.bfloat16)
    slopes = penalties.squared_slopes(lambda x: layer.apply({"params": params}, x)[:, 0], x)
    assert slopes.dtype == jnp.float32
    # The squared norm is not one: it takes more than bfloat16's eight bits.
    np.testing.assert_array_equal(slopes, np.full(2, 1.375**2 + 0.25, np.float32))
