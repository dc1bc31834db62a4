"""``jaxgan completion``: what a shell needs to complete commands, experiments and flags."""

import contextlib
import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import tyro

from jaxgan.cli.apply import Apply
from jaxgan.cli.bench import Bench
from jaxgan.cli.compile import Compile
from jaxgan.cli.data import List, Prepare
from jaxgan.cli.evaluate import Evaluate
from jaxgan.cli.export import Export
from jaxgan.cli.listing import Listing
from jaxgan.cli.named import packaged
from jaxgan.cli.project import Project
from jaxgan.cli.report import Report
from jaxgan.cli.reproduce import Reproduce
from jaxgan.cli.sample import Sample
from jaxgan.cli.status import Status
from jaxgan.cli.styles import Styles
from jaxgan.cli.sweep import Asked
from jaxgan.runs.settings import Runtime, Training


@dataclasses.dataclass(frozen=True)
class Completion:
    """Write a completion script: commands, experiments, and the flags that every run has.

    jaxgan completion bash > ~/.local/share/bash-completion/completions/jaxgan
    """

    shell: tyro.conf.Positional[Literal["bash", "zsh", "fish"]]
    """The shell that completes."""


def completion(arguments: Sequence[str]) -> int:
    """``jaxgan completion SHELL``; returns the exit code."""
    asked = tyro.cli(Completion, prog="jaxgan completion", args=list(arguments))
    print(script(asked.shell))
    return 0


def script(shell: str) -> str:
    """The script for a shell, as tyro writes it for the parsers of all commands."""
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        tyro.cli(one_of_commands(parsers()), prog="jaxgan", args=["--tyro-print-completion", shell])
    return said.getvalue()


def one_of_commands(commands: Mapping[str, Any]) -> Any:
    """What parses one of these commands, each by a class or by commands of its own."""
    found = []
    for name, parser in commands.items():
        if isinstance(parser, Mapping):
            inner = tyro.conf.OmitSubcommandPrefixes[one_of_commands(parser)]
            parser = dataclasses.make_dataclass(name.title(), [("command", inner)])
        found.append(Annotated[Any, tyro.conf.subcommand(name=name, constructor=parser)])
    return Union[tuple(found)]  # noqa: UP007 - made of a tuple


@dataclasses.dataclass(frozen=True)
class Out:
    """Write an experiment file to start from."""

    out: tyro.conf.Positional[Path]
    """The file to write."""


@dataclasses.dataclass(frozen=True)
class Run:
    """Train an experiment; its own hyperparameters are in its help."""

    training: tyro.conf.OmitArgPrefixes[Training]
    runtime: tyro.conf.OmitArgPrefixes[Runtime]


def parsers() -> dict[str, Any]:
    """What each command parses, but for hyperparameters: those belong to one experiment.

    Names of experiments are commands here, since tyro completes commands and flags alone.
    """
    return {
        "list": Listing,
        "new": dict.fromkeys(packaged(), Out),
        "train": dict.fromkeys(packaged(), Run),
        "sweep": Asked,
        "status": Status,
        "sample": Sample,
        "styles": Styles,
        "project": Project,
        "apply": Apply,
        "evaluate": Evaluate,
        "reproduce": Reproduce,
        "report": Report,
        "bench": Bench,
        "compile": Compile,
        "export": Export,
        "data": {"prepare": Prepare, "list": List},
        "completion": Completion,
    }
