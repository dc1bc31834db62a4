"""Floating-point operations of training, counted from the program of a step and not measured.

XLA counts them in the program as JAX writes it, before it is optimized, so that they depend on no
device. They are counted when a page needs them: nothing is compiled, and training pays nothing.
"""

import dataclasses
import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from jaxgan import hyperparameters, parallel
from jaxgan.experiment import blank_rows, initial_state
from jaxgan.game.gan import fresh_batches
from jaxgan.game.step import make_step
from jaxgan.runs.folder import RunFolder
from jaxgan.sampling.load import rebuild
from jaxgan.sweep.results import Trial


def flops(trial: Trial) -> float:
    """Floating-point operations of all steps that a trial took.

    A multiplication and an addition are two. What is done in some steps only counts as if it were
    done in all. NaN if the run cannot be rebuilt from its folder.
    """
    file = RunFolder(trial.folder).experiment
    if not trial.description or not file.is_file():
        return math.nan
    # Floats are arguments of a step, not part of its program, and so are seeds; a weight of 0 may
    # leave a term out.
    config = {n: v for n, v in trial.description["config"].items() if type(v) is not float or not v}
    training = {**trial.description["training"], "seed": 0, "ema": 0.0}
    parts = [file.read_text(errors="replace"), config, training, trial.description["data"]]
    return trial.step * _of_step(_Program(json.dumps(parts), trial.folder))


@dataclasses.dataclass(frozen=True)
class _Program:
    """What the operations of a step depend on, and a run that has it."""

    key: str
    folder: Path = dataclasses.field(compare=False)


@functools.cache
def _of_step(program: _Program) -> float:
    """The operations of one step, of all rows of its batches; NaN if the game cannot be built."""
    try:
        run = rebuild(RunFolder(program.folder))
        values = {**hyperparameters.split(run.config), "ema": jnp.float32(run.task.ema)}

        def build(values):
            floats = {name: value for name, value in values.items() if name != "ema"}
            task = dataclasses.replace(run.task, ema=values["ema"])
            return run.experiment.game(hyperparameters.merge(run.config, floats), task)

        def step(values, state, raw):
            gan = dataclasses.replace(build(values), frozen=run.gan.frozen)
            batch = run.task.modality.prepare(raw, None, gan.range, False)
            count = fresh_batches(gan.updates)
            return make_step(gan)(
                state, jax.tree.map(lambda leaf: jnp.stack([leaf] * count), batch)
            )

        raw = blank_rows(run.task, run.description["training"]["batch_size"])
        state = jax.eval_shape(lambda: initial_state(run.gan, jax.random.key(0), run.task))
        return counted(step, values, state, raw)
    except Exception:  # whatever a file and its networks raise: the page then has no number
        return math.nan


def counted(function: Callable[..., Any], *arguments: Any) -> float:
    """The operations of ``function``, code for one device, as XLA counts them.

    Args:
      function: code for one device.
      arguments: arrays, or their shapes.
    """
    found = jax.jit(parallel.alone(function)).lower(*arguments).cost_analysis()
    return float(found["flops"]) if found and "flops" in found else math.nan
