"""``scripts/results``: writes ``experiments/README.md``."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.flags import parsed
from jaxgan.errors import UserError
from jaxgan.files import replacing
from jaxgan.reproduce.measured import faults_of
from jaxgan.reproduce.table import load_all, render


@dataclasses.dataclass(frozen=True)
class Results:
    """Write the table of published and measured numbers, README.md."""

    folder: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("experiments")
    """Folder of the experiment files, whose subfolder results has the measured numbers."""
    check: bool = False
    """Write nothing; fail if README.md is not what would be written, if a number has no record of
    its runs or is not what they give, or if it has left the band that it lay in before."""


def results(arguments: Sequence[str] | None = None) -> int:
    """Writes the table, or checks it; returns the exit code.

    Raises:
      UserError: an experiment or a number is at fault, or the table is out of date.
    """
    asked = parsed(
        Results,
        prog="scripts/results",
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    every = load_all(asked.folder)
    readme, text = asked.folder / "README.md", render(every)
    stale = not readme.is_file() or readme.read_text() != text
    for experiment, measured in every if asked.check else ():
        for row in measured:
            if found := faults_of(row):
                raise UserError(f"{experiment.file.stem}, {row.metric}: {'; '.join(found)}.")
    if asked.check and stale:
        raise UserError(f"{readme} is out of date; run scripts/results.")
    if stale:
        with replacing(readme) as part:
            part.write_text(text)
    print(f"{readme}: {'written' if stale else 'up to date'}.")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(results))
