"""Gradient descent with momentum, as the code of the first GANs schedules it."""

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from jaxgan.types import Knob

LEAST_RATE = 1e-6
"""What the learning rate never falls below (pylearn2's ``ExponentialDecay``, ``min_lr``)."""


def momentum_sgd(
    learning_rate: Knob,
    decay: Knob,
    momentum: Knob,
    final_momentum: Knob,
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
