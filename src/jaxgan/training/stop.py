"""Ending a run early: SIGTERM, Ctrl-C, the scheduler's signal, in one process or in many."""

import contextlib
import os
import signal

import jax
from jax.experimental import multihost_utils

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
"""What asks a run to stop. Schedulers send the last two if told so, as ``sbatch --signal`` does."""


class Stop:
    """Turns signals into a wish to stop after the current call of the engine.

    This is the only place in training that reads signals. Use as a context manager; leaving it
    restores the signal handlers. After another signal, Ctrl-C raises ``KeyboardInterrupt`` at once;
    a scheduler may send several.

    Of several processes none may stop alone. There JAX handles SIGTERM, and the others are turned
    into it: it tells all processes, and they agree on one step at which all of them stop.
    """

    def __init__(self) -> None:
        self.asked = ""
        self._several = jax.process_count() > 1

    def __enter__(self) -> "Stop":
        self._before = {}
        with contextlib.suppress(ValueError):  # not the main thread: leave signals alone
            for number in SIGNALS[self._several :]:
                heard = _as_sigterm if self._several else self._ask
                self._before[number] = signal.signal(number, heard)
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self, before: int, step: int) -> str:
        """Why to stop at ``step``, where the last look was at ``before``; empty if not to."""
        if not self._several:
            return self.asked
        # The processes agree on one number, so each number must be asked for.
        reached = [
            multihost_utils.reached_preemption_sync_point(number)
            for number in range(before + 1, step + 1)
        ]
        return "preemption" if any(reached) else ""

    def _ask(self, number: int, frame) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = self.asked or signal.Signals(number).name


def _as_sigterm(number: int, frame) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
