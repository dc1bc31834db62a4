"""Keeps Orbax from printing tracebacks of errors that it also raises.

When a save or a read fails, Orbax logs the traceback in each of its threads, asyncio that of every
write that was not waited for, and TensorStore that the loop it reports to is closed. The error
itself is raised, and jaxgan says it in one line. A failed save may also leave a thread of Orbax
that never ends, for which Python would wait at its exit.
"""

import atexit
import contextlib
import gc
import logging
import os
import sys
import threading
import warnings
from typing import NoReturn

_ABANDONED = threading.Event()


def abandon_threads() -> None:
    """Says that a failed save may have left a thread that never ends."""
    _ABANDONED.set()


def end(code: int) -> NoReturn:
    """Ends the process; where a thread may never end, without waiting for it.

    Everything must be written, and all that is open closed.
    """
    if not _ABANDONED.is_set():
        sys.exit(code)
    atexit._run_exitfuncs()  # os._exit leaves them out, among them what tells other processes
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def quiet_orbax() -> None:
    """Leaves all of that out from now on; calling it again changes nothing."""
    for name in ("absl", "asyncio"):
        logging.getLogger(name).addFilter(_not_of_orbax)
    if not isinstance(sys.unraisablehook, _Unraisable):
        sys.unraisablehook = _Unraisable(sys.unraisablehook)


def forget_coroutines() -> None:
    """Collects what a failed save never ran, which Python would warn of at any later time."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        gc.collect()


def _not_of_orbax(record: logging.LogRecord) -> bool:
    """Whether a record of the log is no error of Orbax."""
    if record.levelno < logging.ERROR:
        return True
    return "orbax" not in record.pathname and "orbax" not in record.getMessage()


class _Unraisable:
    """``sys.unraisablehook`` without what TensorStore cannot say to a closed loop."""

    def __init__(self, before):
        self._before = before

    def __call__(self, unraisable) -> None:
        if unraisable.object is None and str(unraisable.exc_value) == "Event loop is closed":
            return
        self._before(unraisable)
