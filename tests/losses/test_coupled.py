"""Losses that couple the samples of a batch: by hand, and on one device and eight."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from support.outputs import across, alone, judged

pytestmark = pytest.mark.usefixtures("strict")

# Means 2 and 1.
BATCH = judged([1.0, 3.0], [0.0, 2.0])


def softplus(x):
    return np.log1p(np.exp(x))


@pytest.mark.parametrize(
    "loss, expected",
    [
        # Each pair is one apart.
        (losses.relativistic.discriminator, softplus(-1)),
        (losses.relativistic.generator, softplus(1)),
        # Above the others' mean by 0, 2; below it by 2, 0.
        (losses.average_relativistic.discriminator, softplus(0) + softplus(-2)),
        # Fakes below the real mean by 2, 0; reals above the fake mean by 0, 2.
        (losses.average_relativistic.generator, softplus(2) + softplus(0)),
        # (1 + 1)/2 + (1 + 1)/2
        (losses.average_least_squares.discriminator, 2.0),
        # (9 + 1)/2 + (1 + 9)/2
        (losses.average_least_squares.generator, 10.0),
        # (1 + 0)/2 + (0 + 1)/2
        (losses.average_hinge.discriminator, 1.0),
        # (3 + 1)/2 + (1 + 3)/2
        (losses.average_hinge.generator, 4.0),
    ],
)
def test_relativistic_losses_by_hand(loss, expected):
    assert float(alone(loss, BATCH)) == pytest.approx(expected, rel=1e-6)


def test_relativistic_losses_ignore_a_constant_that_moves_all_logits():
    moved = judged([6.0, 8.0], [5.0, 7.0])
    for name in losses.__all__:
        if "relativistic" in name or "average" in name:
            pair = getattr(losses, name)
            for loss in (pair.generator, pair.discriminator):
                np.testing.assert_allclose(alone(loss, moved), alone(loss, BATCH), rtol=1e-6)


@pytest.mark.parametrize(
    "codes, expected",
    [
        ([[2.0, 0.0], [0.0, 3.0]], 0.0),
        ([[1.0, 2.0], [2.0, 4.0], [-1.0, -2.0]], 1.0),
        ([[1.0, 0.0], [1.0, 1.0]], 0.5),
        # cos^2 of the three pairs: 1/2, 0, 1/2
        ([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], 1 / 3),
    ],
)
def test_the_pull_away_term_is_the_mean_squared_cosine(codes, expected):
    outputs = judged([0.0], [0.0], extras={"fake_codes": jnp.array(codes)})
    assert float(alone(losses.pull_away, outputs)) == pytest.approx(expected, abs=1e-6)


def test_a_silent_code_does_not_break_the_pull_away_gradient():
    def loss(scale, codes):
        return losses.pull_away(judged([0.0], [0.0], extras={"fake_codes": scale[None] * codes}))

    value, slope = across(1, loss, jnp.ones(2), jnp.zeros((3, 2)))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


REAL = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32)
FAKE = np.random.default_rng(1).normal(size=(16, 3)).astype(np.float32)
WEIGHTS = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)


COUPLED = [
    losses.average_relativistic.discriminator,
    losses.average_least_squares.generator,
    losses.average_hinge.discriminator,
    losses.top_k_generator(5.0),
    losses.pull_away,
    losses.began_convergence(0.5),
]


def test_eight_devices_take_the_values_and_gradients_of_one():
    """Every loss on its own: weights ``[loss, ...]``, of which each takes its part."""

    def term(weights, real, fake):
        values = []
        for loss, own in zip(COUPLED, weights, strict=True):
            codes = jnp.tanh(fake @ own)
            extras = {"fake_codes": codes}
            values.append(
                loss(judged(jnp.sum(jnp.tanh(real @ own), 1), jnp.sum(codes, 1), extras=extras))
            )
        return jnp.sum(jnp.stack(values))

    weights = [WEIGHTS] * len(COUPLED)
    one, eight = (across(count, term, weights, REAL, FAKE) for count in (1, 8))
    np.testing.assert_allclose(eight[0], one[0], rtol=1e-5)
    for ours, theirs in zip(eight[1], one[1], strict=True):
        assert float(np.abs(theirs).max()) > 1e-3
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_mean_of_one_devices_rows_would_be_noticed():
    """The control: relativistic averages over local rows are another loss."""

    def local(weights, real, fake):
        real, fake = jnp.sum(real @ weights, 1), jnp.sum(fake @ weights, 1)
        return jnp.mean(jnp.square(real - jnp.mean(fake) - 1.0))

    one, eight = (across(count, local, WEIGHTS, REAL, FAKE) for count in (1, 8))
    assert abs(float(eight[0]) / float(one[0]) - 1) > 0.01
