"""How many runs to train at once: each way is tried for a moment, and the fastest is taken."""

import contextlib
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxgan import parallel
from jaxgan.experiment import Experiment
from jaxgan.runs.settings import Runtime, Training
from jaxgan.training.loop import Engine
from jaxgan.training.members import stack
from jaxgan.training.population import (
    Asked,
    Layout,
    engine_of_runs,
    feed_of_runs,
    groups_of,
    new_states,
    prepared_together,
)
from jaxgan.training.run import Run
from jaxgan.training.train import engine_of, feed_of_run

SHARE = 0.9
"""Of a device's memory; checkpoints and scores need the rest."""


class Measured(NamedTuple):
    """What training some runs at once took.

    Attributes:
      members: how many runs; 1 is a run of its own.
      start_seconds: seconds from the start of a process until its first steps are done: importing,
        data, tracing, and compiling what is not kept from an earlier process.
      step_seconds: seconds of a step of all of them.
      peak_bytes: the most memory in use on a device so far; None where it is not reported.
    """

    members: int
    start_seconds: float
    step_seconds: float
    peak_bytes: int | None = None


def seconds_of(measured: Measured, runs: int, steps: int) -> float:
    """Seconds that all runs take, so many at once and one such group after another.

    Each group is a process of its own.

    Args:
      measured: what so many runs took.
      runs: how many there are.
      steps: of each.
    """
    groups = math.ceil(runs / measured.members)
    return groups * (measured.start_seconds + steps * measured.step_seconds)


def fastest(
    measured: Sequence[Measured],
    runs: int,
    steps: int,
    memory: int | None = None,
) -> int:
    """How many runs to train at once so that all of them take the least time.

    Args:
      measured: what different numbers of them took.
      runs: how many there are.
      steps: of each.
      memory: bytes of a device; None if it is unknown. What comes near it is not taken.

    Returns:
      A number that was measured, the smallest of several that take the same time; 1 if nothing
      else fits.
    """
    fitting = [
        one
        for one in measured
        if memory is None or one.peak_bytes is None or one.peak_bytes <= SHARE * memory
    ]
    best = min(
        fitting,
        key=lambda one: (seconds_of(one, runs, steps), one.members),
        default=Measured(1, 0.0, 0.0),
    )
    return best.members


def choose(
    experiment: Experiment,
    configs: Sequence[Any],
    trainings: Sequence[Training],
    runtimes: Sequence[Runtime],
    *,
    layout: Layout = "auto",
    seconds: float = 1.0,
) -> int:
    """How many of these runs to train at once: 1 is one after another.

    They are those of one ``population.group_key``. Nothing is written.

    Args:
      experiment: what the experiment file declares.
      configs: the hyperparameters of each run.
      trainings: the settings that identify each.
      runtimes: the settings of each that a resume may change.
      layout: what is divided over several devices.
      seconds: for how long each number is tried, after it was compiled.

    Raises:
      UserError: a setting or the data are at fault.
    """
    asked = [Asked(*one) for one in zip(configs, trainings, runtimes, strict=True)]
    measured = measure(experiment, asked, layout, seconds)
    return fastest(measured, len(asked), asked[0].runtime.steps, _memory("bytes_limit"))


def measure(
    experiment: Experiment, asked: Sequence[Asked], layout: Layout, seconds: float
) -> list[Measured]:
    """What 1, 4, 16, ... and all of the runs take at once.

    It stops where there is no memory for more, or where more take longer in all.

    Raises:
      UserError: a setting or the data are at fault.
    """
    runs, _ = prepared_together(experiment, asked, layout)
    run, found = runs[0], []
    # What every process does before it makes a state; of its threads, as nothing waits long here.
    start = time.process_time()

    def total(one: Measured) -> float:
        return seconds_of(one, len(runs), run.runtime.steps)

    for count in sizes(len(runs)):
        if not _divides(count, layout, len(run.devices), run.training.batch_size):
            continue
        try:
            one = (
                _alone(run, start, seconds)
                if count == 1
                else _at_once(runs[:count], layout, start, seconds)
            )
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" not in str(error) or not found:
                raise
            break
        found.append(one)
        if total(one) > min(map(total, found)):
            break
    return found


def _divides(count: int, layout: Layout, devices: int, batch_size: int) -> bool:
    """Whether so many runs, and their batches, can be divided over the devices."""
    if layout == "members" and count % devices:
        return count == 1 and batch_size % devices == 0
    groups = 1 if count == 1 else groups_of(layout, count, devices)
    return batch_size % (devices // groups) == 0


def sizes(runs: int) -> list[int]:
    """How many runs to try at once, ascending: powers of four, and all of them."""
    powers = [4**power for power in range(runs.bit_length()) if 4**power < runs]
    return [*powers, runs]


def _alone(run: Run, start: float, seconds: float) -> Measured:
    """What one run takes, as ``train`` trains it."""
    with contextlib.closing(feed_of_run(run)) as feed:

        def make() -> tuple[Engine, Any]:
            return engine_of(run, feed, _cadences(run)), new_states([run])[0]

        return _timed(1, make, start, seconds)


def _at_once(runs: Sequence[Run], layout: Layout, start: float, seconds: float) -> Measured:
    """What these runs take as one program."""
    groups = groups_of(layout, len(runs), len(runs[0].devices))

    def make() -> tuple[Engine, Any]:
        engine = engine_of_runs(runs, feed_of_runs(runs), groups, _cadences(runs[0]))
        mesh = parallel.grid(runs[0].devices, groups)
        return engine, stack(new_states(runs), [True] * len(runs), mesh)

    return _timed(len(runs), make, start, seconds)


def _cadences(run: Run) -> tuple[int, ...]:
    return (*run.looked_at, run.runtime.logging.sample_every)


def _timed(
    members: int, make: Callable[[], tuple[Engine, Any]], start: float, seconds: float
) -> Measured:
    """Starts an engine, then calls it for so long.

    Args:
      members: how many runs it trains.
      make: makes the engine, not yet compiled, and a state.
      start: seconds that a process takes before that.
      seconds: for how long to call it.
    """
    engine, state, starting, single = _started(make)
    done = 2
    count = int(np.clip(seconds / 4 / single, 1, engine.longest))
    taken: list[float] = []
    while sum(taken) * count < seconds or len(taken) < 3:
        before = time.perf_counter()
        state, _ = engine(state, done, count)
        jax.block_until_ready(state)
        taken.append((time.perf_counter() - before) / count)
        done += count
    peak = _memory("peak_bytes_in_use")
    if jax.config.jax_compilation_cache_dir:  # type: ignore
        del engine, state
        *_, starting, _ = _started(make)  # as the processes that train find it: compiled
    return Measured(members, start + starting, statistics.median(taken), peak)


def _started(make: Callable[[], tuple[Engine, Any]]) -> tuple[Engine, Any, float, float]:
    """An engine, the state after its first two steps, their seconds, and those of the second."""
    began = time.perf_counter()
    engine, state = make()
    for done in range(2):  # the second time what is on the device lies as a step leaves it
        first = time.perf_counter()
        state, _ = engine(state, done, 1)
        jax.block_until_ready(state)
    ended = time.perf_counter()
    return engine, state, ended - began, ended - first


def _memory(what: str) -> int | None:
    """A number of the first device's memory; None where it is not reported, as on CPU."""
    return (jax.devices()[0].memory_stats() or {}).get(what)
