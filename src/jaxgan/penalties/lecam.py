"""LeCam regularization: the discriminator's answers stay near what it used to say of the others.

The anchors are moving averages in the adaptive state; an ``adapt`` moves them after each step, so a
step is held to the averages of the steps before it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.types import Mean, Outputs, Scalar, ScalarLike, Seen


def lecam(outputs: Outputs) -> Scalar:
    """``E (l(x) - a_F)^2 + E (l(G(z)) - a_R)^2`` (Tseng et al. 2021, LeCam-GAN).

    ``a_R`` and ``a_F`` are ``outputs.adaptive``'s averages of real and of fake logits.
    """
    real = jnp.mean(jnp.square(outputs.real_logits - outputs.adaptive["lecam_fake"]))
    return real + jnp.mean(jnp.square(outputs.fake_logits - outputs.adaptive["lecam_real"]))


def lecam_clipped(outputs: Outputs) -> Scalar:
    """``E max(0, l(x) - a_F)^2 + E max(0, a_R - l(G(z)))^2``: what the authors' code minimizes."""
    real = jnp.mean(jnp.square(jax.nn.relu(outputs.real_logits - outputs.adaptive["lecam_fake"])))
    fake = jax.nn.relu(outputs.adaptive["lecam_real"] - outputs.fake_logits)
    return real + jnp.mean(jnp.square(fake))


lecam_start: Mapping[str, float] = {"lecam_real": 0.0, "lecam_fake": 0.0}
"""Adaptive state to begin with: logits begin near zero."""


def lecam_averages(
    decay: ScalarLike = 0.99, real: str = "d/logits_real", fake: str = "d/logits_fake"
) -> Callable[[dict[str, Any], Seen], dict[str, Any]]:
    """``a <- decay a + (1 - decay) E l``, an ``adapt`` (Tseng et al. 2021).

    ``real`` and ``fake`` name the logs with the mean logits of the global batch.
    """

    def moved(old: jax.Array, mean: Mean) -> jax.Array:
        new = decay * old + (1.0 - decay) * mean.total / jnp.maximum(mean.count, 1.0)
        # Without a discriminator update in this step nothing was seen.
        return jnp.where(mean.count > 0, new, old)

    def adapt(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        logs = seen.logs
        return {
            **adaptive,
            "lecam_real": moved(adaptive["lecam_real"], logs[real]),
            "lecam_fake": moved(adaptive["lecam_fake"], logs[fake]),
        }

    return adapt
