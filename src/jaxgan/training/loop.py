"""The training loop: train some steps, then do whatever is due.

The loop knows no file, no flag and no paper. A run is an engine (compiled steps), a number of steps
to reach, and hooks: actions with a cadence each, called in their order, all of them at the end.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.game.state import GanState
from jaxgan.types import Logs, Mean, add_logs, wait_for_means


@jax.jit  # of dozens of scalars, each of which would be a call of its own
def _added(logs: Logs | None, more: Logs, finite: Any, count: Any) -> tuple[Logs, jax.Array]:
    """The sum of logs, and ``finite`` plus the ``count`` steps of the newer ones if it is finite.

    What is not finite stays so in a sum: no step counts from then on.
    """
    total = more if logs is None else add_logs(logs, more)
    sums = [jnp.all(jnp.isfinite(mean.total)) for mean in total.values()]
    return total, finite + count * jnp.all(jnp.asarray(sums))


FINITE = ""
"""Name, which no log has, of the steps that were finite, where they are read with the logs."""


class Engine(Protocol):
    """Compiled training steps; one call trains at most ``longest`` of them."""

    longest: int

    def __call__(self, state: GanState, step: int, count: int) -> tuple[GanState, Logs]:
        """The state ``count`` steps after ``step``, and the summed logs; donates ``state``."""
        ...


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How training ended, after how many steps, what happened, and the signal that stopped it.

    Of a run that diverged, ``since`` is the last step that was sound.
    """

    kind: Literal["finished", "interrupted", "diverged", "failed"]
    step: int
    note: str = ""
    stopped_by: str = ""
    since: int = 0


class Meter:
    """Sums the logs of ``steps`` steps and times them, since it was last restarted.

    Once paused, ``finite`` is the number of those steps before the first call of the engine whose
    logs were not finite.

    The ``timed`` steps took ``seconds``: neither the first call, which compiles, nor hooks count.
    """

    def __init__(self) -> None:
        self._since: float | None = None  # None until the engine has compiled
        self.restart()

    def restart(self) -> None:
        """Forgets everything measured so far."""
        self.logs: Logs | None = None
        self.steps, self.timed, self.seconds, self.finite = 0, 0, 0.0, 0
        self._finite: Any = np.int32(0)

    def add(self, logs: Logs, count: int) -> None:
        """Adds the logs of ``count`` steps."""
        self.logs, self._finite = _added(self.logs, logs, self._finite, np.int32(count))
        self.steps += count
        if self._since is None:
            jax.block_until_ready(logs)
            self._since = time.perf_counter()
        else:
            self.timed += count

    def pause(self) -> dict[str, Any]:
        """Waits for the device, stops the clock, and returns the means since the restart."""
        once: Any = np.int32(1)
        finite = Mean(self._finite, once)
        means = wait_for_means({**(self.logs or {}), FINITE: finite})
        self.finite = int(means.pop(FINITE))
        self.seconds += time.perf_counter() - (self._since or 0.0)
        return means

    def resume(self) -> None:
        """Starts the clock again."""
        self._since = time.perf_counter()


@dataclasses.dataclass
class StepInfo:
    """What a hook may look at.

    Attributes:
      step: number of finished steps.
      state: the state after them; the engine's next call donates it.
      meter: logs and speed since the last row.
      means: the means of those logs; a name that was not measured is absent.
      last: whether it is the last step of the run.
      scores: where an evaluation hook leaves its scores for the hooks after it.
    """

    step: int
    state: GanState
    meter: Meter
    means: dict[str, Any]
    last: bool
    scores: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Hook:
    """Something that is done between steps.

    Attributes:
      act: called with a ``StepInfo``; if it returns an ``Outcome``, the run ends at once.
      every: numbers of steps; the hook is due at the multiples of each. 0 stands for never.
      on_stop: whether the hook is also due when the run is interrupted.
    """

    act: Callable[[StepInfo], Outcome | None]
    every: tuple[int, ...]
    on_stop: bool = False

    def due(self, step: int, last: bool, why: str) -> bool:
        """Whether to call the hook after ``step`` steps; ``why`` the run stops, if it does."""
        return last or bool(self.on_stop and why) or any(n and step % n == 0 for n in self.every)


def fit(
    state: GanState,
    engine: Engine,
    hooks: Sequence[Hook],
    steps: int,
    stop: Callable[[int, int], str] = lambda before, step: "",
    tick: Callable[[int], None] = lambda step: None,
) -> tuple[GanState, Outcome]:
    """Trains until ``steps`` steps are done, a hook ends the run, or it is stopped.

    Args:
      state: the state to start from, after any number of steps.
      engine: trains some steps. It is never asked to pass a step at which a hook is due.
      hooks: what to do between steps, in this order.
      steps: the number of steps to reach.
      stop: called with the step before and after each call of the engine; says why to end early.
      tick: called with the step after each call of the engine.
    """
    meter, step = Meter(), int(state.step)
    cadences = [n for hook in hooks for n in hook.every if n]
    while step < steps:
        count = min([engine.longest, steps - step, *(n - step % n for n in cadences)])
        state, logs = engine(state, step, count)
        meter.add(logs, count)
        why, step = stop(step, step + count), step + count
        tick(step)
        last = step == steps
        if due := [hook for hook in hooks if hook.due(step, last, why)]:
            info = StepInfo(step, state, meter, meter.pause(), last)
            for hook in due:
                if outcome := hook.act(info):
                    return state, outcome
            meter.resume()
        if why and not last:  # at the last step nothing is left to interrupt
            return state, Outcome("interrupted", step, f"stopped by {why} at step {step}", why)
    return state, Outcome("finished", step)
