"""``jaxgan export``: a generator's weights with a model card."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import tyro

from jaxgan.cli.flags import parsed


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a generator's weights (safetensors) with a model card."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path
    """A new or empty folder."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""


def export(arguments: Sequence[str]) -> int:
    """``jaxgan export RUN --out DIR``; returns the exit code."""
    asked = parsed(Export, prog="jaxgan export", args=list(arguments))
    from jaxgan.sampling import export  # after the flags: JAX takes a second to import

    export.export(asked.run, asked.out, asked.weights, asked.step)
    print(f"Exported {asked.run} to {asked.out}")
    return 0
