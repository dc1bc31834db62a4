"""A command of ``jaxgan`` in a process of its own.

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
from collections.abc import Mapping, Sequence
from pathlib import Path


class Signals:
    """Hands SIGTERM and Ctrl-C on to the processes that run, and remembers them.

    Use as a context manager; leaving it restores the signal handlers.

    Attributes:
      asked: the first signal that came; None if none has.
    """

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self._children: list[subprocess.Popen] = []

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
        for child in self._children:
            child.send_signal(number)

    def add(self, child: subprocess.Popen) -> None:
        """From now on signals go to ``child``, also one that came before."""
        self._children = [*self._children, child]
        if self.asked:
            child.send_signal(self.asked)

    def remove(self, child: subprocess.Popen) -> None:
        """Signals go to ``child`` no more: it has ended."""
        self._children = [one for one in self._children if one is not child]


def started(
    words: Sequence[str], log: Path, variables: Mapping[str, str] | None = None
) -> subprocess.Popen:
    """Starts ``jaxgan WORDS``; what it says is added to ``log``.

    It has a session of its own: Ctrl-C reaches the sweep alone, which hands it on, since a second
    one would end the trial at once. It is as polite to other programs as this process.

    Args:
      words: what follows ``jaxgan``.
      log: a file, which need not exist.
      variables: of its environment, beside those of this process.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "jaxgan.cli.main", *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(variables or {})},
        )
    with contextlib.suppress(OSError):
        # Linux weighs sessions against each other before it looks at the niceness of processes.
        Path(f"/proc/{child.pid}/autogroup").write_text(str(os.nice(0)))
    return child


def last_words(log: Path, since: int) -> str:
    """The last line that was added to a log after byte ``since``: what a process died of."""
    if not log.exists():
        return "it said nothing"
    with log.open("rb") as file:
        file.seek(since)
        lines = file.read().decode(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    ours = [line for line in said if re.match("jaxgan: (?!WARNING)", line)]
    return (ours or said or ["it said nothing"])[-1].removeprefix("jaxgan: ")[:500]
