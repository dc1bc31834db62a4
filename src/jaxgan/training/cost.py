"""What a training step costs by its program: it is not run, and no clock is read."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.experiment import blank_rows
from jaxgan.game.gan import fresh_batches
from jaxgan.training.data import preparation
from jaxgan.training.engine import training_step
from jaxgan.training.start import Game
from jaxgan.xla import quick_options


@dataclasses.dataclass(frozen=True)
class StepCost:
    """The cost of a step of one device.

    What is done in some steps only (lazy terms and phases) counts as if it were done in each, and
    the body of a loop as if it ran once.

    Attributes:
      flops: floating-point operations, as XLA counts them before it optimizes; a multiplication and
        an addition are two.
      bytes: that operations read and write, likewise: before any are fused.
      state_bytes: parameters, averages, statistics and the optimizers' state.
    """

    flops: float
    bytes: float
    state_bytes: int


def lowered_step(game: Game, flip: bool = False) -> jax.stages.Lowered:
    """A step's program, streamed data in and new state out, which donates the state.

    Args:
      game: the game, of ``game.rows`` rows on the device.
      flip: whether real images are flipped at random.
    """
    step = training_step(game.build, preparation(game.task.modality, flip))

    def on_one_device(state: Any, values: Any, frozen: Any, chunk: Any) -> Any:
        return step(state, values, ({}, frozen), chunk)

    batches = fresh_batches(game.gan.updates)
    rows = blank_rows(game.task, game.rows)
    chunk = {name: jax.ShapeDtypeStruct((batches, *x.shape), x.dtype) for name, x in rows.items()}
    arguments = (game.shapes, game.values, dict(game.gan.frozen), chunk)
    return jax.jit(parallel.alone(on_one_device), donate_argnums=0).lower(*arguments)


def cost_of(game: Game, flip: bool = False) -> StepCost:
    """The cost of a step, which is not compiled for it; see ``lowered_step``.

    Raises:
      ValueError: XLA does not tell.
    """
    lowered = lowered_step(game, flip)
    found = lowered.cost_analysis()
    if not found or "flops" not in found:
        raise ValueError("this version of XLA does not count operations")
    sizes = [_bytes(leaf) for leaf in jax.tree.leaves(game.shapes)]
    return StepCost(float(found["flops"]), float(found["bytes accessed"]), sum(sizes))


def peak_of(game: Game, flip: bool = False) -> int:
    """The memory that the step needs, compiled for a CPU, in bytes; see ``peak_bytes``."""
    return peak_bytes(lowered_step(game, flip).compile(compiler_options=quick_options()))


def peak_bytes(compiled: jax.stages.Compiled) -> int:
    """The memory that a compiled program needs: arguments, results and all in between, in bytes.

    Results that take the place of arguments count once. What lies in between is the block in which
    the compiler has placed it, so that this is what the program holds while it runs. That of a CPU
    depends neither on its cores nor on its instructions, but on which operations are fused.
    """
    memory: Any = compiled.memory_analysis()
    results = memory.output_size_in_bytes - memory.alias_size_in_bytes
    return memory.argument_size_in_bytes + results + memory.temp_size_in_bytes


def _bytes(leaf: jax.ShapeDtypeStruct) -> int:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.eval_shape(jax.random.key_data, leaf).size * 4
    return leaf.size * np.dtype(leaf.dtype).itemsize
