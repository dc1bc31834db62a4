"""Pages of results: where they lie, their tables, and what is said of the machine."""

import os
from collections.abc import Sequence
from pathlib import Path

from jaxgan.errors import UserError

HERE = Path(__file__).parent
RESULTS = HERE / "results"
"""Where the pages and their JSON files are written by default."""


def rows(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    every = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in every)


def load() -> list[float]:
    """Processes that wanted to run, on average over the last 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]


def at_least(least: int, **flags: int) -> None:
    """Refuses numbers that are too small.

    Raises:
      UserError: naming the flag.
    """
    for name, value in flags.items():
        if value < least:
            raise UserError(f"--{name.replace('_', '-')} {value}: must be at least {least}.")
