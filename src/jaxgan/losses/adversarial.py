"""Adversarial losses, as functions of logits.

``l(x)`` is the discriminator's logit, ``D(x) = sigmoid(l(x))``. Each loss is a mean over
the batch; the discriminator's is what it minimizes.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.nn import softplus

from jaxgan.losses.loss import Loss
from jaxgan.types import AXIS, Outputs, Scalar, ScalarLike


def minimax_discriminator(outputs: Outputs) -> Scalar:
    """``-E log D(x) - E log(1 - D(G(z)))`` (Goodfellow et al. 2014, equation 1)."""
    return jnp.mean(softplus(-outputs.real_logits)) + jnp.mean(softplus(outputs.fake_logits))


def minimax_generator(outputs: Outputs) -> Scalar:
    """``E log(1 - D(G(z)))``: saturates when the discriminator wins (equation 1)."""
    return -jnp.mean(softplus(outputs.fake_logits))


def nonsaturating_generator(outputs: Outputs) -> Scalar:
    """``-E log D(G(z))`` (Goodfellow et al. 2014, section 3)."""
    return jnp.mean(softplus(-outputs.fake_logits))


def wasserstein_discriminator(outputs: Outputs) -> Scalar:
    """``E l(G(z)) - E l(x)`` (Arjovsky, Chintala & Bottou 2017, equation 2)."""
    return jnp.mean(outputs.fake_logits) - jnp.mean(outputs.real_logits)


def wasserstein_generator(outputs: Outputs) -> Scalar:
    """``-E l(G(z))`` (Arjovsky, Chintala & Bottou 2017)."""
    return -jnp.mean(outputs.fake_logits)


def hinge_discriminator(outputs: Outputs) -> Scalar:
    """``E max(0, 1 - l(x)) + E max(0, 1 + l(G(z)))`` (Lim & Ye 2017; Miyato 2018, equation 16)."""
    real = jnp.mean(jax.nn.relu(1.0 - outputs.real_logits))
    return real + jnp.mean(jax.nn.relu(1.0 + outputs.fake_logits))


def least_squares_discriminator(
    a: ScalarLike = 0.0, b: ScalarLike = 1.0
) -> Callable[[Outputs], Scalar]:
    """``E (l(x) - b)^2 / 2 + E (l(G(z)) - a)^2 / 2`` (Mao et al. 2017, LSGAN, equation 2).

    ``a`` is the target of fake samples and ``b`` that of real ones.
    """

    def loss(outputs: Outputs) -> Scalar:
        real = 0.5 * jnp.mean(jnp.square(outputs.real_logits - b))
        return real + 0.5 * jnp.mean(jnp.square(outputs.fake_logits - a))

    return loss


def least_squares_generator(c: ScalarLike = 1.0) -> Callable[[Outputs], Scalar]:
    """``E (l(G(z)) - c)^2 / 2`` (Mao et al. 2017, LSGAN, equation 2)."""

    def loss(outputs: Outputs) -> Scalar:
        return 0.5 * jnp.mean(jnp.square(outputs.fake_logits - c))

    return loss


def smoothed_discriminator(target: ScalarLike = 0.9) -> Callable[[Outputs], Scalar]:
    """The logistic loss with real label ``t``: one-sided smoothing (Salimans et al. 2016, 3.4).

    ``-E [t log D(x) + (1 - t) log(1 - D(x))] - E log(1 - D(G(z)))``; fake labels stay 0.
    """

    def loss(outputs: Outputs) -> Scalar:
        real = target * softplus(-outputs.real_logits) + (1.0 - target) * softplus(
            outputs.real_logits
        )
        return jnp.mean(real) + jnp.mean(softplus(outputs.fake_logits))

    return loss


def _nonsaturating(logits: jax.Array) -> jax.Array:
    return softplus(-logits)


def top_k_generator(
    count: ScalarLike | int | Callable[[jax.Array], ScalarLike],
    each: Callable[[jax.Array], jax.Array] = _nonsaturating,
) -> Callable[[Outputs], Scalar]:
    """The mean of ``each(l(G(z)))`` over the ``k`` highest logits (Sinha et al. 2020, top-k).

    ``count`` is ``k``, or a schedule of the step, of the rows that the discriminators of all
    devices judge (of packs, where they are packed). It is rounded up; at least the best row
    counts. Equal logits are ranked by row.
    """

    def loss(outputs: Outputs) -> Scalar:
        logits = outputs.fake_logits
        scores = logits.reshape(len(logits), -1).mean(1)
        everyone = lax.all_gather(scores, AXIS, tiled=True)
        own = lax.axis_index(AXIS) * len(scores) + jnp.arange(len(scores))
        others, mine = everyone[None], scores[:, None]
        before = jnp.arange(len(everyone))[None] < own[:, None]
        ahead = (others > mine) | ((others == mine) & before)
        rank = jnp.sum(ahead, axis=1).astype(jnp.float32)
        k = jnp.asarray(count(outputs.step) if callable(count) else count, jnp.float32)
        chosen = (rank < jnp.maximum(k, 1.0)).astype(jnp.float32)
        values = each(logits).reshape(len(logits), -1).mean(1)
        # The devices' shares of one sum: their mean is the mean over the chosen.
        return jnp.sum(chosen * values) / lax.pmean(jnp.sum(chosen), AXIS)

    return loss


def top_k_schedule(
    batch: int, interval: int, decay: ScalarLike = 0.99, floor: ScalarLike = 0.5
) -> Callable[[jax.Array], jax.Array]:
    """``k = max(decay^(step // interval) batch, floor batch)`` (Sinha et al. 2020).

    ``interval`` is the steps of an epoch; ``batch`` the rows judged in a step, of all devices.
    """

    def count(step: jax.Array) -> jax.Array:
        epochs = (step // interval).astype(jnp.float32)
        return batch * jnp.maximum(jnp.asarray(decay, jnp.float32) ** epochs, floor)

    return count


minimax = Loss(minimax_generator, minimax_discriminator)
"""The game of equation 1 of Goodfellow et al. 2014; its generator saturates."""

nonsaturating = Loss(nonsaturating_generator, minimax_discriminator)
"""The loss that Goodfellow et al. 2014 train with (section 3)."""

wasserstein = Loss(wasserstein_generator, wasserstein_discriminator)
"""The Wasserstein distance's dual, for a Lipschitz critic (Arjovsky, Chintala & Bottou 2017)."""

hinge = Loss(wasserstein_generator, hinge_discriminator)
"""``E max(0, 1 - l(x)) + E max(0, 1 + l(G(z)))``, and ``-E l(G(z))`` for the generator.

Lim & Ye 2017; Miyato et al. 2018, SNGAN, equations 16 and 17.
"""


def least_squares(a: ScalarLike = 0.0, b: ScalarLike = 1.0, c: ScalarLike = 1.0) -> Loss:
    """Least squares (Mao et al. 2017, LSGAN, equation 2).

    ``a`` is the discriminator's target of fake samples, ``b`` that of real ones, ``c`` the
    generator's. ``b - c = 1`` and ``b - a = 2`` minimize Pearson's divergence (``a, b, c`` =
    ``-1, 1, 0``, equation 8); ``0, 1, 1`` asks fakes to look real (equation 9).
    """
    return Loss(least_squares_generator(c), least_squares_discriminator(a, b))


def smoothed(target: ScalarLike = 0.9) -> Loss:
    """The non-saturating loss with real label ``target`` (Salimans et al. 2016, section 3.4)."""
    return Loss(nonsaturating_generator, smoothed_discriminator(target))
