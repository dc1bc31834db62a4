"""A trial in a process of its own.

Whatever happens to it, an error, a crash of the interpreter, or no memory left, happens to it
alone, and its memory is free afterwards. The price is a start of some seconds for each trial; the
compiled program comes from JAX's cache.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jaxgan.evaluation.cache import cache_folder


class Signals:
    """Hands SIGTERM and Ctrl-C on to the process that runs, and remembers them.

    Use as a context manager; leaving it restores the signal handlers.

    Attributes:
      asked: the first signal that came; None if none has.
    """

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self._child: subprocess.Popen | None = None

    def __enter__(self) -> "Signals":
        self._before = {
            number: signal.signal(number, self._hear) for number in (signal.SIGTERM, signal.SIGINT)
        }
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame) -> None:
        self.asked = self.asked or signal.Signals(number)
        if self._child is not None:
            self._child.send_signal(number)

    @contextlib.contextmanager
    def to(self, child: subprocess.Popen) -> Iterator[None]:
        """While ``child`` runs, signals go to it."""
        self._child = child
        if self.asked:  # before it was started
            child.send_signal(self.asked)
        try:
            yield
        finally:
            self._child = None


def run(words: Sequence[str], log: Path, signals: Signals) -> int:
    """Runs ``jaxgan WORDS``; its exit code, or less than 0, the signal that killed it."""
    with started(words, log) as child, signals.to(child):
        return child.wait()


def started(words: Sequence[str], log: Path) -> subprocess.Popen:
    """Starts ``jaxgan WORDS``; what it says is added to ``log``.

    It has a session of its own: Ctrl-C reaches the sweep alone, which hands it on, since a second
    signal would end the trial at once. It is as polite to other programs as this process.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "jaxgan.cli.main", *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment(os.environ),
        )
    with contextlib.suppress(OSError):
        # Linux weighs sessions against each other before it looks at the niceness of processes.
        Path(f"/proc/{child.pid}/autogroup").write_text(str(os.nice(0)))
    return child


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """The variables of a trial: compiled programs are kept for the next one."""
    return {"JAX_COMPILATION_CACHE_DIR": str(cache_folder() / "compiled"), **own}


def last_words(log: Path, since: int) -> str:
    """The last line that was added to a log after byte ``since``: what a process died of."""
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    ours = [line for line in said if re.match("jaxgan: (?!WARNING)", line)]
    return (ours or said or ["it said nothing"])[-1].removeprefix("jaxgan: ")[:500]
