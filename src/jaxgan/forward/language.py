"""Games of text, whose samples are tokens: no gradient passes through a choice of words.

Generators are called as ``jaxgan.nets.language.LanguageModel`` is; what they write has
``tokens``, ``log_probabilities`` and ``relaxed``. A latent is the key of a sequence's random
numbers, so that it determines the sequence.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.forward.base import Condition, Forward, judged
from jaxgan.forward.priors import normal
from jaxgan.rng import Rng
from jaxgan.types import Array, Batch, Latent, Outputs, Params, ScalarLike, Seen

KEYS = normal(2)
"""Latents whose bits are the key of a sequence."""


def policy(rollouts: int = 16) -> Forward:
    """SeqGAN: writing is a policy, and the discriminator its reward (Yu et al. 2017, section 3).

    The discriminator is called with tokens ``[b, length]``.

    Extras: ``read``, a function of tokens that gives the generator's ``log_probabilities``;
    ``log_probabilities`` of the generated tokens; and ``rewards``, a function without arguments
    that gives the reward of each generated token, float32 ``[b, length]``, without a gradient: see
    ``rewards_of``. Where the adaptive state has a ``policy``, as ``follow`` moves one, its
    parameters finish the sequences; otherwise the generator's own do.

    Args:
      rollouts: how often a sequence is finished from each of its tokens on.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        written, g_stats = generator(KEYS(rng.named("latent")))

        def rewards() -> Array:
            finisher, judge = generator, dataclasses.replace(discriminator, train=False)
            if "policy" in adaptive:
                finisher = dataclasses.replace(generator, params=adaptive["policy"])
            found = rewards_of(
                written.tokens,
                lambda latents, tokens, given: finisher(latents, tokens, given)[0].tokens,
                lambda tokens: jax.nn.sigmoid(judge(tokens)[0]),
                rng.named("rollouts"),
                rollouts,
            )
            return lax.stop_gradient(found)

        extras = _extras(generator, written, batch) | {"rewards": rewards}
        return judged(discriminator, batch["tokens"], written.tokens, g_stats, adaptive, extras)

    return Forward(KEYS, run, _sample, log_probabilities=_read, keys=True)


def rewards_of(
    tokens: Array,
    finish: Callable[[Latent, Array, Array], Array],
    judge: Callable[[Array], Array],
    rng: Rng,
    rollouts: int,
) -> Array:
    """What each token is worth: how real sequences are that begin so (Yu et al. 2017, eq. 4).

    That of token ``t`` is the mean of ``judge`` over ``rollouts`` sequences that have the first
    ``t`` tokens and are finished by ``finish``; the last token's is ``judge`` of the sequence.

    Args:
      tokens: sequences ``[b, length]``.
      finish: ``(latents [b, 2], tokens, given [b]) -> tokens``, with the first ``given`` kept.
      judge: tokens ``[b, length] -> [b]``.
      rng: of the rows of ``tokens``.
      rollouts: how many.

    Returns:
      float32 ``[b, length]``.
    """
    count, length = tokens.shape
    latents = rng.normal((length - 1, rollouts, 2))

    def of_prefix(given: Array) -> Array:
        def once(latents: Array) -> Array:
            return judge(finish(latents, tokens, jnp.full((count,), given)))

        return jnp.mean(jax.vmap(once, 1)(latents[:, given - 1]), axis=0)

    # One prefix after another: all at once would hold their logits in memory.
    found = lax.map(of_prefix, jnp.arange(1, length))
    return jnp.concatenate([found, judge(tokens)[None]]).T


def follow(rate: ScalarLike) -> Callable[[dict[str, Any], Seen], dict[str, Any]]:
    """An ``adapt`` for the adaptive state ``policy``, which follows the generator's parameters.

    After a step it is ``rate`` times what it was and ``1 - rate`` times the generator's; its
    embeddings are the generator's, as in SeqGAN's code. ``generator_of`` is where it begins.
    """

    def blended(path: Any, old: Array, new: Array) -> Array:
        if any(getattr(part, "key", None) == "embed" for part in path):
            return new
        return rate * old + (1.0 - rate) * new

    def adapt(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
        now = seen.players["g"].params
        return {**adaptive, "policy": jax.tree.map_with_path(blended, adaptive["policy"], now)}

    return adapt


def generator_of(players: Mapping[str, Any]) -> Params:
    """The generator's parameters, as the adaptive state ``policy`` begins."""
    return players["g"].params


def relaxed(inverse_temperature: Callable[[Array], ScalarLike]) -> Forward:
    """RelGAN: the discriminator sees distributions that are almost tokens (Nie et al. 2019).

    In a generated sequence each token is replaced by ``softmax(beta (logits + Gumbel noise))``,
    whose largest entry is the token (Gumbel-softmax; Jang et al. 2017); the gradient passes through
    these, not through what the generator reads. Real sequences are one-hot. The discriminator is
    called with ``[b, length, vocabulary]``.

    Extras: ``read`` and ``log_probabilities`` as of ``policy``.

    Args:
      inverse_temperature: gives ``beta`` at a step, which is read from the adaptive state
        ``step``; ``count_steps`` keeps it there.
    """

    def run(
        generator, discriminator, batch: Batch, rng: Rng, adaptive: Mapping[str, Any]
    ) -> Outputs:
        beta = jnp.asarray(inverse_temperature(adaptive["step"]), jnp.float32)
        written, g_stats = generator(KEYS(rng.named("latent")), temperature=beta)
        real = jax.nn.one_hot(batch["tokens"], written.relaxed.shape[-1])
        extras = _extras(generator, written, batch)
        return judged(discriminator, real, written.relaxed, g_stats, adaptive, extras)

    return Forward(KEYS, run, _sample, log_probabilities=_read, keys=True)


def _extras(generator: Any, written: Any, batch: Batch) -> dict[str, Any]:
    return {
        "tokens": batch["tokens"],
        "read": lambda tokens: _read(generator, tokens),
        "log_probabilities": written.log_probabilities,
    }


def _sample(generator: Any, latents: Latent, condition: Condition) -> Array:
    del condition
    return generator(latents)[0].tokens


def _read(generator: Any, tokens: Array) -> Array:
    return generator(None, tokens)[0].log_probabilities
