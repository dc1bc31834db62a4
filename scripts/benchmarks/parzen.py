"""Trains the first GAN on MNIST and follows its Parzen-window log-likelihood (table 1 of 2014).

``python scripts/benchmarks/parzen.py`` trains ``experiments/gan.py mnist`` under ``runs/parzen``,
scores checkpoints by the authors' protocol, and writes parzen.md and parzen.json in ``results``.
It may be stopped at any time: the same command resumes it. MNIST must be prepared.
"""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import comparison
import tyro
from comparison import EXPERIMENTS, RESULTS

from jaxgan.cli.evaluate import evaluate
from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.experiment import run
from jaxgan.errors import UserError
from jaxgan.evaluation.score import Score, read_scores
from jaxgan.experiment import load_experiment
from jaxgan.files import replacing, write_json
from jaxgan.runs.folder import RunFolder, read_description

EPOCH = 500
"""Steps per epoch, as in the experiment."""

OFTEN = 10
"""Epochs between checkpoints."""

SAMPLES, VALIDATION = 10_000, 1000
SPLIT, HELD_OUT = "train[50000:51000]", "test"
PROTOCOL = (
    *("--metrics", "parzen", "--split", SPLIT, "--held-out", HELD_OUT),
    *("--num-real", str(VALIDATION), "--num", str(SAMPLES)),
)
"""The authors' evaluation: the best of ten sigmas on 1000 validation images; all test images."""

WEIGHTS = {"averaged": "ema", "last": "raw"}


@dataclasses.dataclass(frozen=True)
class Parzen:
    """Train, score, and make the table."""

    epochs: tuple[int, ...] = (50, 100, 150, 200)
    """When to score; training ends with the largest."""
    seeds: int = 1
    """Runs: seeds 0 and up."""
    name: str = "parzen"
    """What the page and the file of its scores are called."""
    folder: Path = Path("runs/parzen")
    """Where the run folders are."""
    out: Path = RESULTS
    """Where the page and the file are written."""


def trained(folder: Path, seed: int, epochs: int) -> None:
    """Trains a run, or resumes it.

    Raises:
      UserError: it was interrupted.
    """
    flags = ["--workdir", str(folder), "--seed", str(seed), "--steps", str(epochs * EPOCH)]
    flags += ["--devices", "1", "--checkpoint-every", str(OFTEN * EPOCH), "--keep", "1000"]
    flags += ["--sample-every", str(OFTEN * EPOCH)]
    if run(load_experiment(EXPERIMENTS / "gan.py", "mnist"), flags, "parzen.py"):
        raise UserError(f"{folder} did not finish; the same command resumes it.")


def fits(score: Score, epochs: int, weights: str) -> bool:
    """Whether a score is of this checkpoint, and measured by ``PROTOCOL``."""
    if score.metric != "parzen":
        return False
    subject, protocol = score.subject, score.protocol
    wanted = (epochs * EPOCH, weights, None, SAMPLES, VALIDATION, SPLIT, HELD_OUT)
    return wanted == (
        subject["step"],
        subject["weights"],
        subject["truncation"],
        protocol["n_fake"],
        protocol["n_real"],
        protocol["reference"]["split"],
        protocol["held_out"]["split"],
    )


def score_of(folder: Path, epochs: int, weights: str) -> Score:
    """The score of a checkpoint, measured if it was not yet."""

    def found() -> list[Score]:
        scores = read_scores(RunFolder(folder).evaluations)
        return [score for score in scores if fits(score, epochs, weights)]

    if not found():
        evaluate([str(folder), "--step", str(epochs * EPOCH), "--weights", weights, *PROTOCOL])
    return found()[-1]


def page(asked: Parzen, scores: Sequence[Mapping[str, Any]], around: str) -> str:
    """The table, a row for each run and budget."""
    text = f"""\
# The first GAN on MNIST: Parzen-window log-likelihood

Written by `parzen.py` (how to run it: its first lines); every score is in `{asked.name}.json`.

- Command: `{command(asked)}`.
- Goodfellow et al. 2014, table 1: **225 ± 2** nats, the ± being the standard error over test
  images, as here; number of epochs and of runs are not published. The authors' code schedules its
  momentum up to epoch 250, and its learning rate without end.
- Protocol: as the authors' parzen_ll.py: {SAMPLES} samples; sigma of ten values, chosen on 1000
  validation images; 10 000 test images. Averaged weights decay by 0.999 a step; the last ones are
  the authors'.
- Machine: {around}

"""
    lines = [
        [
            str(row["seed"]),
            str(row["epochs"]),
            *(
                f"{row[name]['mean']:.1f} ± {row[name]['standard_error']:.1f} "
                f"(sigma {row[name]['sigma']:.3f})"
                for name in WEIGHTS
            ),
        ]
        for row in scores
    ]
    return text + comparison.rows(("seed", "epochs", *(f"{w} weights" for w in WEIGHTS)), lines)


def command(asked: Parzen) -> str:
    """The command of this table, without the places of files."""
    return comparison.command("parzen.py", asked, Parzen(), ("folder", "out"))


def main(asked: Parzen) -> int:
    """Trains and scores the checkpoints that are not there yet, and writes the table.

    Raises:
      UserError: a flag or a folder is at fault, or a run was interrupted.
    """
    comparison.at_least(1, seeds=asked.seeds)
    wrong = [epochs for epochs in asked.epochs if epochs < 1 or epochs % OFTEN]
    if wrong or not asked.epochs:
        raise UserError(f"--epochs {' '.join(map(str, wrong))}: give multiples of {OFTEN}.")
    comparison.check_name(asked.out, asked.name, command(asked))
    scores, launches = [], []
    for seed in range(asked.seeds):
        folder = asked.folder / f"seed-{seed}"
        trained(folder, seed, max(asked.epochs))
        launches += [
            comparison.facts(one["environment"])
            for one in read_description(RunFolder(folder))["launches"]
        ]
        for epochs in sorted(asked.epochs):
            values = {
                name: dict(score_of(folder, epochs, weights).values)
                for name, weights in WEIGHTS.items()
            }
            scores.append({"seed": seed, "epochs": epochs, **values})
    around = comparison.surroundings(launches)
    asked.out.mkdir(parents=True, exist_ok=True)
    everything = {"command": command(asked), "circumstances": around, "scores": scores}
    write_json(asked.out / f"{asked.name}.json", everything)
    with replacing(asked.out / f"{asked.name}.md") as part:
        part.write_text(page(asked, scores, around))
    print(f"{asked.out / asked.name}.md and {asked.name}.json are written.")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(tyro.cli(Parzen))))
