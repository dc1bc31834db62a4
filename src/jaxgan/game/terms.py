"""Terms: what a player minimizes, and how terms combine.

A term is a function of a ``Outputs``. It returns a scalar, or a ``Cost`` when it has more
to log. ``scale``, ``every`` and ``of_logits`` turn one term into another, as optax's
combinators do.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.errors import UserError
from jaxgan.types import Cost, Mean, Outputs, Scalar, ScalarLike

Term: TypeAlias = Callable[[Outputs], "Scalar | Cost"]
"""A function of a forward pass's outputs, which a player minimizes."""

Factor: TypeAlias = ScalarLike | Callable[[jax.Array], ScalarLike]
"""A weight, or a schedule: a function of the step."""


def evaluate(term: Term, outputs: Outputs) -> Cost:
    """The term's ``Cost``, in float32, whichever of the two forms it returns."""
    value = term(outputs)
    if isinstance(value, Cost):
        return value
    value = jnp.asarray(value, jnp.float32)
    return Cost(value, {"": Mean.of(value)})


def left_out(weight: Factor) -> bool:
    """Whether ``scale`` leaves a term of this weight out: where it is the Python number 0.

    For what a game does for that term alone. No traced weight is left out, whatever its value.
    """
    return isinstance(weight, int | float) and weight == 0


def scale(weight: Factor, term: Term) -> Term:
    """``weight * term``; the weight may be a schedule, a function of the step.

    The term is logged without its weight, so that runs with different weights compare. If the
    weight is the Python number 0, it is left out: neither computed nor logged.
    """

    def scaled(outputs: Outputs) -> Cost:
        if left_out(weight):
            return Cost(jnp.zeros(()), {})
        cost = evaluate(term, outputs)
        factor = weight(outputs.step) if callable(weight) else weight
        return Cost(jnp.asarray(factor, jnp.float32) * cost.loss, cost.logs)

    return scaled


def measured(term: Term) -> Term:
    """The term as something that is logged and that nobody minimizes: it has no gradient."""

    def measure(outputs: Outputs) -> Cost:
        cost = evaluate(term, outputs)
        return Cost(jnp.zeros(()), lax.stop_gradient(cost.logs))

    return measure


def every(interval: int, term: Term) -> Term:
    """``interval * term`` in every ``interval``-th step, and nothing in the others.

    Lazy regularization (Karras et al. 2020, StyleGAN2, appendix B): the expected gradient
    is unchanged. A skipped term is neither computed nor logged. With an interval of 1 this is the
    term itself.

    Raises:
      UserError: the interval is below 1.
    """
    if interval < 1:
        raise UserError(f"A term cannot count in every {interval}-th step; give at least 1.")
    if interval == 1:
        return term

    def lazy(outputs: Outputs) -> Cost:
        def due() -> Cost:
            cost = evaluate(term, outputs)
            return Cost(interval * cost.loss, cost.logs)

        shape = jax.eval_shape(due)
        skipped = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shape)
        return lax.cond(outputs.step % interval == 0, due, lambda: skipped)

    return lazy


def of_logits(change: Callable[[jax.Array], jax.Array], term: Term) -> Term:
    """The term with ``change`` of the discriminator's logits ``[b]`` in their place.

    Its critics' answers are changed too, so that a penalty is of their slopes: with
    ``jax.nn.sigmoid`` a term judges, and a penalty bounds, the discriminator's probability.
    """

    def changed(critic: Callable[[Any], jax.Array] | None):
        return None if critic is None else lambda samples: change(critic(samples))

    def judged(outputs: Outputs) -> "Scalar | Cost":
        return term(
            dataclasses.replace(
                outputs,
                real_logits=change(outputs.real_logits),
                fake_logits=change(outputs.fake_logits),
                critic=changed(outputs.critic),
                fake_critic=changed(outputs.fake_critic),
            )
        )

    return judged


def total(terms: Mapping[str, Term], outputs: Outputs, who: str) -> tuple[Scalar, dict[str, Mean]]:
    """The sum of ``terms``, and their logs under ``who/term``.

    Each term gets its own source of randomness, from its name.
    """
    loss, logs = jnp.zeros(()), {}
    for name, term in terms.items():
        rng = outputs.rng.named(f"{who}/{name}")
        cost = evaluate(term, dataclasses.replace(outputs, rng=rng))
        loss += cost.loss
        for detail, value in cost.logs.items():
            logs[f"{who}/{name}/{detail}" if detail else f"{who}/{name}"] = value
    return loss, logs
