"""``jaxgan report``: a run, or the comparison of many, on one page."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import jax
import tyro

from jaxgan.cli.flags import check_count, check_seed, parsed
from jaxgan.cli.progress import Counting
from jaxgan.data.modality import IMAGES
from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.extractors import DEFAULT_EXTRACTOR
from jaxgan.evaluation.inputs import scoring_of
from jaxgan.files import replacing, writing
from jaxgan.report.context import Choices, ReportedRun
from jaxgan.report.report import compose
from jaxgan.report.write import check_destination, write
from jaxgan.runs.folder import RunFolder, read_status
from jaxgan.sampling.load import Step, TrainedRun, load_state, rebuild
from jaxgan.sampling.sampler import Sampler, Weights
from jaxgan.sampling.standing_statistics import standing
from jaxgan.sweep.baseline import levels_named
from jaxgan.sweep.measures import Measure, measures
from jaxgan.sweep.page import compose as compose_study
from jaxgan.sweep.results import (
    Study,
    is_sweep,
    read_runs,
    read_sweep,
    with_selection,
)
from jaxgan.sweep.summary import runs_below
from jaxgan.sweep.tables import summary_table, to_csv, to_latex


@dataclasses.dataclass(frozen=True)
class Report:
    """Write a report as an HTML page, and as Markdown.

    Of one run: its samples, scores, curves and settings. Of a sweep, of a folder with runs, or of
    several runs: how they compare, over their seeds.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    """A run folder; the folder of a sweep, or one with runs in it; or several of them."""
    out: Path | None = None
    """A new folder, or that of an earlier report to replace; DIR/report if not given."""
    weights: Literal["ema", "raw"] = "ema"
    """Of one run: the averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Of one run: step of the checkpoint, or best (with --best); the newest if not given."""
    seed: int = 0
    """Of one run: seed of the latents."""
    num: int | None = None
    """Of one run: samples to measure with; 1000, or 2500 of points, if not given."""
    data_dir: str | None = None
    """Of one run: where TFDS keeps data; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    truncations: str = "0.3,0.5,0.7,1.0"
    """Of one run: truncations to compare, separated by commas; an empty text for none."""
    extractor: str = DEFAULT_EXTRACTOR
    """Of one run: features of nearest neighbors and truncations, as for jaxgan evaluate."""
    extractor_weights: Path | None = None
    """Of one run: weights of inception or dinov2, which you download yourself."""
    score: str | None = None
    """Of many runs: what they are ranked by, e.g. fd or modes/captured."""
    baseline: str | None = None
    """Of many runs: the variant that others are compared with, FACTOR=LEVEL,... as tables have it;
    that of the sweep if not given."""
    csv: bool = False
    """Of many runs: also write every run as a row of runs.csv, those of a selection included."""
    latex: bool = False
    """Of many runs: also write the first table as table.tex."""

    @property
    def extractor_is_chosen(self) -> bool:
        """Whether the extractor is not the default one."""
        return self.extractor != DEFAULT_EXTRACTOR or self.extractor_weights is not None


OF_ONE = (
    *("weights", "step", "seed", "num", "data_dir"),
    *("truncations", "extractor", "extractor_weights"),
)
"""Flags of a report of one run."""

OF_MANY = ("score", "baseline", "csv", "latex")
"""Flags of a report of many runs."""


def report(arguments: Sequence[str]) -> int:
    """``jaxgan report DIR...``; returns the exit code."""
    asked = parsed(Report, prog="jaxgan report", args=list(arguments))
    study = study_of(asked.runs)
    refuse_flags(asked, OF_MANY if study is None else OF_ONE, one=study is None)
    return report_of_one(asked) if study is None else report_of_many(asked, study)


def study_of(paths: Sequence[Path]) -> Study | None:
    """The runs that are compared; None if one run is to be reported.

    Raises:
      UserError: nothing is named, or what is named holds no run.
    """
    if not paths:
        raise UserError("Name a run folder, the folder of a sweep, or several run folders.")
    if len(paths) == 1:
        (path,) = paths
        if is_sweep(path):
            return read_sweep(path)
        below = [run.path for run in runs_below(path)]
        return read_runs(below) if below not in ([], [path]) else None
    found: dict[Path, Path] = {}
    for path in paths:
        if is_sweep(path):
            raise UserError(
                f"{path} is a sweep, which is reported alone; or name runs in it: {path}/trials"
            )
        runs = [run.path for run in runs_below(path)]
        if not runs:
            raise UserError(f"No run in {path}: it has no config.json.")
        found |= {run.resolve(): run for run in runs}
    return read_runs(list(found.values()))


def refuse_flags(asked: Report, names: Sequence[str], one: bool) -> None:
    """Refuses flags that would change nothing.

    Raises:
      UserError: names the first one.
    """
    usual = {field.name: field.default for field in dataclasses.fields(Report)}
    for name in names:
        if getattr(asked, name) != usual[name]:
            flag, of = name.replace("_", "-"), "many runs" if one else "one run"
            raise UserError(f"--{flag} is for a report of {of}; omit it.")


def report_of_many(asked: Report, study: Study) -> int:
    """Writes the page of a study; returns the exit code.

    Raises:
      UserError: a flag does not fit the study, or the page cannot be written.
    """
    jax.config.update("jax_platforms", "cpu")  # nothing is trained: programs are looked at
    out = asked.out or (asked.runs[0] / "report" if len(asked.runs) == 1 else None)
    if out is None:
        raise UserError("--out FOLDER says where the report of several folders goes; add it.")
    if asked.baseline is not None:
        study = dataclasses.replace(study, baseline=levels_named(asked.baseline, study.factors))
    if asked.score is not None:
        known = [measure.name for measure in measures(study)]
        known += [name.partition("/")[0] for name in known]
        study = dataclasses.replace(
            study, scored=one_of(asked.score, dict.fromkeys(known), "score")
        )
    check_destination(out)
    write(compose_study(study), out)
    found, whole = measures(study), with_selection(study)
    with writing(out, "Choose another --out."):
        if asked.csv:
            with replacing(out / "runs.csv") as part:
                part.write_text(to_csv(whole, measures(whole)))
        if asked.latex:
            with replacing(out / "table.tex") as part:
                part.write_text(latex_of(study, found))
    print(f"Report of {len(study.trials)} runs: {out / 'report.html'}")
    return 0


def latex_of(study: Study, found: Sequence[Measure]) -> str:
    """The first table for a paper.

    Raises:
      UserError: no run has a score.
    """
    if not found:
        raise UserError("--latex: no run has finished with a score; omit it.")
    caption = f"{study.title}: {found[0].title} of {found[0].count:,} samples."
    return to_latex(summary_table(study, found[0]), caption)


def report_of_one(asked: Report) -> int:
    """Writes the page of a run; returns the exit code."""
    choices = choices_of(asked)
    (path,) = asked.runs
    folder = RunFolder(path)
    out = asked.out or folder.path / "report"
    trained = trained_run(folder, asked.step)
    sampler = sampler_of_run(folder, trained, asked.weights, asked.seed, asked.data_dir)
    check_destination(out)
    with Counting() as counting:
        run = ReportedRun(folder, trained, sampler, choices, counting)
        if sampler and run.modality.name == IMAGES.name and asked.extractor_is_chosen:
            _ = run.extractor  # without what the user named there is no report
        write(compose(run), out)
    about = f"step {sampler.step}, {asked.weights}" if sampler else "no checkpoint"
    print(f"Report of {path} ({about}): {out / 'report.html'}")
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
    folder: RunFolder,
    trained: TrainedRun,
    weights: Weights,
    seed: int,
    data_dir: str | None = None,
) -> Sampler | None:
    """Draws as the run's own scores do, with standing statistics if they have them.

    None without a checkpoint.
    """
    if trained.state is None:
        return None
    batches = scoring_of(folder.path)[0].standing_batches
    sampler = trained.sampler(weights, data_dir)
    return standing(sampler, batches, seed) if batches else sampler


def ended_badly(folder: RunFolder) -> bool:
    """Whether the run recorded that it diverged or failed."""
    try:
        found = read_status(folder)
    except UserError:
        return False
    return found is not None and found.outcome in ("diverged", "failed")


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
