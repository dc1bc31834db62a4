"""``jaxgan list``: the experiments that come with jaxgan, a line each."""

import dataclasses
import shutil
import sys
from collections.abc import Sequence

import tyro

from jaxgan.cli.flags import parsed
from jaxgan.cli.named import FOLDER
from jaxgan.errors import UserError

COLUMNS = ("experiment", "paper", "data", "steps", "cost", "score measured here")


@dataclasses.dataclass(frozen=True)
class Listing:
    """Show the experiments that come with jaxgan: paper, data, budget, cost and score."""

    word: tyro.conf.Positional[str] = ""
    """Show only lines with this word, e.g. cifar10, sound or 2014."""


def list(arguments: Sequence[str]) -> int:
    """``jaxgan list [WORD]``; returns the exit code.

    Raises:
      UserError: no line has the word.
    """
    asked = parsed(Listing, prog="jaxgan list", args=[*arguments])
    found = [cells for cells in table() if asked.word.lower() in " ".join(cells).lower()]
    if not found:
        raise UserError(f"No experiment has {asked.word} in its line; jaxgan list shows all.")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    widths = [max(map(len, column)) for column in zip(COLUMNS, *found, strict=True)]
    for cells in (COLUMNS, *found):
        line = "  ".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True))
        print(cut(line.rstrip(), width))
    return 0


def table() -> "tuple[tuple[str, ...], ...]":
    """The cells of every line, in the order of ``COLUMNS``."""
    from jaxgan.reproduce.catalog import catalog

    return tuple(
        (
            row.name,
            row.paper,
            row.experiment.data.name,
            f"{row.experiment.steps:,}",
            row.spent,
            row.score,
        )
        for row in catalog(FOLDER)
    )


def cut(line: str, width: int | None) -> str:
    """The line, or as much of it as a terminal of this width shows."""
    return line if width is None or len(line) <= width else f"{line[: width - 1]}…"
