"""LOGAN: latents that are improved before they are used."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan.forward.base import Forward, Prior
from jaxgan.forward.samples import unconditional
from jaxgan.rng import Rng
from jaxgan.types import Batch, Latent, Outputs, ScalarLike


def latent_optimization(
    prior: Prior,
    rate: ScalarLike = 0.9,
    damping: ScalarLike = 5.0,
    share: ScalarLike = 1.0,
    bound: ScalarLike = 1.0,
    game: Callable[[Prior], Forward] = unconditional,
) -> Forward:
    """LOGAN: a game with latents moved to please the critic (Wu et al. 2019).

    ``game`` makes a forward pass of a prior: ``unconditional``, ``conditional`` (the paper's) or
    another.

    ``z' = clip(z + dz, -bound, bound)`` with ``dz = rate g / (damping + |g|^2)`` and ``g`` the
    gradient of ``l(G(z))``: one step of natural gradient ascent, the Fisher matrix being that
    sample's ``g g^T`` plus ``damping``. A ``share`` of each latent's elements, drawn anew for
    every sample, moves (half of them in the paper), by what it would if all did. Both players'
    gradients pass through the step, as in the paper, whose rate and damping for ImageNet are the
    defaults. The prior is ``uniform``. Extras: ``latent_step`` ``[b, size]``, 0 where nothing
    moves, which ``penalties.latent_step`` holds short; ``latents`` are moved.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        def outputs_of(latents: Latent) -> Outputs:
            held = game(lambda rng, truncation=None: latents)
            return held.run(generator, discriminator, batch, rng, adaptive)

        def score(latents: Latent) -> jax.Array:
            logits = jax.tree.leaves(outputs_of(latents).fake_logits)
            return sum(jnp.sum(leaf.astype(jnp.float32)) for leaf in logits)  # type: ignore

        source = rng.named("latent")
        latents = prior(source)
        slope = jax.grad(score)(latents)
        step = rate * slope / (damping + jnp.sum(jnp.square(slope), axis=-1, keepdims=True))
        moves = rng.named("moved").bernoulli(share, latents.shape[1:])
        step = jnp.where(moves, step, 0.0)
        moved = jnp.clip(latents + step, -bound, bound)
        outputs = outputs_of(moved)
        return dataclasses.replace(outputs, extras={**outputs.extras, "latent_step": step})

    return dataclasses.replace(game(prior), run=run)
