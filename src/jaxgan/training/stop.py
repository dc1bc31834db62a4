"""Ending a run early: SIGTERM, Ctrl-C, and the preemption of a multi-process job."""

import contextlib
import signal
from collections.abc import Callable

import jax


class Stop:
    """Turns signals into a wish to stop after the current call of the engine.

    This is the only place in training that reads signals. Use as a context manager; leaving it
    restores the signal handlers. A second signal raises ``KeyboardInterrupt`` at once.

    Of several processes none may stop alone. There JAX handles SIGTERM: it tells all processes, and
    they agree on one step at which all of them stop.
    """

    def __init__(self, preempted: Callable[[int], bool] = lambda step: False):
        """``preempted`` is asked on every process for every step; all get the same answer."""
        self.asked = ""
        self._preempted = preempted

    def __enter__(self) -> "Stop":
        self._before = {}
        if jax.process_count() > 1:
            return self
        with contextlib.suppress(ValueError):  # not the main thread: leave signals alone
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self, before: int, step: int) -> str:
        """Why to stop at ``step``, where the last look was at ``before``; empty if not to."""
        if self.asked or jax.process_count() == 1:
            return self.asked
        # The processes agree on one number, so each number must be asked for.
        reached = [self._preempted(number) for number in range(before + 1, step + 1)]
        return "preemption" if any(reached) else ""

    def _ask(self, number: int, frame) -> None:
        if self.asked:  # the second time, at once
            raise KeyboardInterrupt
        self.asked = signal.Signals(number).name
