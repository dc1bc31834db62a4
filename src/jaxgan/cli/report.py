"""``jaxgan report``: what a run is and what it makes, on one page."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import tyro

from jaxgan.cli.progress import Counting
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.game.gan import Gan
from jaxgan.report.context import EXTRACTOR, Choices, ReportedRun
from jaxgan.report.report import compose
from jaxgan.report.write import check_destination, write
from jaxgan.runs.folder import RunFolder
from jaxgan.sampling.load import load_state, precision_of, rebuild
from jaxgan.sampling.sampler import Sampler, sampler_of


@dataclasses.dataclass(frozen=True)
class Report:
    """Write what a run is and what it makes as one HTML page, and as Markdown with pictures."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path | None = None
    """A new folder, or that of an earlier report, which is replaced; RUN/report if not given."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    seed: int = 0
    """Seed of the latents."""
    num: int | None = None
    """Samples to measure with; 1000 images, or 2500 points, if not given."""
    data_dir: str | None = None
    """Where TFDS keeps data; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    truncations: str = "0.3,0.5,0.7,1.0"
    """Of the truncation sweep, with commas; an empty text for none."""
    extractor: str = EXTRACTOR
    """Features of nearest neighbours and of the truncation sweep, as jaxgan evaluate takes it."""
    extractor_weights: Path | None = None
    """Weights of inception or dinov2, which you download yourself."""


def report(arguments: Sequence[str]) -> int:
    """``jaxgan report RUN``."""
    asked = tyro.cli(Report, prog="jaxgan report", args=list(arguments))
    check(asked)
    folder = RunFolder(asked.run)
    out = asked.out or folder.path / "report"
    experiment, gan, sampler, description = read_run(asked)
    check_destination(out)
    with Counting() as counting:
        choices = Choices(
            asked.step,
            asked.seed,
            asked.num,
            asked.data_dir,
            parse_truncations(asked.truncations),
            asked.extractor,
            asked.extractor_weights,
        )
        subject = ReportedRun(folder, experiment, gan, sampler, description, choices, counting)
        if sampler and subject.images and (asked.extractor != EXTRACTOR or asked.extractor_weights):
            _ = subject.extractor  # what was asked for by name is not left out in silence
        made = compose(subject)
    write(made, out)
    of = f"step {sampler.step}, {asked.weights}" if sampler else "no checkpoint"
    print(f"Report of {asked.run} ({of}): {out / 'report.html'}")
    return 0


def read_run(asked: Report) -> tuple[Experiment, Gan, Sampler | None, dict[str, Any]]:
    """The run, and what draws from its checkpoint: nothing, if it ended badly before the first.

    Raises:
      UserError: there is no run, or no such checkpoint of one that went well.
    """
    folder = RunFolder(asked.run)
    if ended_badly(folder) and asked.step is None and not any(folder.checkpoints.glob("[0-9]*")):
        experiment, config, data, description = rebuild(folder)
        gan = experiment.game(config, data, description["training"].get("steps", 0))
        return experiment, gan, None, description
    experiment, gan, state, data, description = load_state(asked.run, asked.step)
    sampler = sampler_of(gan, state, data, asked.weights, precision_of(description))
    return experiment, gan, sampler, description


def ended_badly(folder: RunFolder) -> bool:
    """Whether the run says that it diverged or failed."""
    try:
        return json.loads(folder.status.read_text())["outcome"] in ("diverged", "failed")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check(asked: Report) -> None:
    """Refuses numbers that make no sense.

    Raises:
      UserError: naming the flag.
    """
    if asked.num is not None and asked.num < 10:
        raise UserError(f"--num {asked.num}: must be at least 10.")
    if not 0 <= asked.seed < 2**32:
        raise UserError(f"--seed {asked.seed}: use 0 to {2**32 - 1}.")
    parse_truncations(asked.truncations)


def parse_truncations(words: str) -> tuple[float, ...]:
    """Truncations from a list with commas.

    Raises:
      UserError: one is no number, or out of range.
    """
    found = []
    for word in filter(None, (word.strip() for word in words.split(","))):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not 0 < value <= 10:
            raise UserError(
                f"--truncations {words}: {word} is not above 0 and at most 10; use e.g. 0.5,1.0"
            )
        found.append(value)
    return tuple(found)
