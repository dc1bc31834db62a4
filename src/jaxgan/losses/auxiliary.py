"""Losses of a discriminator that also names what it sees: AC-GAN's classes, InfoGAN's codes."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.losses.loss import Loss
from jaxgan.types import Outputs, Scalar


def _cross_entropy(logits: jax.Array, labels: jax.Array) -> Scalar:
    """``-E log softmax(logits)[label]`` for integer labels, float32."""
    chances = jax.nn.log_softmax(logits.astype(jnp.float32))
    return -jnp.mean(jnp.take_along_axis(chances, labels[:, None], axis=1))


def auxiliary_generator(outputs: Outputs) -> Scalar:
    """``-E log P(C = c | G(z, c))`` (Odena, Olah & Shlens 2017, AC-GAN, equation 3)."""
    return _cross_entropy(outputs.extras["fake_classes"], outputs.extras["fake_labels"])


def classification(outputs: Outputs) -> Scalar:
    """``-E log P(C = c | x)`` of real samples."""
    return _cross_entropy(outputs.extras["real_classes"], outputs.extras["real_labels"])


def auxiliary_discriminator(outputs: Outputs) -> Scalar:
    """``-E log P(C = c | x) - E log P(C = c | G(z, c))`` (AC-GAN, equation 3).

    Both players maximize ``L_C``; its real part does not depend on the generator.
    """
    return classification(outputs) + auxiliary_generator(outputs)


def categorical_information(code: str) -> Callable[[Outputs], Scalar]:
    """``-E log Q(c | G(z, c))`` for a one-hot code (Chen et al. 2016, InfoGAN, equation 5).

    Minus the bound on the mutual information, but for the code's constant entropy. Both
    players minimize it. ``outputs.extras["fake_codes"][code]`` are Q's logits.
    """

    def loss(outputs: Outputs) -> Scalar:
        chances = jax.nn.log_softmax(outputs.extras["fake_codes"][code].astype(jnp.float32))
        return -jnp.mean(jnp.sum(outputs.extras["codes"][code] * chances, axis=-1))

    return loss


def gaussian_information(code: str) -> Callable[[Outputs], Scalar]:
    """``-E log Q(c | G(z, c))`` for a continuous code and a factored Gaussian Q (equation 5).

    ``outputs.extras["fake_codes"][code]`` are Q's means and logarithms of its deviations, each
    ``[batch, size]``; the authors fix the deviations at 1, which zeros do.
    """

    def loss(outputs: Outputs) -> Scalar:
        mean, log_deviation = outputs.extras["fake_codes"][code]
        mean, log_deviation = mean.astype(jnp.float32), log_deviation.astype(jnp.float32)
        error = (outputs.extras["codes"][code] - mean) * jnp.exp(-log_deviation)
        surprise = 0.5 * jnp.square(error) + log_deviation + 0.5 * math.log(2 * math.pi)
        return jnp.mean(jnp.sum(surprise, axis=-1))

    return loss


auxiliary_classifier = Loss(auxiliary_generator, auxiliary_discriminator)
"""AC-GAN's class loss, which both players add to an adversarial one."""
