"""``jaxgan reproduce``: measures the published numbers of an experiment again."""

import dataclasses
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from jaxgan.cli.sweep import Several, file_first, say, sweep
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Reproduction, load_experiment
from jaxgan.reproduce.reproduce import (
    Asked,
    add_measured,
    chosen,
    measured_of,
    score_all,
    steps_of,
    sweep_words,
)
from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_FAILED, EXIT_FAULT, EXIT_INTERRUPTED
from jaxgan.sweep.engine import Command, run_one
from jaxgan.sweep.factors import parse_seeds
from jaxgan.sweep.flags import names_in
from jaxgan.sweep.local import Local
from jaxgan.sweep.process import Signals


@dataclasses.dataclass(frozen=True)
class Reproduce:
    """Measure the published numbers of an experiment again, and write them into its results.

    Trains with the seeds, the budget and the flags that the file declares, and scores as it says.
    Flags of jaxgan train that are given here hold for all runs. The same command resumes.
    """

    only: Annotated[Several, tyro.conf.arg(metavar="TEXT")] = ()
    """Measure only the numbers whose metric begins with this text; may be repeated."""
    budget: float = 1.0
    """The share of the published budget that runs are trained for; it is part of the result."""
    seeds: str | None = None
    """Seeds of the runs, e.g. 0:5 or 3, instead of as many as the file says. Runs with other seeds
    that were measured before in the same way are kept."""
    extractor_weights: Path | None = None
    """Weights of the network that scores look at, where you must download them."""
    workdir: Path | None = None
    """Folder of the runs; runs/reproduce/NAME if not given."""
    results: Path | None = None
    """File that the numbers are written to; results/NAME.json beside the experiment file if not
    given."""
    dry_run: bool = False
    """Say what would be trained, and train nothing."""


def reproduce(arguments: Sequence[str]) -> int:
    """``jaxgan reproduce FILE [preset] [flags]``; returns the exit code.

    Raises:
      UserError: a flag is at fault, the file declares nothing, or a folder holds something else.
    """
    if not arguments:
        print(
            "usage: jaxgan reproduce FILE [preset] [flags]\n\njaxgan reproduce --help tells more."
        )
        return EXIT_FAULT
    file = arguments[0]
    asked, experiment, numbers, words = planned(arguments)
    folder = asked.workdir or Path("runs") / "reproduce" / experiment.name
    results = asked.results or experiment.file.parent / "results" / f"{experiment.file.stem}.json"
    command = shlex.join(["jaxgan", "reproduce", *_without_places(arguments)])
    for number in numbers:
        one = one_number(asked, number, words)
        steps = steps_of(experiment, number, asked.budget)
        runs = "1 run" if len(one.seeds) == 1 else f"{len(one.seeds)} runs"
        say(f"{number.metric}: {runs} of {steps:,} steps")
        # Numbers that are measured of the same runs share them.
        first = next(other for other in experiment.reproductions if other.flags == number.flags)
        place = folder / _slug(first.metric)
        code = sweep([*sweep_words(experiment, one, Path(file), place), *_dry(asked)])
        if code not in (0, EXIT_FAILED):  # a run that failed is part of the result
            return code
        if asked.dry_run:
            continue
        trials = score_all(one, place, _run)
        row = measured_of(experiment, one, trials, command)
        say(f"  {row.value} ({row.protocol})")
        say(f"  {add_measured(results, row, _shares_published(file, experiment))}")
    return 0


def _run(words: Sequence[str], log: Path) -> int:
    """Runs ``jaxgan WORDS``; returns its exit code, unless a signal asks to stop: then exits."""
    with Signals() as signals:
        code = run_one(Local(1, say), Command(tuple(words), log), signals)
    if signals.asked is not None or code is None:
        sys.exit(EXIT_INTERRUPTED if signals.asked == signal.SIGINT else EXIT_AGAIN)
    return code


def planned(
    arguments: Sequence[str],
) -> tuple[Reproduce, Experiment, list[Reproduction], list[str]]:
    """What a command line asks for: its own flags, the preset, the numbers, flags of training.

    Raises:
      UserError: a flag is at fault, or the file declares nothing.
    """
    file, asked, words = file_first(Reproduce, "reproduce", arguments)
    preset = words.pop(0) if words and not words[0].startswith("-") else ""
    experiment = load_experiment(file, preset)
    _check(asked)
    if "steps" in names_in(words):
        raise UserError("--steps: the file says how many, and --budget takes a share of them.")
    return asked, experiment, chosen(experiment, asked.only), words


def _check(asked: Reproduce) -> None:
    """Refuses numbers that make no sense.

    Raises:
      UserError: naming the flag.
    """
    if not 0 < asked.budget <= 10:
        raise UserError(f"--budget {asked.budget:g}: must be above 0; 1 is the published budget.")
    weights = asked.extractor_weights
    if weights is not None and not weights.is_file():
        raise UserError(f"There is no file {weights}; check --extractor-weights.")


def one_number(asked: Reproduce, number: Reproduction, words: Sequence[str]) -> Asked:
    """One number, with the flags that were given."""
    weights = asked.extractor_weights
    evaluate = [] if weights is None else ["--extractor-weights", str(weights)]
    train = [*words, *evaluate] if "evaluate_every" in number.flags else words  # it scores, too
    seeds = range(number.seeds) if asked.seeds is None else parse_seeds(asked.seeds)
    return Asked(number, asked.budget, seeds, train, evaluate)


def _dry(asked: Reproduce) -> list[str]:
    return ["--dry-run"] if asked.dry_run else []


def _slug(metric: str) -> str:
    """The part of a metric before its description, as the name of a folder."""
    return re.sub(r"[^\w.+-]+", "-", metric.partition(":")[0]).strip("-")[:60]


def _without_places(words: Sequence[str]) -> list[str]:
    """The words of a command that say what it measures: neither places of files nor seeds.

    Runs of several commands may stand in one row, which says how many they are.
    """
    found, skip = [], False
    for word in words:
        place = word.partition("=")[0] in ("--workdir", "--results", "--seeds")
        if not (place or skip):
            found.append(word)
        skip = place and "=" not in word
    return found


def _shares_published(file: str, experiment: Experiment) -> bool:
    """Whether all presets of a file have the same published numbers."""
    declared = load_experiment(file)
    every = {declared.selected(name).published for name in declared.presets}
    return not experiment.preset or len(every) == 1
