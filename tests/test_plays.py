import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxgan import plays
from jaxgan.randomness import Draw

ROWS = 20_000


def draw(count=ROWS):
    return Draw(jax.random.key(0), jnp.arange(count, dtype=jnp.int32))


def test_normal_latents_are_standard():
    latents = np.asarray(plays.normal(2)(draw()))
    assert latents.shape == (ROWS, 2)
    assert scipy.stats.kstest(latents[:, 0], "norm").pvalue > 1e-3
    assert scipy.stats.kstest(latents[:, 1], "norm").pvalue > 1e-3


@pytest.mark.parametrize("truncation", [0.5, 1.0, 2.0])
def test_truncated_latents_follow_the_truncated_normal(truncation):
    latents = np.asarray(plays.normal(1)(draw(), truncation))[:, 0]
    assert np.abs(latents).max() <= truncation
    expected = scipy.stats.truncnorm(-truncation, truncation)
    assert scipy.stats.kstest(latents, expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("truncation", [1e-4, 0.04, 8.0])
def test_extreme_truncations_are_finite(truncation):
    """BigGAN's own sweep goes down to 0.04."""
    latents = np.asarray(plays.normal(1)(draw(2000), truncation))
    assert np.isfinite(latents).all()
    assert 0.4 * min(truncation, 1) < np.abs(latents).max() <= truncation


def test_uniform_latents_fill_their_cube():
    latents = np.asarray(plays.uniform(1, bound=3.0)(draw()))[:, 0]
    assert scipy.stats.kstest(latents, scipy.stats.uniform(-3, 6).cdf).pvalue > 1e-3
    shrunk = np.asarray(plays.uniform(1, bound=3.0)(draw(), 0.5))[:, 0]
    np.testing.assert_allclose(shrunk, latents / 2, atol=1e-6)


class Counted:
    """A network that multiplies, and whose statistics are the sums of what it saw."""

    def __init__(self, factor, stats=0.0):
        self.factor, self.stats = factor, stats

    def __call__(self, x):
        return x * self.factor, self.stats + float(jnp.sum(x))

    def after(self, stats):
        return Counted(self.factor, stats)


def test_the_noise_game_judges_real_then_fake():
    real = jnp.array([[1.0], [2.0]])
    prior = lambda draw: jnp.array([[3.0], [5.0]])  # noqa: E731
    game = plays.noise(prior)
    round = game(Counted(10.0), Counted(7.0), {"image": real}, draw(2), {"k": 1})
    np.testing.assert_array_equal(round.fake, [[30], [50]])
    np.testing.assert_array_equal(round.real_logits, [[7], [14]])
    np.testing.assert_array_equal(round.fake_logits, [[210], [350]])
    np.testing.assert_array_equal(round.critic(real + 1), [[14], [21]])
    assert round.real is real
    # The discriminator's statistics have seen real, then fake, and not the penalty's points.
    assert round.stats == {"g": 8.0, "d": 3.0 + 80.0}
    assert round.slow == {"k": 1}
