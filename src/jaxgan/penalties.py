"""Penalties on the critic's gradient with respect to its input.

The gradient is taken in float32, whatever the dtype of the activations.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxgan.types import Round, Scalar


def squared_slopes(critic: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """``|grad l(x)|^2`` for each sample, float32 ``[batch]``."""
    slopes = jax.grad(lambda x: jnp.sum(critic(x).astype(jnp.float32)))(x.astype(jnp.float32))
    return jnp.sum(jnp.square(slopes), axis=tuple(range(1, slopes.ndim)))


def r1(round: Round) -> Scalar:
    """``E |grad l(x)|^2 / 2`` over real samples (Mescheder et al. 2018, equation 9)."""
    return 0.5 * jnp.mean(squared_slopes(round.critic, round.real))


def r2(round: Round) -> Scalar:
    """``E |grad l(G(z))|^2 / 2`` over fake samples (Mescheder et al. 2018, equation 10)."""
    return 0.5 * jnp.mean(squared_slopes(round.critic, round.fake))
