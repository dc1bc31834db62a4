import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from jaxgan.types import Round

pytestmark = pytest.mark.usefixtures("strict")


def judged(real, fake):
    real, fake = jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32)
    return Round(real, fake, real, fake, critic=lambda x: x, stats={})


# sigmoid(log 3) = 3/4 and sigmoid(-log 3) = 1/4: D(x) = 3/4, 1/2 and D(G(z)) = 1/4, 1/2.
HALF_SURE = judged([math.log(3), 0.0], [-math.log(3), 0.0])


@pytest.mark.parametrize(
    "loss, expected",
    [
        # -(log 3/4 + log 1/2)/2, twice: real and fake are mirror images.
        (losses.minimax_discriminator, -math.log(3 / 8)),
        (losses.nonsaturating_discriminator, -math.log(3 / 8)),
        # (log(1 - 1/4) + log(1 - 1/2)) / 2
        (losses.minimax_generator, math.log(3 / 8) / 2),
        # -(log 1/4 + log 1/2) / 2
        (losses.nonsaturating_generator, math.log(8) / 2),
        (losses.wasserstein_discriminator, -math.log(3)),
        (losses.wasserstein_generator, math.log(3) / 2),
    ],
)
def test_losses_equal_their_value_by_hand(loss, expected):
    assert float(loss(HALF_SURE)) == pytest.approx(expected, rel=1e-6)


def test_an_undecided_discriminator_pays_log_four():
    """The value at the game's equilibrium (Goodfellow et al. 2014, theorem 1)."""
    undecided = judged([0.0] * 3, [0.0] * 3)
    assert float(losses.minimax_discriminator(undecided)) == pytest.approx(math.log(4))


@pytest.mark.parametrize("size", [100.0, 1e4, 1e30])
def test_logistic_losses_are_linear_in_extreme_logits(size):
    wrong, right = judged([-size], [size]), judged([size], [-size])
    assert float(losses.minimax_discriminator(wrong)) == pytest.approx(2 * size)
    assert float(losses.minimax_discriminator(right)) == 0
    assert float(losses.minimax_generator(wrong)) == pytest.approx(-size)
    assert float(losses.nonsaturating_generator(right)) == pytest.approx(size)


@pytest.mark.parametrize(
    "loss, slope",
    [
        (losses.minimax_generator, lambda d: -d),
        (losses.nonsaturating_generator, lambda d: d - 1),
        (losses.wasserstein_generator, lambda d: -np.ones_like(d)),
    ],
)
def test_gradients_at_the_fake_logits(loss, slope):
    """The minimax generator's gradient vanishes with D(G(z)), the others' does not."""
    logits = np.array([-1000.0, -2.0, 0.0, 3.0, 1000.0])
    gradient = jax.grad(lambda fake: loss(judged(jnp.zeros(5), fake)))(
        jnp.asarray(logits, jnp.float32)
    )
    probability = 1 / (1 + np.exp(-np.clip(logits, -500, 500)))
    np.testing.assert_allclose(gradient, slope(probability) / 5, rtol=1e-5, atol=1e-9)
