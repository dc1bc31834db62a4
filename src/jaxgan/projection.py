"""Constraints on parameters, as the last transform of an optimizer."""

import jax
import jax.numpy as jnp
import optax

from jaxgan.types import Knob, Params


def clip_weights(bound: Knob) -> optax.GradientTransformation:
    """Every parameter stays in ``[-bound, bound]`` (Arjovsky et al. 2017, WGAN, algorithm 1).

    The update becomes ``clip(w + update) - w``, so the optimizer's own state does not see the
    constraint: ``optax.chain(optax.rmsprop(5e-5), clip_weights(0.01))``. All leaves are
    clipped, those of normalisation layers too, as in the authors' code.
    """

    def project(updates: optax.Updates, params: Params) -> optax.Updates:
        def clipped(update: jax.Array, param: jax.Array) -> jax.Array:
            return jnp.clip(param + update, -bound, bound) - param

        return jax.tree.map(clipped, updates, params)

    return optax.stateless(project)
