"""Exit codes, and errors of the user in one line."""

import logging
import os
import select
import sys
from collections.abc import Callable

from jaxgan.errors import UserError
from jaxgan.runs.exit_codes import EXIT_DIVERGED, EXIT_FAULT, EXIT_INTERRUPTED, EXIT_NO_READER

STDOUT, STDERR = 1, 2


def exit_code_of(command: Callable[[], int]) -> int:
    """Runs ``command``; the user's mistakes become one line and exit code 2.

    If nobody reads the output any more, it ends without a word, as other programs do.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("jaxgan: %(levelname)s: %(message)s"))
    logger = logging.getLogger("jaxgan")
    logger.handlers, logger.propagate = [handler], False
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        try:
            return _code_of(command)
        finally:
            sys.stdout.flush()  # here, where a pipe that nobody reads is still caught
    except (BrokenPipeError, SystemExit) as error:
        # Rich makes SystemExit(1) of a broken pipe; every other one is of the flag parser.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in {STDOUT, *_unread()}:  # to which Python writes what is left as it exits
            os.dup2(nowhere, stream)
        return EXIT_NO_READER


def _code_of(command: Callable[[], int]) -> int:
    """Runs ``command``; an error that is not a bug becomes one line and an exit code.

    Raises:
      BrokenPipeError: nobody reads the output.
    """
    try:
        return command()
    except UserError as error:
        print(f"jaxgan: {error}", file=sys.stderr)
        return EXIT_FAULT
    except FloatingPointError as error:  # of --debug-nans
        print(
            f"jaxgan: {str(error).splitlines()[0]} --debug-nans stopped there; lower the learning "
            "rate, or look for the term that grew in metrics.jsonl.",
            file=sys.stderr,
        )
        return EXIT_DIVERGED
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _unread():
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"jaxgan: {error.strerror or error}{where}. Make room or access.", file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        print("jaxgan: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _unread() -> list[int]:
    """Those of standard output and error that go into a pipe that nobody reads any more."""
    poll = select.poll()
    for stream in (STDOUT, STDERR):
        poll.register(stream, 0)  # an error is reported without being asked for
    return [stream for stream, _ in poll.poll(0)]
