"""What a training step costs by its program: no device is needed and no clock is read."""

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


@dataclasses.dataclass(frozen=True)
class StepCost:
    """The cost of a step of one device, as XLA counts it before it optimizes.

    What is done in some steps only (lazy terms and phases) counts as if it were done in each, and
    the body of a loop as if it ran once.

    Attributes:
      flops: floating-point operations; a multiplication and an addition are two.
      bytes: that operations read and write, before any are fused.
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
    """The cost of a step; see ``lowered_step``.

    Raises:
      ValueError: XLA does not tell.
    """
    found = lowered_step(game, flip).cost_analysis()
    if not found or "flops" not in found:
        raise ValueError("this version of XLA does not count operations")
    sizes = [_bytes(leaf) for leaf in jax.tree.leaves(game.shapes)]
    return StepCost(float(found["flops"]), float(found["bytes accessed"]), sum(sizes))


def _bytes(leaf: jax.ShapeDtypeStruct) -> int:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.eval_shape(jax.random.key_data, leaf).size * 4
    return leaf.size * np.dtype(leaf.dtype).itemsize
