"""``jaxgan report``: a run's settings, curves, samples and scores on one page."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import tyro

from jaxgan.cli.flags import check_count, check_seed
from jaxgan.cli.progress import Counting
from jaxgan.data.modality import IMAGES
from jaxgan.errors import UserError
from jaxgan.evaluation.extractors import DEFAULT_EXTRACTOR
from jaxgan.evaluation.inputs import scoring_of
from jaxgan.report.context import Choices, ReportedRun
from jaxgan.report.report import compose
from jaxgan.report.write import check_destination, write
from jaxgan.runs.folder import RunFolder
from jaxgan.sampling.load import Step, TrainedRun, load_state, rebuild
from jaxgan.sampling.sampler import Sampler, Weights
from jaxgan.sampling.standing_statistics import standing


@dataclasses.dataclass(frozen=True)
class Report:
    """Write a run's settings, curves, samples and scores as an HTML page, and as Markdown."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path | None = None
    """A new folder, or that of an earlier report to replace; RUN/report if not given."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    seed: int = 0
    """Seed of the latents."""
    num: int | None = None
    """Samples to measure with; 1000, or 2500 of points, if not given."""
    data_dir: str | None = None
    """Where TFDS keeps data; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    truncations: str = "0.3,0.5,0.7,1.0"
    """Truncations of the sweep, separated by commas; an empty text for no sweep."""
    extractor: str = DEFAULT_EXTRACTOR
    """Feature extractor of nearest neighbors and the truncation sweep, as for jaxgan evaluate."""
    extractor_weights: Path | None = None
    """Weights of inception or dinov2, which you download yourself."""

    @property
    def extractor_is_chosen(self) -> bool:
        """Whether the extractor is not the default one."""
        return self.extractor != DEFAULT_EXTRACTOR or self.extractor_weights is not None


def report(arguments: Sequence[str]) -> int:
    """``jaxgan report RUN``; returns the exit code."""
    asked = tyro.cli(Report, prog="jaxgan report", args=list(arguments))
    choices = choices_of(asked)
    folder = RunFolder(asked.run)
    out = asked.out or folder.path / "report"
    trained = trained_run(folder, asked.step)
    sampler = sampler_of_run(folder, trained, asked.weights, asked.seed)
    check_destination(out)
    with Counting() as counting:
        run = ReportedRun(folder, trained, sampler, choices, counting)
        if sampler and run.modality.name == IMAGES.name and asked.extractor_is_chosen:
            _ = run.extractor  # without what the user named there is no report
        write(compose(run), out)
    shown = f"step {sampler.step}, {asked.weights}" if sampler else "no checkpoint"
    print(f"Report of {asked.run} ({shown}): {out / 'report.html'}")
    return 0


def trained_run(folder: RunFolder, step: Step) -> TrainedRun:
    """The run with the checkpoint that is asked for, or without one if it failed before the first.

    Raises:
      UserError: there is no run, or it did not fail and has no such checkpoint.
    """
    if step is None and ended_badly(folder) and not any(folder.checkpoints.glob("[0-9]*")):
        return rebuild(folder)
    return load_state(folder.path, step)


def sampler_of_run(
    folder: RunFolder, trained: TrainedRun, weights: Weights, seed: int
) -> Sampler | None:
    """Draws as the run's own scores do, with standing statistics if they have them.

    None without a checkpoint.
    """
    if trained.state is None:
        return None
    batches = scoring_of(folder.path)[0].standing_batches
    sampler = trained.sampler(weights)
    return standing(sampler, batches, seed) if batches else sampler


def ended_badly(folder: RunFolder) -> bool:
    """Whether the run recorded that it diverged or failed."""
    try:
        return json.loads(folder.status.read_text())["outcome"] in ("diverged", "failed")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def choices_of(asked: Report) -> Choices:
    """The flags that the sections of a report read.

    Raises:
      UserError: a number is out of range; names the flag.
    """
    check_count("--num", asked.num, 10)
    check_seed(asked.seed)
    return Choices(
        step=asked.step,
        seed=asked.seed,
        num=asked.num,
        data_dir=asked.data_dir,
        truncations=parse_truncations(asked.truncations),
        extractor=asked.extractor,
        extractor_weights=asked.extractor_weights,
    )


def parse_truncations(words: str) -> tuple[float, ...]:
    """Truncations from a list separated by commas.

    Raises:
      UserError: one is not a number, or out of range.
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
