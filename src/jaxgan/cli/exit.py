"""Exit codes, and errors of the user in one line."""

import logging
import sys
from collections.abc import Callable

from jaxgan.errors import UserError

EXIT_FAULT = 2
"""The user's input is at fault."""
EXIT_DIVERGED = 3
"""Training diverged; the run folder says when."""
EXIT_INTERRUPTED = 130
"""Stopped by a signal; the same command resumes."""


def exit_code_of(command: Callable[[], int]) -> int:
    """Runs ``command``; the user's mistakes become one line and exit code 2."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("jaxgan: %(levelname)s: %(message)s"))
    logger = logging.getLogger("jaxgan")
    logger.handlers, logger.propagate = [handler], False
    logging.getLogger("absl").setLevel(logging.ERROR)
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
        where = f": {error.filename}" if error.filename else ""
        print(f"jaxgan: {error.strerror or error}{where}. Make room or access.", file=sys.stderr)
        return EXIT_FAULT
    except KeyboardInterrupt:
        print("jaxgan: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
