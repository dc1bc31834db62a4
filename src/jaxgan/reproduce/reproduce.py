"""Measures a published number again: trains its runs as a sweep, scores them, writes the row."""

import dataclasses
import hashlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.evaluation.score import read_scores
from jaxgan.experiment import Experiment, Number, Reproduction
from jaxgan.files import alone_in
from jaxgan.reproduce.hardware import hardware_of
from jaxgan.reproduce.measured import (
    Measured,
    Run,
    bands_of,
    empty_fields,
    read_measured,
    told,
    write_measured,
)
from jaxgan.runs.settings import Runtime, flags_of
from jaxgan.sweep.flags import names_in, words_of
from jaxgan.sweep.results import Trial, read_sweep

OVER_SEEDS = "standard deviation over seeds"

Launch = Callable[[Sequence[str], Path], int]
"""``(words, log)`` -> the exit code of ``jaxgan WORDS``."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What is measured, and how far it goes.

    Attributes:
      reproduction: the number.
      budget: the share of the published budget.
      seeds: of the runs.
      train: further flags of ``jaxgan train``, as words.
      evaluate: further flags of ``jaxgan evaluate``, as words.
    """

    reproduction: Reproduction
    budget: float
    seeds: Sequence[int]
    train: Sequence[str] = ()
    evaluate: Sequence[str] = ()


def steps_of(experiment: Experiment, reproduction: Reproduction, budget: float) -> int:
    """The step that runs are trained to."""
    return max(round(budget * reproduction.flags.get("steps", experiment.steps)), 1)


def sweep_words(experiment: Experiment, asked: Asked, file: Path, folder: Path) -> list[str]:
    """The words after ``jaxgan sweep`` that train the runs of a number."""
    steps = steps_of(experiment, asked.reproduction, asked.budget)
    own = {name: value for name, value in asked.reproduction.flags.items() if name != "steps"}
    quiet = {"sample_every": 0, "evaluate_every": 0, "keep": 1}
    every = {**quiet, "checkpoint_every": max(steps // 5, 100), **own, "steps": steps}
    preset = [experiment.preset] if experiment.preset else []
    seeds = ["--seeds", ",".join(map(str, asked.seeds)), "--workdir", str(folder)]
    return [str(file), *preset, *seeds, *words_of(every), *asked.train]


def score_all(asked: Asked, folder: Path, launch: Launch) -> list[Trial]:
    """Scores the finished trials of the seeds that are asked for; returns all of these seeds.

    Raises:
      UserError: a score could not be taken; its log is named.
    """
    trials = [trial for trial in read_sweep(folder).trials if trial.seed in asked.seeds]
    for trial in trials:
        out = _scores_file(trial, asked)
        if trial.state != "finished" or out.is_file():
            continue
        part = out.with_suffix(".part")
        part.unlink(missing_ok=True)
        log = folder / "logs" / "evaluate.log"
        words = ["evaluate", str(trial.folder), "--out", str(part), *_evaluate_words(asked)]
        if launch(words, log) != 0:
            raise UserError(f"{trial.folder} could not be scored; see {log}.")
        part.rename(out)
    return trials


def _evaluate_words(asked: Asked) -> list[str]:
    metrics = dict.fromkeys(n.score.partition("/")[0] for n in asked.reproduction.numbers)
    flags = {"metrics": ",".join(metrics), **asked.reproduction.evaluate}
    return [*words_of(flags), *asked.evaluate]


def _scores_file(trial: Trial, asked: Asked) -> Path:
    """Where scores of this step and way are, beside those that were taken while training."""
    way = hashlib.sha256(" ".join(_evaluate_words(asked)).encode()).hexdigest()[:8]
    return trial.folder / f"reproduction-{trial.step}-{way}.jsonl"


def run_of(trial: Trial, asked: Asked) -> Run:
    """What a trial gave.

    Raises:
      UserError: a number is not among its scores.
    """
    launches = trial.description.get("launches", ())
    commit = launches[-1]["environment"]["git_commit"] or "" if launches else ""
    if trial.state != "finished":
        return Run(trial.seed, trial.state, trial.step, commit=commit)
    found = {
        f"{score.metric}/{name}": float(value)
        for score in read_scores(_scores_file(trial, asked))
        for name, value in score.values.items()
    }
    numbers = asked.reproduction.numbers
    wanted = [name for number in numbers for name in (number.score, number.spread) if name]
    if missing := [name for name in wanted if name not in found]:
        raise UserError(
            f"{asked.reproduction.metric}: there is no score {missing[0]}; there are "
            f"{', '.join(found)}."
        )
    values = {name: found[name] for name in wanted}
    return Run(trial.seed, trial.state, trial.step, values, commit)


def measured_of(
    experiment: Experiment, asked: Asked, trials: Sequence[Trial], command: str
) -> Measured:
    """The row of a number.

    Raises:
      UserError: no run has ended, or a number is not among the scores.
    """
    one = asked.reproduction
    steps = steps_of(experiment, one, asked.budget)
    ended = [trial for trial in trials if trial.ended]
    if len(ended) < len(asked.seeds):
        left = len(asked.seeds) - len(ended)
        raise UserError(f"{left} of {len(asked.seeds)} runs of {one.metric} have not ended.")
    for trial in ended:
        if trial.state == "finished" and trial.step != steps:
            raise UserError(f"{trial.folder} is at step {trial.step}, not {steps}; remove it.")
    runs = [run_of(trial, asked) for trial in ended]
    if not any(trial.description for trial in ended):
        raise UserError(f"No run of {one.metric} could be started: {ended[0].note}")
    described = [trial for trial in ended if trial.description]
    data = {str(trial.description["data"].get("name")) for trial in described}
    other = sorted(data - {experiment.data.name})
    environment = described[0].description["launches"][-1]["environment"]
    part = "" if asked.budget == 1 else f", {asked.budget:g} of the published budget"
    row = Measured(
        # Scores on other data are other scores.
        metric=one.metric + (f", on {', '.join(other)}" if other else ""),
        protocol="; ".join(
            filter(None, (f"{steps:,} steps{part}", one.protocol, *other_flags(asked)))
        ),
        value="",
        spread="",
        seeds=0,
        command=command,
        hardware=hardware_of(environment),
        preset=experiment.preset,
        budget=asked.budget,
        numbers=one.numbers,
    )
    return with_runs(row, runs)


def other_flags(asked: Asked) -> list[str]:
    """The flags that the experiment file does not ask for, if they make it another measurement.

    Those of ``Runtime`` do not: a run may be resumed with others. Of the sweep's own, training many
    at once does, by rounding.
    """
    aside = {*flags_of(Runtime()), "jobs", "engine", "retry_failed"}
    kept: list[str] = []
    keeps = False
    for word in asked.train:
        if word.startswith("--"):
            keeps = not {*names_in([word])} & aside
        kept += [word] if keeps else []
    return [f"with {shlex.join(kept)}"] if kept else []


def with_runs(row: Measured, runs: Sequence[Run]) -> Measured:
    """The row with these runs, and what follows from them."""
    runs = sorted(runs, key=lambda run: run.seed)
    return dataclasses.replace(
        row,
        value=told(row.numbers, runs),
        spread=OVER_SEEDS if len(runs) > 1 else _spread_of_one(row.numbers),
        seeds=len(runs),
        commit=" and ".join(dict.fromkeys(run.commit for run in runs if run.commit)),
        runs=runs,
        bands=bands_of(row.numbers, runs),
    )


def _spread_of_one(numbers: Sequence[Number]) -> str:
    spreads = [number.spread.partition("/")[2] for number in numbers if number.spread]
    return spreads[0].replace("_", " ") + " of the score" if spreads else "none, a single run"


def add_measured(path: Path, row: Measured, shares_published: bool) -> str:
    """Adds a row to a file of results, in the place of the one that was measured in the same way.

    Rows of another budget or protocol stay beside it. Runs with other seeds that were measured in
    the same way stay beside the new ones. The band of a number stays what it was when these seeds
    were first measured: it says whether the code of today still gives what the code of then gave.

    Args:
      path: ``experiments/results/NAME.json``.
      row: what was measured.
      shares_published: whether all presets have the same published numbers, so that rows do not
        name theirs.

    Returns:
      What was done, in words.
    """
    row = dataclasses.replace(row, preset="") if shares_published else row
    path.parent.mkdir(exist_ok=True)
    with alone_in(path.parent):  # several numbers may be measured at once
        return _add(path, row)


def _add(path: Path, row: Measured) -> str:
    before = read_measured(path)
    place = next((n for n, one in enumerate(before) if _way(one) == _way(row)), None)
    if place is None:
        write_measured(path, [*before, row])
    else:
        old = before[place]
        new = {run.seed for run in row.runs}
        kept = [run for run in old.runs if run.seed not in new]
        row = with_runs(row, [*kept, *row.runs])
        if [run.seed for run in row.runs] == [run.seed for run in old.runs]:
            row = dataclasses.replace(row, bands=old.bands or row.bands)
        write_measured(path, [*before[:place], row, *before[place + 1 :]])
    return f"{path} has it, of {row.seeds} runs: {row.value}."


def _way(row: Measured) -> tuple[str, str, float, str, bool]:
    """What must agree before runs stand in one row."""
    return row.metric, row.preset, row.budget, row.protocol, row.code_in_history


def chosen(experiment: Experiment, only: Sequence[str]) -> list[Reproduction]:
    """The numbers whose metric begins with one of these texts; all without any.

    Raises:
      UserError: the experiment declares none, or none begins so.
    """
    every = experiment.reproductions
    if not every:
        raise UserError(f"{experiment.name} declares no reproductions; see README, Reproduce.")
    for number in every:
        if found := empty_fields(number, "metric", "numbers"):
            raise UserError(f"{experiment.name}, {number.metric}: {', '.join(found)}.")
    names = "; ".join(number.metric for number in every)
    for text in only:
        if not any(number.metric.startswith(text) for number in every):
            raise UserError(f"--only {text!r}: no metric begins so; there are: {names}.")
    return [one for one in every if not only or one.metric.startswith(tuple(only))]
