"""Counts the operations, bytes and memory of a training step of every experiment.

``python scripts/benchmarks/costs.py`` writes costs.md and costs.json in ``results``, which the
tests hold the code to; names after it count those experiments alone. It compiles every step, runs
none, and takes some minutes.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import tyro
from pages import RESULTS, rows

from jaxgan.cli.experiment import default_settings
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.files import write_json
from jaxgan.runs.settings import Compute
from jaxgan.training.cost import StepCost, cost_of, peak_of
from jaxgan.training.data import noise
from jaxgan.training.start import Game, game_of

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FILE = RESULTS / "costs.json"

TEXT = """# What a training step costs by its program

Every experiment with its default settings, on one device: floating-point operations (a
multiplication and an addition are two) and bytes that operations read and write, as XLA counts them
before it optimizes, and the bytes of the state. `peak` is the memory of the step compiled for a
CPU: state, a streamed batch, and the block in which the compiler has placed everything in between.
Lazy phases and terms count as if they were due in every step, and a loop as if it ran once. Made by
`scripts/benchmarks/costs.py`; nothing is timed, and every number is in `costs.json`.

"""


def experiments() -> dict[str, Experiment]:
    """Every experiment of every preset, by its name."""
    files = [load_experiment(file) for file in sorted(EXPERIMENTS.glob("*.py"))]
    found = [one.selected(name) for one in files for name in one.presets or [""]]
    return {one.name: one for one in found}


def with_defaults(experiment: Experiment, **changes: Any) -> Experiment:
    """The experiment with other defaults of its config."""
    return dataclasses.replace(experiment, changes={**experiment.changes, **changes})


def game(experiment: Experiment, compute: Compute = Compute()) -> tuple[Game, bool]:  # noqa: B008
    """The game of an experiment's defaults on one device, and whether images are flipped."""
    training, _ = default_settings(experiment)
    source = noise(experiment, training)
    config, steps = experiment.default(), experiment.steps
    made = game_of(experiment, config, source, training, steps, 1, compute)
    return made, training.flip


def cost(experiment: Experiment) -> StepCost:
    """What its step costs."""
    return cost_of(*game(experiment))


def peak(experiment: Experiment) -> int:
    """The bytes of memory that its step needs."""
    return peak_of(*game(experiment))


def main(names: tyro.conf.Positional[tuple[str, ...]] = ()) -> None:
    """Counts experiments, and writes both files.

    Args:
      names: what to count anew; all if none is named.
    """
    every = experiments()
    found = json.loads(FILE.read_text())
    for name, experiment in every.items():
        if names and name not in names and name in found:
            continue
        memory = {"peak_bytes": peak(experiment), "batch": experiment.batch_size}
        found[name] = dataclasses.asdict(cost(experiment)) | memory
        found = {one: found[one] for one in every if one in found}
        print(name, found[name], flush=True)
        write_json(FILE, found)  # what is counted stays if this is stopped
    lines = [
        (
            name,
            str(row["batch"]),
            f"{row['flops'] / 1e9:.3g}",
            f"{row['bytes'] / 2**20:.3g}",
            f"{row['state_bytes'] / 2**20:.3g}",
            f"{row['peak_bytes'] / 2**20:.3g}",
        )
        for name, row in found.items()
    ]
    head = ("experiment", "batch", "GFLOP a step", "MiB moved", "MiB of state", "peak, MiB")
    FILE.with_suffix(".md").write_text(TEXT + rows(head, lines))


if __name__ == "__main__":
    tyro.cli(main)
