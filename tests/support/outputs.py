"""Outputs made by hand, and terms taken as a step takes them, on any number of devices."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.rng import Rng
from jaxgan.types import AXIS, Outputs, Seen


def array(x):
    return jnp.asarray(x, jnp.float32)


def judged(real, fake, **more):
    """Outputs of which only the logits matter."""
    real, fake = array(real), array(fake)
    return Outputs(real, fake, real, fake, critic=lambda x: x, stats={}, **more)


def after(logs):
    """What a rule that moves adaptive state is given."""
    return Seen(logs, {})


def seen(critic, real, fake, rng=None, **more):
    """Outputs of which only the samples and the critic matter."""
    real, fake = array(real), array(fake)
    rng = drawn(len(real)) if rng is None else rng
    return Outputs(real, fake, critic(real), critic(fake), critic, stats={}, rng=rng, **more)


def drawn(rows, seed=0, first=0):
    return Rng(jax.random.key(seed), first + jnp.arange(rows, dtype=jnp.int32))


def across(count, loss, params, *rows):
    """Value and gradient of ``loss(params, *rows)``, the rows divided over ``count`` devices.

    As the training step: each device differentiates its own loss, and gradients are averaged.
    """

    def device(*own):
        return lax.pmean(jax.value_and_grad(lambda params: loss(params, *own))(params), AXIS)

    shards = [array(x).reshape(count, -1, *np.shape(x)[1:]) for x in rows]
    return jax.tree.map(lambda leaf: leaf[0], jax.jit(jax.vmap(device, axis_name=AXIS))(*shards))


def alone(function, *arguments):
    """``function(*arguments)`` inside the mapped axis, on one device."""
    out = jax.jit(jax.vmap(lambda _: function(*arguments), axis_name=AXIS))(jnp.zeros(1))
    return jax.tree.map(lambda leaf: leaf[0], out)


def rows_of(count):
    """Global rows of a device of ``AXIS`` that holds ``count``."""
    return lax.axis_index(AXIS) * count + jnp.arange(count, dtype=jnp.int32)
