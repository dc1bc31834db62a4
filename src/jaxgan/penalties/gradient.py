"""Penalties on the critic's gradient with respect to its input.

The gradient is taken in float32, whatever the dtype of the activations. A sample is whatever
the critic judges as one: a picture, ``m`` packed pictures, or a pair of a picture and its
latent; its slope is the norm over all of it.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.forward.critic import slopes
from jaxgan.rng import Rng
from jaxgan.types import AXIS, Image, Outputs, Scalar, ScalarLike

Critic: TypeAlias = Callable[[Any], jax.Array]
"""The discriminator as a function of samples, ``[b, ...] -> [b]``."""


def squared_slopes(critic: Critic, x: Any) -> jax.Array:
    """``|grad l(x)|^2`` for each sample, float32 ``[batch]``."""
    gradients = jax.tree.leaves(slopes(critic, x))
    return sum(_rowwise_sum(jnp.square(leaf)) for leaf in gradients)  # type: ignore


def _rowwise_sum(x: jax.Array) -> jax.Array:
    return jnp.sum(x, axis=tuple(range(1, x.ndim)))


def _slopes(critic: Critic, x: Any) -> jax.Array:
    # The derivative of a square root at zero is infinite, that of a flat critic is zero.
    return jnp.sqrt(squared_slopes(critic, x) + 1e-12)


def r1(outputs: Outputs) -> Scalar:
    """``E |grad l(x)|^2 / 2`` over real samples (Mescheder et al. 2018, equation 9)."""
    return 0.5 * jnp.mean(squared_slopes(outputs.critic, outputs.real))


def r2(outputs: Outputs) -> Scalar:
    """``E |grad l(G(z))|^2 / 2`` over fake samples (Mescheder et al. 2018, equation 10)."""
    return 0.5 * jnp.mean(squared_slopes(outputs.fake_critic or outputs.critic, outputs.fake))


def _source(outputs: Outputs) -> Rng:
    """Randomness for each sample that the critic sees: a packed one draws as its first row."""
    samples = len(jax.tree.leaves(outputs.real)[0])
    packed = len(outputs.rng.rows) // samples
    return dataclasses.replace(outputs.rng, rows=outputs.rng.rows[::packed])


def interpolated(outputs: Outputs) -> Any:
    """``x + u (G(z) - x)``, one ``u`` uniform in ``[0, 1)`` for each sample, float32.

    The parts of one sample (packed pictures, a picture and its latent) share their ``u``.
    """
    mix = _source(outputs).uniform(())

    def between(real: jax.Array, fake: jax.Array) -> jax.Array:
        real, fake = real.astype(jnp.float32), fake.astype(jnp.float32)
        return real + mix.reshape(-1, *(1,) * (real.ndim - 1)) * (fake - real)

    return jax.tree.map(between, outputs.real, outputs.fake)


def gradient_penalty(outputs: Outputs) -> Scalar:
    """``E (|grad l(u)| - 1)^2`` between real and fake (Gulrajani et al. 2017, equation 3).

    WGAN-GP's penalty, of weight 10. A critic that looks at labels gets the real samples'.
    """
    return jnp.mean(jnp.square(_slopes(outputs.critic, interpolated(outputs)) - 1.0))


def lipschitz_penalty(outputs: Outputs) -> Scalar:
    """``E max(0, |grad l(u)| - 1)^2`` between real and fake (Petzka et al. 2018, WGAN-LP)."""
    return jnp.mean(jnp.square(jax.nn.relu(_slopes(outputs.critic, interpolated(outputs)) - 1.0)))


def zero_centered(
    judgement: Callable[[jax.Array], jax.Array] = lambda logits: logits,
) -> Callable[[Outputs], Scalar]:
    """``E |grad D(u)|^2`` between real and fake (Thanh-Tung, Tran & Venkatesh 2019, 0-GP).

    ``judgement`` turns logits into the ``D`` that is differentiated: the authors' toy code
    takes ``jax.nn.sigmoid`` for a logistic game. Their code has weight 10 on toys, 100 on MNIST.
    """

    def penalty(outputs: Outputs) -> Scalar:
        def critic(x):
            return judgement(outputs.critic(x).astype(jnp.float32))

        return jnp.mean(squared_slopes(critic, interpolated(outputs)))

    return penalty


Cloud: TypeAlias = Callable[[Image, Rng], Image]
"""Points around real samples, drawn row by row."""


def uniform_cloud(reach: ScalarLike = 0.5) -> Cloud:
    """``x + a reach std(x) n``, ``a`` and every ``n`` uniform in ``[0, 1)``: DRAGAN's own code.

    One ``a`` for a sample; one standard deviation, of all values of the global batch. The
    noise is never negative, in the authors' notebook too.
    """

    def around(x: Image, rng: Rng) -> Image:
        mean = lax.pmean(jnp.mean(x), AXIS)
        deviation = jnp.sqrt(lax.pmean(jnp.mean(jnp.square(x - mean)), AXIS))
        along = rng.named("along").uniform((1,) * (x.ndim - 1))
        return x + along * reach * deviation * rng.named("noise").uniform(x.shape[1:])

    return around


def gaussian_cloud(deviation: ScalarLike) -> Cloud:
    """``x + n``, ``n`` normal with a fixed deviation: DRAGAN's objective as the paper has it."""

    def around(x: Image, rng: Rng) -> Image:
        return x + deviation * rng.normal(x.shape[1:])

    return around


def dragan(cloud: Cloud | None = None, slope: ScalarLike = 1.0) -> Callable[[Outputs], Scalar]:
    """``E (|grad l(x + n)| - k)^2`` around real samples (Kodali et al. 2017, DRAGAN).

    ``k = 1`` and weight 10, beside the non-saturating loss. The default ``cloud`` is the one
    of the authors' code, ``uniform_cloud()``.
    """
    around = uniform_cloud() if cloud is None else cloud

    def penalty(outputs: Outputs) -> Scalar:
        # The parts of a pair have clouds of their own.
        first, *others = jax.tree.leaves(outputs.real)
        rng = _source(outputs)
        points = [around(first.astype(jnp.float32), rng)] + [
            around(part.astype(jnp.float32), rng.named(f"part {number}"))
            for number, part in enumerate(others)
        ]
        points = jax.tree.unflatten(jax.tree.structure(outputs.real), points)
        return jnp.mean(jnp.square(_slopes(outputs.critic, points) - slope))

    return penalty
