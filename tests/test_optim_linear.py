import jax.numpy as jnp
import numpy as np

from jaxgan import optim


def test_the_rate_is_constant_for_half_of_the_steps_and_then_falls_to_zero():
    rate = optim.linear_after_half(0.2, 100)
    steps = jnp.array([0, 25, 50, 75, 90, 100, 120])
    np.testing.assert_allclose(rate(steps), [0.2, 0.2, 0.2, 0.1, 0.04, 0.0, 0.0], atol=1e-7)
