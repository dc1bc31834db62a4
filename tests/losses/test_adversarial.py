import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from support.outputs import alone, judged

pytestmark = pytest.mark.usefixtures("strict")


# sigmoid(log 3) = 3/4 and sigmoid(-log 3) = 1/4: D(x) = 3/4, 1/2 and D(G(z)) = 1/4, 1/2.
HALF_SURE = judged([math.log(3), 0.0], [-math.log(3), 0.0])


@pytest.mark.parametrize(
    "loss, expected",
    [
        # -(log 3/4 + log 1/2)/2, twice: real and fake are mirror images.
        (losses.minimax.discriminator, -math.log(3 / 8)),
        (losses.nonsaturating.discriminator, -math.log(3 / 8)),
        # (log(1 - 1/4) + log(1 - 1/2)) / 2
        (losses.minimax.generator, math.log(3 / 8) / 2),
        # -(log 1/4 + log 1/2) / 2
        (losses.nonsaturating.generator, math.log(8) / 2),
        (losses.wasserstein.discriminator, -math.log(3)),
        (losses.wasserstein.generator, math.log(3) / 2),
        # log 3 is beyond the margin and pays nothing, 0 pays one; mirrored for the fakes.
        (losses.hinge.discriminator, 0.5 + 0.5),
        (losses.hinge.generator, math.log(3) / 2),
        # ((log 3 - 1)^2 + 1 + (log 3)^2 + 0) / 4
        (
            losses.least_squares().discriminator,
            ((math.log(3) - 1) ** 2 + 1 + math.log(3) ** 2) / 4,
        ),
        (losses.least_squares().generator, ((math.log(3) + 1) ** 2 + 1) / 4),
        # a, b, c = -1, 1, 0: ((log 3 - 1)^2 + 1 + (1 - log 3)^2 + 1) / 4
        (losses.least_squares(-1.0, 1.0).discriminator, ((math.log(3) - 1) ** 2 + 1) / 2),
        (losses.least_squares(c=0.0).generator, math.log(3) ** 2 / 4),
        # Real: -(0.9 log 3/4 + 0.1 log 1/4 + log 1/2)/2; fake as before.
        (
            losses.smoothed(0.9).discriminator,
            -(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4) + math.log(1 / 2)) / 2
            - math.log(3 / 8) / 2,
        ),
        (losses.smoothed(1.0).discriminator, -math.log(3 / 8)),
    ],
)
def test_losses_equal_their_value_by_hand(loss, expected):
    assert float(loss(HALF_SURE)) == pytest.approx(expected, rel=1e-6)


def test_an_undecided_discriminator_pays_log_four():
    """The value at the game's equilibrium (Goodfellow et al. 2014, theorem 1)."""
    undecided = judged([0.0] * 3, [0.0] * 3)
    assert float(losses.minimax.discriminator(undecided)) == pytest.approx(math.log(4))


@pytest.mark.parametrize("size", [100.0, 1e4, 1e30])
def test_logistic_losses_are_linear_in_extreme_logits(size):
    wrong, right = judged([-size], [size]), judged([size], [-size])
    assert float(losses.minimax.discriminator(wrong)) == pytest.approx(2 * size)
    assert float(losses.minimax.discriminator(right)) == 0
    assert float(losses.minimax.generator(wrong)) == pytest.approx(-size)
    assert float(losses.nonsaturating.generator(right)) == pytest.approx(size)


@pytest.mark.parametrize(
    "loss, slope",
    [
        (losses.minimax.generator, lambda d: -d),
        (losses.nonsaturating.generator, lambda d: d - 1),
        (losses.wasserstein.generator, lambda d: -np.ones_like(d)),
        (losses.hinge.generator, lambda d: -np.ones_like(d)),
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


def test_a_smoothed_discriminator_is_best_at_its_target():
    """``D(x) = t``, and no smoothing of the fakes: they are to be sent to minus infinity."""

    def slopes(loss, logit):
        return jax.grad(lambda real, fake: loss(judged(real, fake)), argnums=(0, 1))(
            jnp.full(1, logit), jnp.full(1, logit)
        )

    real, fake = slopes(losses.smoothed(0.9).discriminator, math.log(9))
    assert float(real[0]) == pytest.approx(0, abs=1e-6)
    assert float(fake[0]) == pytest.approx(0.9)


def test_hinge_slopes_stop_at_the_margin():
    logits = jnp.array([-2.0, -0.5, 0.5, 2.0])
    real, fake = jax.grad(
        lambda real, fake: losses.hinge.discriminator(judged(real, fake)), argnums=(0, 1)
    )(logits, logits)
    np.testing.assert_allclose(real, np.array([-1, -1, -1, 0]) / 4)
    np.testing.assert_allclose(fake, np.array([0, 1, 1, 1]) / 4)


def test_least_squares_with_pearsons_targets_measures_pearsons_divergence():
    """At the optimal critic ``2 C(G) = chi2(p + q || 2 q)`` (Mao et al. 2017, theorem 1)."""
    p, q = np.array([0.75, 0.25]), np.array([0.25, 0.75])
    best = (p - q) / (p + q)
    real, fake = best[[0, 0, 0, 1]], best[[0, 1, 1, 1]]
    slope = jax.grad(
        lambda table: losses.least_squares(-1.0, 1.0).discriminator(
            judged(table[jnp.array([0, 0, 0, 1])], table[jnp.array([0, 1, 1, 1])])
        )
    )(jnp.asarray(best, jnp.float32))
    np.testing.assert_allclose(slope, 0, atol=1e-6)
    # With c = 0 the paper's generator value takes the real part too: E_p D^2 + E_q D^2.
    value = losses.least_squares(c=0.0).generator
    total = 2 * (float(value(judged(real, fake))) + float(value(judged(fake, real))))
    assert total == pytest.approx(np.sum((2 * q - (p + q)) ** 2 / (p + q)))


@pytest.mark.parametrize(
    "count, rows",
    [(2.0, [1, 3]), (2, [1, 3]), (4.0, [0, 1, 2, 3]), (1.0, [1]), (0.0, [1]), (2.5, [1, 2, 3])],
)
def test_the_generator_learns_from_its_best_samples_only(count, rows):
    logits = np.array([0.0, 3.0, 1.0, 2.0], np.float32)

    def loss(count, fake):
        return losses.top_k_generator(count)(judged(jnp.zeros(4), fake))

    def at(count, fake):
        return alone(jax.value_and_grad(loss, argnums=1), count, fake)

    # k may be traced.
    value, slope = jax.jit(at)(count, jnp.asarray(logits))
    assert float(value) == pytest.approx(np.mean(np.log1p(np.exp(-logits[rows]))), rel=1e-6)
    expected = np.zeros(4)
    expected[rows] = -1 / (1 + np.exp(logits[rows])) / len(rows)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-8)


def test_top_k_of_a_constant_critic_takes_the_first_rows_and_any_loss():
    def loss(fake):
        return losses.top_k_generator(2.0, each=lambda l: -l)(judged(jnp.zeros(4), fake))  # noqa: E741

    np.testing.assert_allclose(alone(jax.grad(loss), jnp.ones(4)), [-0.5, -0.5, 0, 0])


def test_k_decays_by_epochs_to_its_floor():
    count = losses.top_k_schedule(64, interval=10, decay=0.9, floor=0.5)
    steps = [0, 9, 10, 25, 1000]
    expected = [64, 64, 57.6, 64 * 0.81, 32]
    np.testing.assert_allclose([count(jnp.int32(step)) for step in steps], expected, rtol=1e-6)
