"""``jaxgan export``: a generator's weights with a model card, and its program."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import tyro

from jaxgan.cli.flags import parsed

if TYPE_CHECKING:
    from jaxgan.sampling.sampler import Sampler


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a generator's weights (safetensors) with a model card, as model hubs lay them out."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path
    """A new or empty folder."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    stablehlo: bool = False
    """Also write network and weights as one program, which jax runs without jaxgan."""


def export(arguments: Sequence[str]) -> int:
    """``jaxgan export RUN --out DIR``; returns the exit code."""
    asked = parsed(
        Export,
        prog="jaxgan export",
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff,),
    )
    from jaxgan.sampling import export  # after the flags: JAX takes a second to import

    def scores_of(sampler: "Sampler") -> str:
        return scores_in(asked.run / "evaluations.jsonl", sampler.step, sampler.weights)

    export.export(asked.run, asked.out, asked.weights, asked.step, asked.stablehlo, scores_of)
    print(f"Exported {asked.run} to {asked.out}")
    return 0


def scores_in(file: Path, step: int, weights: str) -> str:
    """The scores of a step and its weights, each with its protocol, in Markdown."""
    from jaxgan.evaluation.score import read_scores

    found = [
        score
        for score in (read_scores(file) if file.is_file() else [])
        if score.subject.get("step") == step
        and score.protocol.get("generator_weights", weights) == weights
    ]
    if not found:
        return "none measured of this step and these weights."
    lines = []
    for score in found:
        values = ", ".join(f"{name} {value:.5g}" for name, value in score.values.items())
        real = ", ".join(f"{name} {value:.5g}" for name, value in score.real_score.items())
        beside = f" (held-out real samples: {real})" if real else ""
        protocol = json.dumps(score.protocol, ensure_ascii=False)
        lines.append(f"  - {score.title}: {values}{beside}; measured with `{protocol}`")
    return "\n" + "\n".join(lines)
