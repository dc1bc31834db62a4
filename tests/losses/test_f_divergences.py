"""Convex analysis holds f-GAN's table: conjugates, output activations, optimal critics."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses
from support.outputs import judged

pytestmark = pytest.mark.usefixtures("strict")

P, Q = np.array([0.75, 0.25]), np.array([0.25, 0.75])
MIXED = (P + Q) / 2

# What each divergence is by its own definition, and the logit of its optimal critic
# ``g_f(l) = f'(u)`` at the density ratio ``u``.
DIVERGENCES = {
    "kl": (losses.kullback_leibler, np.sum(P * np.log(P / Q)), lambda u: 1 + np.log(u)),
    "reverse_kl": (losses.reverse_kullback_leibler, np.sum(Q * np.log(Q / P)), np.log),
    "pearson": (losses.pearson, np.sum((P - Q) ** 2 / Q), lambda u: 2 * (u - 1)),
    "hellinger": (
        losses.squared_hellinger,
        np.sum((np.sqrt(P) - np.sqrt(Q)) ** 2),
        lambda u: 0.5 * np.log(u),
    ),
    "js": (
        losses.jensen_shannon,
        np.sum(P * np.log(P / MIXED)) + np.sum(Q * np.log(Q / MIXED)),
        np.log,
    ),
    "gan": (
        losses.gan_divergence,
        np.sum(P * np.log(P / (P + Q))) + np.sum(Q * np.log(Q / (P + Q))),
        np.log,
    ),
}
every = pytest.mark.parametrize(
    "divergence, value, logit", DIVERGENCES.values(), ids=DIVERGENCES.keys()
)

RATIOS = np.exp(np.linspace(-3, 3, 41)).astype(np.float32)
LOGITS = np.linspace(-4, 4, 41).astype(np.float32)


def pairs(table):
    """A batch in which the two points have the frequencies of P and of Q."""
    table = jnp.asarray(table, jnp.float32)
    return judged(table[jnp.array([0, 0, 0, 1])], table[jnp.array([0, 1, 1, 1])])


@every
def test_fenchel_and_young(divergence, value, logit):
    """``f(u) + f*(t) >= u t`` for every ratio and every critic's value, with equality at f'(u)."""
    u, t = RATIOS[:, None], np.asarray(divergence.activation(LOGITS))[None]
    gap = np.asarray(divergence.f(u)) + np.asarray(divergence.conjugate(t)) - u * t
    assert np.isfinite(gap).all()
    assert (gap >= -2e-5 * (1 + np.abs(u * t))).all()
    slopes = jax.vmap(jax.grad(divergence.f))(RATIOS)
    touching = divergence.f(RATIOS) + divergence.conjugate(slopes) - RATIOS * slopes
    np.testing.assert_allclose(touching, 0, atol=2e-5 * (1 + np.abs(RATIOS * slopes)).max())


@every
def test_activations_rise_within_the_conjugates_domain_and_the_composition_is_theirs(
    divergence, value, logit
):
    values = np.asarray(divergence.activation(LOGITS))
    assert (np.diff(values) > 0).all()
    composed = divergence.conjugate(divergence.activation(LOGITS))
    np.testing.assert_allclose(divergence.composed(LOGITS), composed, rtol=2e-4, atol=2e-5)


@every
def test_the_threshold_is_the_slope_at_equal_densities(divergence, value, logit):
    assert float(jax.grad(divergence.f)(1.0)) == pytest.approx(divergence.threshold, abs=1e-6)
    at_one = divergence.activation(jnp.float32(logit(np.float32(1.0))))
    assert float(at_one) == pytest.approx(divergence.threshold, abs=1e-6)
    assert float(logit(np.float32(1.0))) == pytest.approx(divergence.boundary, abs=1e-6)


@every
def test_the_optimal_critic_reaches_the_divergence_and_no_critic_passes_it(
    divergence, value, logit
):
    loss = losses.f_divergence(divergence).discriminator
    best = np.asarray(logit(P / Q), np.float32)
    assert float(loss(pairs(best))) == pytest.approx(-value, rel=1e-5)
    slope = jax.grad(lambda table: loss(pairs(table)))(best)
    np.testing.assert_allclose(slope, 0, atol=1e-5)
    for other in np.random.default_rng(0).normal(size=(20, 2)):
        assert float(loss(pairs(best + other))) > -value


@every
def test_the_generator_minimizes_what_the_discriminator_maximizes(divergence, value, logit):
    """Player against player: the two losses' slopes in the fake logits are opposite."""
    outputs = pairs([0.3, -0.7])
    slope = jax.grad(
        lambda fake, loss: loss(dataclasses.replace(outputs, fake_logits=fake)), argnums=0
    )
    maximized = slope(outputs.fake_logits, losses.f_divergence(divergence).discriminator)
    minimized = slope(
        outputs.fake_logits, losses.f_divergence(divergence, alternative=False).generator
    )
    np.testing.assert_allclose(minimized, -maximized, rtol=1e-6)
    # The alternative pushes every fake up as well.
    alternative = slope(outputs.fake_logits, losses.f_divergence(divergence).generator)
    assert (np.asarray(minimized) < 0).all()
    assert (np.asarray(alternative) < 0).all()


@pytest.mark.parametrize(
    "divergence, generator, alternative",
    [
        # At logits log 2 and 0; e^(v - 1) = 2/e, 1/e.
        (losses.kullback_leibler, -1.5 / math.e, -math.log(2) / 2),
        (losses.reverse_kullback_leibler, 1 - math.log(2) / 2, (0.5 + 1) / 2),
        (
            losses.pearson,
            -(math.log(2) ** 2 / 4 + math.log(2)) / 2,
            -math.log(2) / 2,
        ),
        (losses.squared_hellinger, -0.5, -0.25),
        (losses.jensen_shannon, math.log(2) - math.log(6) / 2, -math.log(4 / 3) / 2),
        (losses.gan_divergence, -math.log(6) / 2, math.log(3) / 2),
    ],
)
def test_generators_losses_by_hand(divergence, generator, alternative):
    outputs = judged([0.0, 0.0], [math.log(2), 0.0])
    assert float(
        losses.f_divergence(divergence, alternative=False).generator(outputs)
    ) == pytest.approx(generator, rel=1e-6)
    got = losses.f_divergence(divergence).generator(outputs)
    assert float(got) == pytest.approx(alternative, rel=1e-6)


def test_the_gan_divergence_is_the_original_game():
    outputs, gan = judged([1.0, -2.0, 0.5], [0.3, -1.0, 4.0]), losses.gan_divergence
    for ours, theirs in [
        (losses.f_divergence(gan).discriminator, losses.minimax.discriminator),
        (losses.f_divergence(gan, alternative=False).generator, losses.minimax.generator),
        (losses.f_divergence(gan).generator, losses.nonsaturating.generator),
    ]:
        assert float(ours(outputs)) == pytest.approx(float(theirs(outputs)), rel=1e-6)


def test_extreme_logits_of_the_bounded_divergences_are_finite():
    """Where ``f*(g_f(l))`` in two steps would be the logarithm of a rounded zero."""
    outputs = judged([-90.0, 90.0], [90.0, -90.0])
    for divergence in (losses.jensen_shannon, losses.gan_divergence):
        assert np.isfinite(losses.f_divergence(divergence).discriminator(outputs))
        assert np.isfinite(losses.f_divergence(divergence, alternative=False).generator(outputs))
