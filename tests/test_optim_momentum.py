"""Momentum against the recursion written out in float64."""

import jax.numpy as jnp
import pytest

from jaxgan.optim import LEAST_RATE, momentum_sgd


@pytest.mark.parametrize("decay", [4e-6, 0.5, 3.0])
def test_the_recursion_by_hand(decay):
    first, last, begin, end = 0.5, 0.9, 3, 7
    optimizer = momentum_sgd(0.1, decay, first, last, begin, end)
    state = optimizer.init(jnp.zeros(()))
    velocity = 0.0
    for step in range(12):
        gradient = 1.0 + 0.1 * step
        share = min(max((step - begin) / (end - begin), 0.0), 1.0)
        rate = max(0.1 * (1.0 + decay) ** -step, LEAST_RATE)
        velocity = (first + share * (last - first)) * velocity - rate * gradient
        update, state = optimizer.update(jnp.asarray(gradient), state)
        assert float(update) == pytest.approx(velocity, rel=1e-5)


def test_a_small_decay_keeps_its_digits():
    """In float32, 1 + 4e-6 is off by a part in a hundred of the decay."""
    optimizer = momentum_sgd(0.1, 4e-6, 0.0, 0.0, 0, 1)
    state = optimizer.init(jnp.zeros(()))
    far = tuple(s._replace(count=jnp.asarray(100_000)) if hasattr(s, "count") else s for s in state)
    update, _ = optimizer.update(jnp.ones(()), far)
    assert float(update) == pytest.approx(-0.1 * (1 + 4e-6) ** -100_000, rel=1e-5)
