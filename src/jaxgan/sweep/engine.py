"""What runs the commands of a sweep: an engine. ``local.py`` and ``slurm.py`` have one each."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from jaxgan.runs.folder import RunFolder
from jaxgan.sweep.manifest import State
from jaxgan.sweep.process import Signals


class Command(NamedTuple):
    """A command of ``jaxgan``.

    Attributes:
      words: what follows ``jaxgan``.
      log: where what it says is added.
      runs: the runs that it trains.
    """

    words: tuple[str, ...]
    log: Path
    runs: tuple[RunFolder, ...] = ()


class Engine(Protocol):
    """Runs commands, each in a process of its own, several at the same time if it can."""

    @property
    def begun(self) -> State:
        """How a trial stands whose command it has taken."""
        ...

    def __call__(
        self, commands: Iterable[Command], signals: Signals
    ) -> Iterator[tuple[Command, int]]:
        """Gives each command with its exit code, as it ends; below 0 the signal that killed it.

        A command is taken when it can be started, and none is after a signal. Those that were taken
        and are not given go on elsewhere; the same command is found there again.
        """
        ...


def run_one(engine: Engine, command: Command, signals: Signals) -> int | None:
    """The exit code of one command; None if a signal came before it ended."""
    return next((code for _, code in engine([command], signals)), None)
