"""``jaxgan new``: an experiment file of one's own, which begins as one that comes with jaxgan."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan.cli.flags import parsed
from jaxgan.cli.named import packaged_file
from jaxgan.errors import UserError
from jaxgan.files import writing


@dataclasses.dataclass(frozen=True)
class New:
    """Write an experiment file to start from: a copy of one that comes with jaxgan."""

    name: tyro.conf.Positional[str]
    """The experiment to start from; jaxgan list shows all."""
    out: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE")]
    """The file to write, e.g. my_experiment.py; it must not be there yet."""


def new(arguments: Sequence[str]) -> int:
    """``jaxgan new NAME FILE``; returns the exit code.

    Raises:
      UserError: there is no such experiment, or the file cannot be written or is there already.
    """
    asked = parsed(New, prog="jaxgan new", args=list(arguments))
    source, out = packaged_file(asked.name), asked.out
    if out.suffix != ".py":
        raise UserError(f"{out}: an experiment is a Python file; give it the ending .py.")
    if out.exists():
        raise UserError(f"{out} is there already; give another name.")
    text = source.read_text().replace(f"experiments/{source.name}", str(out))
    with writing(out, "Give another name."):
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text)
    print(f"{out} is a copy of {asked.name}. Try it, then change it:")
    print(f"  jaxgan train {out} --smoke")
    return 0
