"""Optimizers that optax does not have."""

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from jaxgan.types import Params, ScalarLike

LEAST_RATE = 1e-6
"""What the learning rate never falls below (pylearn2's ``ExponentialDecay``, ``min_lr``)."""


def momentum_sgd(
    learning_rate: ScalarLike,
    decay: ScalarLike,
    momentum: ScalarLike,
    final_momentum: ScalarLike,
    begin: int,
    end: int,
) -> optax.GradientTransformation:
    """``v <- m v - rate grad``, of Goodfellow et al. 2014 (mnist.yaml) and Mirza & Osindero 2014.

    Args:
      learning_rate: of the first step; ``rate = learning_rate (1 + decay) ** -step``.
      decay: as above.
      momentum: ``m`` until step ``begin``; it grows linearly.
      final_momentum: ``m`` from step ``end`` on.
      begin: a step.
      end: a later step.
    """

    def rate(step: ArrayLike) -> jax.Array:
        # (1 + decay) ** -step, without losing the decay's digits beside the one.
        return jnp.maximum(
            learning_rate * jnp.exp(-jnp.asarray(step) * jnp.log1p(decay)), LEAST_RATE
        )

    growing = optax.linear_schedule(momentum, final_momentum, end - begin, begin)
    # The velocity holds past learning rates, as pylearn2's does.
    return optax.chain(
        optax.scale_by_schedule(lambda step: -rate(step)),
        optax.inject_hyperparams(optax.trace)(decay=growing),
    )


def linear_after_half(learning_rate: ScalarLike, steps: int) -> optax.Schedule:
    """A rate that is constant for half of ``steps``, then falls linearly to 0.

    CycleGAN's (Zhu et al. 2017, section 4), by step; the authors' code changes it by epoch.
    """

    def rate(step: ArrayLike) -> jax.Array:
        left = 1.0 - jnp.asarray(step, jnp.float32) / steps
        return learning_rate * jnp.clip(2.0 * left, 0.0, 1.0)

    return rate


def falling_by_epoch(learning_rate: ScalarLike, decay: ScalarLike, epoch: int) -> optax.Schedule:
    """A rate that is multiplied by ``decay`` after every ``epoch`` steps (HiFi-GAN, section 3.1).

    Unlike ``optax.exponential_decay``, it takes a traced ``decay``.
    """

    def rate(step: ArrayLike) -> jax.Array:
        epochs = (jnp.asarray(step) // epoch).astype(jnp.float32)
        return learning_rate * jnp.asarray(decay, jnp.float32) ** epochs

    return rate


def cosine(begin: ScalarLike, end: ScalarLike, steps: int) -> optax.Schedule:
    """From ``begin`` to ``end`` along half a cosine in ``steps``, then constant.

    Unlike ``optax.cosine_decay_schedule``, it takes traced numbers, and may rise.
    """

    def at(step: ArrayLike) -> jax.Array:
        share = jnp.minimum(jnp.asarray(step, jnp.float32) / steps, 1.0)
        return end + (begin - end) * 0.5 * (1.0 + jnp.cos(jnp.pi * share))

    return at


def clip_weights(bound: ScalarLike) -> optax.GradientTransformation:
    """Every parameter stays in ``[-bound, bound]`` (Arjovsky et al. 2017, WGAN, algorithm 1).

    The update becomes ``clip(w + update) - w``, so the optimizer's own state does not see the
    constraint: ``optax.chain(optax.rmsprop(5e-5), clip_weights(0.01))``. All leaves are
    clipped, those of normalization layers too, as in the authors' code.
    """

    def project(updates: optax.Updates, params: Params) -> optax.Updates:
        def clipped(update: jax.Array, param: jax.Array) -> jax.Array:
            return jnp.clip(param + update, -bound, bound) - param

        return jax.tree.map(clipped, updates, params)

    return optax.stateless(project)
