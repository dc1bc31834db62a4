"""Keeps Orbax from printing tracebacks of errors that it also raises.

When a save or a read fails, Orbax logs the traceback in each of its threads, asyncio that of every
write that was not waited for, and TensorStore that the loop it reports to is closed. The error
itself is raised, and jaxgan says it in one line.
"""

import gc
import logging
import sys
import warnings


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
