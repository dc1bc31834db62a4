"""What the training loop adds to the compiled step.

The bare step is the engine's program, called again and again with one chunk that lies on the device
already. The loop is the one that trains: it reads batches, calls the engine, adds up logs, and
calls the hooks of a run in a scratch folder. Both take turns, so that other work on the machine
slows both. Hooks are timed call by call, since some are not due within the seconds of a turn; each
is called at the end of every turn. A save is timed until its files are written, although a run
trains on beside that.
"""

import contextlib
import dataclasses
import itertools
import math
import statistics
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp

from jaxgan.data.feed import RESIDENT_BYTES
from jaxgan.experiment import Experiment
from jaxgan.game.state import GanState
from jaxgan.runs.settings import Runtime, Training, with_flags
from jaxgan.training import hooks, start
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.loop import Hook, Outcome, StepInfo, fit
from jaxgan.training.run import Run, opened, prepared
from jaxgan.training.train import ShowProgress, engine_of, feed_of_run

DataMode: TypeAlias = Literal["resident", "streamed"]


class TimedHook:
    """A hook that measures the seconds of each of its calls.

    Attributes:
      hook: the hook.
      seconds: of each call.
    """

    def __init__(self, hook: Hook):
        self.hook = hook
        self.seconds: list[float] = []

    def __call__(self, info: StepInfo) -> Outcome | None:
        """Calls the hook."""
        began = time.perf_counter()
        outcome = self.hook.act(info)
        self.seconds.append(time.perf_counter() - began)
        return outcome

    @property
    def name(self) -> str:
        """The function or class in ``hooks`` that made it."""
        act = self.hook.act
        return getattr(act, "__qualname__", type(act).__name__).partition(".")[0]


def share_due(hook: Hook) -> float:
    """The share of steps at which a hook is due, before the last step of a run."""
    cadences = sorted({n for n in hook.every if n})
    return sum(
        (-1) ** (count + 1) / math.lcm(*together)  # inclusion and exclusion
        for count in range(1, len(cadences) + 1)
        for together in itertools.combinations(cadences, count)
    )


@dataclasses.dataclass(frozen=True)
class Times:
    """What was measured, with data that are kept on the device or streamed to it.

    Attributes:
      mode: which of them.
      steps_per_call: steps that one call of the engine takes.
      steps: steps of each turn.
      bare: seconds per step of the compiled program, turn by turn.
      loop: seconds per step of the loop without its hooks, turn by turn.
      hooks: seconds of each call of a hook, by name.
      due: the share of steps at which each hook is due.
    """

    mode: DataMode
    steps_per_call: int
    steps: int
    bare: list[float]
    loop: list[float]
    hooks: dict[str, list[float]]
    due: dict[str, float]

    @property
    def loop_adds(self) -> list[float]:
        """What the loop without its hooks adds, as a share of the bare step, turn by turn."""
        return [loop / bare - 1.0 for loop, bare in zip(self.loop, self.bare, strict=True)]

    def hook_adds(self, name: str) -> float:
        """What a hook adds at its cadence, likewise: by the medians of calls and of steps."""
        each = statistics.median(self.hooks[name])
        return self.due[name] * each / statistics.median(self.bare)

    def adds(self, without: Collection[str] = ()) -> float:
        """What the loop and its hooks, but for some, add together, by their medians."""
        names = [name for name in self.hooks if name not in without]
        return statistics.median(self.loop_adds) + sum(map(self.hook_adds, names))


def bench(
    experiment: Experiment,
    config: Any,
    training: Training,
    runtime: Runtime,
    *,
    workdir: Path,
    turns: int,
    seconds: float,
    progress: ShowProgress,
) -> tuple[list[Times], dict[str, Any]]:
    """Times the bare step and the loop, with data on the device and streamed to it.

    A turn that is shorter than what a feed reads ahead does not see a source that is slower than
    the device.

    Args:
      experiment: what the experiment file declares.
      config: its hyperparameters.
      training: settings that identify the run.
      runtime: its other settings; ``data_mode`` asks for one of the two alone. Data beyond 1 GiB
        are streamed only.
      workdir: a scratch folder.
      turns: how often each is timed.
      seconds: for about how long each time.
      progress: shows how far the loop is, as in training.

    Returns:
      The times, and what identifies the run.

    Raises:
      UserError: a setting or the data are at fault.
    """
    asked, found, description = runtime.reading.data_mode, [], {}
    for mode in ("resident", "streamed"):
        flags = {"workdir": workdir / mode, "data_mode": mode}
        run = prepared(experiment, config, training, with_flags(runtime, **flags))
        large = mode == "resident" and run.source.nbytes > RESIDENT_BYTES
        if asked == mode or (asked == "auto" and not large):
            found.append(measure(run, mode, turns, seconds, progress))
            description = run.wanted
    return found, description


def measure(run: Run, mode: DataMode, turns: int, seconds: float, progress: ShowProgress) -> Times:
    """Times a run whose data are read as ``mode`` says.

    Raises:
      UserError: the folder cannot be written, or a hook's setting is at fault.
    """
    with contextlib.ExitStack() as stack:
        mine = stack.enter_context(opened(run))
        feed = stack.enter_context(contextlib.closing(feed_of_run(run)))
        state = start.state_of(run.game, run.training.seed, mine.store, run.devices, None, None)
        bar = stack.enter_context(progress(run.experiment.name, 0, run.runtime.steps))
        own = [*mine.begin(0, bar, True), Hook(hooks.next_row, run.looked_at, on_stop=True)]
        timed = [TimedHook(hook) for hook in own]
        engine = engine_of(run, feed, [every for hook in own for every in hook.every])
        assert isinstance(engine, CompiledEngine)
        called = [dataclasses.replace(one.hook, act=one) for one in timed]

        def loop(state: GanState, count: int) -> tuple[GanState, float]:
            """Trains; returns the seconds beside those of the hooks."""
            spent = sum(map(_spent, timed))
            began = time.perf_counter()
            state, _ = fit(state, engine, called, int(state.step) + count, tick=bar.advance)
            return state, time.perf_counter() - began - (sum(map(_spent, timed)) - spent)

        bare = _Bare(engine, state)
        # Twice, since what a step returns lies on the device in another way than the first state.
        for _ in range(2):
            state, _ = loop(state, engine.longest)
            bare(1)
        calls = math.ceil(seconds / min(bare(1) for _ in range(3)))
        for one in timed:
            one.seconds.clear()
        count, of_bare, of_loop = calls * engine.longest, [], []
        for _ in range(turns):
            of_bare.append(bare(calls) / count)
            state, took = loop(state, count)
            of_loop.append(took / count)
            began = time.perf_counter()
            mine.store.wait()
            for one in timed:  # a checkpoint is written beside what follows
                if one.name == "save":
                    one.seconds[-1] += time.perf_counter() - began
    return Times(
        mode,
        engine.longest,
        count,
        of_bare,
        of_loop,
        {one.name: one.seconds for one in timed},
        {one.name: share_due(one.hook) for one in timed},
    )


class _Bare:
    """The engine's program on one chunk and a state of its own."""

    def __init__(self, engine: CompiledEngine, state: GanState):
        self._steps = engine.bare(int(state.step))
        self._state = jax.tree.map(jnp.copy, state)  # a step donates it

    def __call__(self, calls: int) -> float:
        """The seconds of so many calls."""
        began = time.perf_counter()
        for _ in range(calls):
            self._state, _ = self._steps(self._state)
        jax.block_until_ready(self._state)
        return time.perf_counter() - began


def _spent(hook: TimedHook) -> float:
    return sum(hook.seconds)
