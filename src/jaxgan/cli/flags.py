"""Flags of commands, and checks that several have; without JAX, which takes a second to import."""

import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any

import tyro

from jaxgan.errors import UserError


def parsed(*types: Any, **options: Any) -> Any:
    """What ``tyro.cli`` makes of a command line.

    Raises:
      UserError: a flag is misspelled, of another type, or missing.
    """
    with one_line_faults():
        return tyro.cli(*types, **options)


@contextlib.contextmanager
def one_line_faults() -> Iterator[None]:
    """Makes one line of the box that tyro prints at a fault, with the flags that it suggests.

    Raises:
      UserError: tyro found a fault.
    """
    box = io.StringIO()
    try:
        with contextlib.redirect_stderr(box):
            yield
    except SystemExit as stop:
        if stop.code == 0 or not (text := box.getvalue()):
            raise
        raise UserError(_in_one_line(text)) from None


def _in_one_line(box: str) -> str:
    """The fault, what was perhaps meant, and where there is more: the sections of tyro's box."""
    lines = [line.strip("\u2502 ") for line in box.splitlines() if line[:1] == "\u2502"]
    if lines:
        parts = re.split("\u2500{3,}", "\n".join(lines))
    else:  # a terminal without lines: a title, and dashes between the sections
        parts = re.split("-{10,}", box)
        parts = parts[1:] or parts
    fault, *others = (" ".join(part.split()) for part in parts)
    told = [fault.rstrip(".")]
    for other in others:
        if other.startswith("Perhaps you meant") and (flags := re.findall(r"--[\w-]+", other)):
            told.append(f"did you mean {' or '.join(dict.fromkeys(flags[:3]))}?")
        elif other.startswith("Available"):
            told.append(other)
        elif found := re.search(r"(?:see|run):? (.* --help)", other):
            told.append(f"see {found[1]}")
    return "; ".join(told).replace("?; see", "? See") + "."


MOST = 2**30
"""Samples of a seed at most: they are numbered, and the later numbers are for other purposes."""


def check_count(flag: str, count: int | None, least: int) -> None:
    """Refuses fewer samples than ``least``, or more than ``MOST``; None is the default.

    Raises:
      UserError: naming the flag.
    """
    if count is not None and not least <= count <= MOST:
        raise UserError(f"{flag} {count}: must be at least {least} and at most {MOST}.")


def check_seed(seed: int) -> None:
    """Refuses seeds that JAX would shorten to 32 bits.

    Raises:
      UserError: naming the flag.
    """
    if not 0 <= seed < 2**32:
        raise UserError(f"--seed {seed}: use 0 to {2**32 - 1}.")


def check_truncation(truncation: float | None) -> None:
    """Refuses truncations that leave nothing, or that cut nothing off in float32.

    Raises:
      UserError: naming the flag.
    """
    if truncation is not None and not 0 < truncation <= 10:
        raise UserError(
            f"--truncation {truncation}: must be above 0 and at most 10; omit it for none."
        )


def check_psi(psi: float | None, cutoff: int | None) -> None:
    """Refuses truncations that make no sense.

    Raises:
      UserError: naming the flag.
    """
    if psi is not None and not -2 <= psi <= 2:
        raise UserError(f"--psi {psi}: use -2 to 2; 1 truncates nothing, 0 gives the average.")
    if cutoff is not None:
        check_count("--cutoff", cutoff, 1)
        if psi is None:
            raise UserError("--cutoff goes with --psi; add it.")
