"""Writes ``experiments/README.md`` from the experiment files."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan.cli.exit import exit_code_of
from jaxgan.errors import UserError
from jaxgan.files import replacing
from jaxgan.report.results_table import published, render


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Write README.md from the experiment files."""

    folder: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("experiments")
    """Folder of the experiment files, where README.md is written."""
    check: bool = False
    """Write nothing; fail if README.md is not what would be written."""


def write_results(wanted: Catalogue) -> int:
    """Writes the README, or compares it.

    Raises:
      UserError: an experiment or a number is at fault, or the README is stale.
    """
    readme, text = wanted.folder / "README.md", render(published(wanted.folder))
    stale = not readme.is_file() or readme.read_text() != text
    if wanted.check and stale:
        raise UserError(f"{readme} is not what the files say; run scripts/experiments_readme.")
    if stale:
        with replacing(readme) as part:
            part.write_text(text)
    print(f"{readme}: {'written' if stale else 'as it should be'}.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; returns the exit code."""
    wanted = tyro.cli(
        Catalogue,
        prog="scripts/experiments_readme",
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    return exit_code_of(lambda: write_results(wanted))
