"""How several steps run in one call of the engine.

A loop saves the time between steps. On CPU the gradient of a convolution's kernel is about ten
times slower inside a loop (jax issue 12868). With the gradients of ``jaxgan.nn.conv`` it is not
(``scripts/benchmarks/cpu_convolutions.md``), but networks may have other convolutions, and a loop
wins little there: so convolutional games on CPU run one step per call.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.game.state import GanState
from jaxgan.runs.settings import Repeat
from jaxgan.types import add_logs


def choose(state: GanState) -> Repeat:
    """``single`` for convolutional parameters on CPU, ``loop`` otherwise."""
    params = [player.params for player in state.players.values()]
    convolutional = any(jnp.ndim(leaf) > 2 for leaf in jax.tree.leaves(params))
    return "single" if convolutional and jax.default_backend() == "cpu" else "loop"


def unrolled(step: Callable[..., Any]) -> Callable[..., Any]:
    """``(state, hyperparameters, arrays, chunk, count) -> (state, logs)``, every step written out.

    The chunk's first axis counts the steps; ``count`` is ignored.
    """

    def run(state, hyperparameters, arrays, chunk, count):
        del count
        totals = None
        for number in range(len(jax.tree.leaves(chunk)[0])):
            one = jax.tree.map(lambda leaf, n=number: leaf[n], chunk)
            state, logs = step(state, hyperparameters, arrays, one)
            totals = logs if totals is None else add_logs(totals, logs)
        return state, totals

    return run


def looped(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same as one loop over the first ``count`` steps of the chunk.

    The count is traced: one executable serves every number of steps, and its results do
    not depend on how the steps are grouped.
    """

    def run(state, hyperparameters, arrays, chunk, count):
        def at(number):
            pick = lambda leaf: lax.dynamic_index_in_dim(leaf, number, keepdims=False)  # noqa: E731
            return jax.tree.map(pick, chunk)

        def body(number, carry):
            state, totals = carry
            state, logs = step(state, hyperparameters, arrays, at(number))
            return state, add_logs(totals, logs)

        shapes = jax.eval_shape(step, state, hyperparameters, arrays, at(0))[1]
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return lax.fori_loop(0, count, body, (state, zeros))

    return run
