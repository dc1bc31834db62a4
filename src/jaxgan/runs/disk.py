"""Writes of a run that the disk may refuse without ending the run.

A row of metrics, a picture or a checkpoint that cannot be written is worth a warning, and not the
hours that a run has been trained for: the disk may have room again before it ends.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from jaxgan.errors import UserError

AGAIN = 600.0
"""Seconds until the same warning is given again."""


def reason(error: BaseException) -> str:
    """Why a write failed, in one line."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (told.strip().splitlines() or [type(error).__name__])[0][:200]


class Disk:
    """What could not be written, and when a person was last warned of it.

    Attributes:
      note: what failed last and how often anything did; empty if nothing did.
      changed: called when ``note`` gets its first content.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None):
        self.note = ""
        self.changed = changed
        self._count = 0
        self._said: dict[str, float] = {}

    @contextlib.contextmanager
    def tolerated(self, what: str, path: Path) -> Iterator[None]:
        """A block that writes ``path``, without which the run can go on.

        Args:
          what: what is written, in a word or two, as a warning names it.
          path: where to.
        """
        try:
            yield
        except OSError as error:
            self.failed(what, path, reason(error))
        except UserError as error:
            if not isinstance(error.__cause__, OSError):
                raise
            self.failed(what, path, reason(error.__cause__))

    def failed(self, what: str, path: Path, why: str) -> None:
        """Notes and warns, at most once in ``AGAIN`` seconds, that something was not written."""
        first, self._count = not self._count, self._count + 1
        times = "" if self._count == 1 else f"; {self._count} writes have failed"
        self.note = f"cannot write {what} ({why}){times}"
        now = time.monotonic()
        if now - self._said.get(what, -AGAIN) >= AGAIN:
            self._said[what] = now
            logging.getLogger("jaxgan").warning(
                "Cannot write %s %s: %s%s; training goes on", what, path, why, times
            )
        if first:
            self.changed()
