"""Decays for the running average of the generator.

A decay is a function of the step and of the images seen so far. The average of step
``t`` is ``decay * average + (1 - decay) * generator``.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp

from jaxgan.types import ScalarLike

Decay: TypeAlias = Callable[[jax.Array, jax.Array], jax.Array]
"""``(step, images per step) -> decay``, int32 scalars to a float32 scalar."""


def constant(decay: ScalarLike, warmup: bool = True) -> Decay:
    """``decay`` per step; with ``warmup``, at most ``(1 + step) / (10 + step)``.

    The warm-up (TensorFlow's ``ExponentialMovingAverage(num_updates)``) keeps short runs
    from showing their initialization.
    """

    def at(step: jax.Array, images: jax.Array) -> jax.Array:
        t = step.astype(jnp.float32)
        target = jnp.asarray(decay, jnp.float32)
        return jnp.minimum(target, (1.0 + t) / (10.0 + t)) if warmup else target

    return at


def half_life(images_half: ScalarLike, rampup: ScalarLike = 0.05) -> Decay:
    """Half the average is younger than ``images_half`` images, whatever the batch size.

    During the first part of training the half-life is at most ``rampup`` times the images
    seen before this step (Karras et al. 2020, StyleGAN2-ADA's ``ema_kimg`` and ``ema_rampup``).
    """

    def at(step: jax.Array, images: jax.Array) -> jax.Array:
        per_step = jnp.asarray(images, jnp.float32)
        seen = step.astype(jnp.float32) * per_step
        half = jnp.minimum(jnp.asarray(images_half, jnp.float32), rampup * seen)
        return 0.5 ** (per_step / jnp.maximum(half, 1e-8))

    return at


def scheduled_half_life(images_half: Callable[[jax.Array], ScalarLike]) -> Decay:
    """Half the average is younger than so many images, a function of the step.

    At a half-life of 0 there is no average (Huang et al. 2024, R3GAN, whose half-life grows).
    """

    def at(step: jax.Array, images: jax.Array) -> jax.Array:
        half = jnp.asarray(images_half(step), jnp.float32)
        return 0.5 ** (jnp.asarray(images, jnp.float32) / jnp.maximum(half, 1e-8))

    return at
