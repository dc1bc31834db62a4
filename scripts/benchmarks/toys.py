"""Trains the mode-collapse methods on ring and grid, several seeds each, and makes the table.

``python scripts/benchmarks/toys.py --steps 5000`` trains one run after another under ``runs/toys``
and writes toys.md and toys.json beside this file. Stop it when you like: the same command goes
on where it stopped, and skips what is finished. A subset (``--methods``, ``--data``, ``--seeds``)
writes a table of that subset.
"""

import dataclasses
import itertools
import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import jax
import tyro
from scipy import stats

from jaxgan import launch, report, runs
from jaxgan.errors import UserError
from jaxgan.evaluation.stamp import Score, column, read_scores
from jaxgan.experiment import load_experiment
from jaxgan.settings import Identity, Operation
from jaxgan.train import train

HERE = Path(__file__).parent
EXPERIMENTS = HERE.parent.parent / "experiments"
SAMPLES = 2500
"""Samples per score, as in both papers."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A row of the table.

    Attributes:
      name: of the row.
      file: the experiment, ``{name}_{data}.py`` or else ``{name}_ring.py`` with other data.
      changes: of its config.
      batch_size: samples per step.
      pacgan: data -> modes, high quality and reverse KL in PacGAN's table 1.
      veegan: data -> modes and high quality in VEEGAN's table 1.
    """

    name: str
    file: str
    changes: Mapping[str, Any]
    batch_size: int
    pacgan: Mapping[str, str] = dataclasses.field(default_factory=dict)
    veegan: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The name as that of a folder."""
        return "".join(c if c.isalnum() else "-" for c in self.name.lower())


METHODS = (
    Method(
        "GAN",
        "pacgan",
        {"packing": 1},
        100,
        {
            "ring": "6.3 ± 0.5; 98.2 ± 0.2; 0.45 ± 0.09",
            "grid": "17.3 ± 0.8; 94.8 ± 0.7; 0.70 ± 0.07",
        },
        {"ring": "1; 99.3", "grid": "3.3; 0.5"},
    ),
    Method(
        "PacGAN2",
        "pacgan",
        {"packing": 2},
        200,
        {
            "ring": "7.9 ± 0.1; 95.6 ± 2.0; 0.07 ± 0.03",
            "grid": "23.8 ± 0.7; 91.3 ± 0.8; 0.13 ± 0.04",
        },
    ),
    Method(
        "PacGAN3",
        "pacgan",
        {"packing": 3},
        300,
        {
            "ring": "7.8 ± 0.1; 97.7 ± 0.3; 0.10 ± 0.02",
            "grid": "24.6 ± 0.4; 94.2 ± 0.7; 0.06 ± 0.02",
        },
    ),
    Method(
        "PacGAN4",
        "pacgan",
        {"packing": 4},
        400,
        {
            "ring": "7.8 ± 0.1; 95.9 ± 1.4; 0.07 ± 0.02",
            "grid": "24.8 ± 0.2; 93.6 ± 0.6; 0.04 ± 0.01",
        },
    ),
    Method(
        "ALI",
        "ali",
        {},
        100,
        {
            "ring": "6.6 ± 0.3; 97.6 ± 0.4; 0.36 ± 0.04",
            "grid": "24.1 ± 0.4; 95.7 ± 0.6; 0.14 ± 0.03",
        },
        {"ring": "2.8; 0.13", "grid": "15.8; 1.6"},
    ),
    Method("Unrolled 5", "unrolled", {}, 512, {}, {"ring": "7.6; 35.6", "grid": "23.6; 16"}),
    Method("Unrolled 0", "unrolled", {"unroll": None}, 512),
    Method("VEEGAN", "veegan", {}, 500, {}, {"ring": "8; 52.9", "grid": "24.6; 40"}),
    Method("GAN + R1", "rpgan", {"relativistic": False, "r2": 0.0}, 100),
    Method("RpGAN + R1 + R2", "rpgan", {}, 100),
)

BY_NAME = {method.name: method for method in METHODS}


@dataclasses.dataclass(frozen=True)
class Toys:
    """Train every method on every toy with every seed, and make the table."""

    steps: int
    """Steps of each run."""
    seeds: int = 5
    """Runs of each method: seeds 0 and up."""
    data: tuple[Literal["ring", "grid"], ...] = ("ring", "grid")
    """Data sets."""
    methods: tuple[str, ...] = tuple(BY_NAME)
    """Rows of the table, by name."""
    devices: int | None = 1
    """Devices that each run uses."""
    folder: Path = Path("runs/toys")
    """Where the run folders are."""
    out: Path = HERE
    """Where toys.md and toys.json are written."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One trained run.

    Attributes:
      seed: its seed.
      outcome: ``finished`` or ``diverged``.
      values: its last scores; empty if it diverged.
      protocol: of the scores.
      steps_per_second: the median over its rows of metrics; None if there are none.
      device: what it ran on.
      note: what happened.
    """

    seed: int
    outcome: str
    values: Mapping[str, float]
    protocol: Mapping[str, Any]
    steps_per_second: float | None
    device: str
    note: str = ""


def trained(method: Method, data: str, seed: int, toys: Toys) -> tuple[Run, Score | None]:
    """Trains and scores one run, or goes on with it, or reads what it gave.

    Raises:
      UserError: it was interrupted, or a setting is at fault.
    """
    own = EXPERIMENTS / f"{method.file}_{data}.py"
    experiment = load_experiment(own if own.is_file() else EXPERIMENTS / f"{method.file}_ring.py")
    folder = runs.RunFolder(toys.folder / str(toys.steps) / data / method.slug / f"seed-{seed}")
    status = json.loads(folder.status.read_text()) if folder.status.is_file() else {}
    if status.get("outcome") not in ("finished", "diverged"):
        identity = Identity(data=data, batch_size=method.batch_size, seed=seed)
        operation = Operation(
            workdir=folder.path,
            steps=toys.steps,
            devices=toys.devices,
            sample_every=0,
            checkpoint_every=max(toys.steps // 5, 1000),
            keep=1,
            evaluate_every=toys.steps,
            evaluate_num=SAMPLES,
        )
        launch.prepare_jax(identity, operation)
        print(f"{method.name}, {data}, seed {seed}", flush=True)
        outcome = train(experiment, experiment.config(**method.changes), identity, operation)
        if outcome.kind == "interrupted":
            raise UserError(f"{folder.path}: {outcome.note}; the same command goes on.")
        # Not what the folder says: a run stopped after its last step stays "interrupted" there.
        status = {"outcome": outcome.kind, "note": outcome.note}
    rows = report.read_metrics(folder.metrics)
    rates = [row["steps_per_second"] for row in rows if "steps_per_second" in row]
    found = runs.read(folder)["environment"]
    scores = [s for s in read_scores(folder.evaluations) if s.subject["step"] == toys.steps]
    score = scores[-1] if scores and status["outcome"] == "finished" else None
    if score is None and status["outcome"] == "finished":
        raise UserError(f"{folder.path} is finished but has no score; remove it.")
    run = Run(
        seed=seed,
        outcome=status["outcome"],
        values=dict(score.values) if score else {},
        protocol=dict(score.protocol) if score else {},
        steps_per_second=statistics.median(rates) if rates else None,
        device=found["device_kind"],
        note=status.get("note", ""),
    )
    return run, score


def summary(values: Sequence[float], digits: int) -> str:
    """``mean ± standard deviation [95 % t interval of the mean]``; infinities are counted."""
    finite = [value for value in values if math.isfinite(value)]
    infinite = f" ({len(values) - len(finite)} infinite)" if len(finite) < len(values) else ""
    if not finite:
        return f"-{infinite}"
    mean = statistics.fmean(finite)
    if len(finite) == 1:
        return f"{mean:.{digits}f}{infinite}"
    deviation = statistics.stdev(finite)
    shown = f"{mean:.{digits}f} ± {deviation:.{digits}f}"
    if deviation:
        error = deviation / math.sqrt(len(finite))
        low, high = stats.t.interval(0.95, len(finite) - 1, loc=mean, scale=error)
        shown += f" [{low:.{digits}f}, {high:.{digits}f}]"
    return shown + infinite


def cells(method: Method, data: str, found: Sequence[Run]) -> list[str]:
    """The row of a method."""
    sound = [run for run in found if run.outcome == "finished"]
    diverged = len(found) - len(sound)
    count = f"{len(found)}" + (f", {diverged} diverged" if diverged else "")
    rates = [run.steps_per_second for run in found if run.steps_per_second is not None]
    return [
        method.name,
        count,
        str(method.batch_size),
        summary([run.values["captured"] for run in sound], 2),
        summary([100 * run.values["high_quality"] for run in sound], 1),
        summary([run.values["reverse_kl"] for run in sound], 3),
        f"{statistics.median(rates):.0f}" if rates else "-",
        method.pacgan.get(data, "-"),
        method.veegan.get(data, "-"),
    ]


def command(toys: Toys) -> str:
    """The command of this table, without the places of files."""
    words = ["python scripts/benchmarks/toys.py", f"--steps {toys.steps}", f"--seeds {toys.seeds}"]
    for name in ("data", "methods"):
        chosen = getattr(toys, name)
        if chosen != getattr(Toys(steps=0), name):
            words.append(f"--{name} " + " ".join(f"'{word}'" for word in chosen))
    if toys.devices != 1:
        words.append(f"--devices {toys.devices}")
    return " ".join(words)


def machine() -> str:
    """The processor's name and how many of its cores are ours."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def text(toys: Toys, table: Mapping[str, Mapping[str, Sequence[Run]]], versions: str) -> str:
    """The page."""
    everything = [run for rows in table.values() for found in rows.values() for run in found]
    devices = ", ".join(sorted({run.device for run in everything}))
    share = f"{400_000 / toys.steps:,.1f} times as many" if toys.steps != 400_000 else "as many"
    page = f"""\
# Mode collapse on ring and grid

Written by `toys.py` (how to run it: its first lines); every run is in `toys.json`.

- Command: `{command(toys)}`.
- Budget: **{toys.steps} steps** of each run. PacGAN's table has 400 000 steps, {share};
  VEEGAN's steps are not known here. So the columns on the right are no target for those on
  the left{"; only rows on the left compare with each other" if toys.steps != 400_000 else ""}.
- Runs: {toys.seeds} of each method, seeds from 0; a run that diverged is counted under `runs`, and
  is in no mean. Ours: mean ± standard deviation over runs [95 % t interval of the mean].
- Each score: {SAMPLES} samples of the last weights. High quality: within 3 standard deviations of
  the nearest mode. Reverse KL: nats, of the high-quality samples' modes from equal shares.
- PacGAN, table 1: modes; high quality, %; reverse KL; mean ± standard error of 10 trials. Its
  released code logs a Jensen-Shannon divergence instead. VEEGAN, table 1: modes; high quality, %;
  mean of 5 runs, other networks.
- What each method does differently from its paper stands at the beginning of its file in
  `experiments/`. On the grid, ALI and Unrolled are the ring's files with other data.
- Machine: {machine()}; {devices}; {toys.devices or "all"} device(s) for each run. Steps per
  second: the median; other work may have shared the machine.
- {versions}.
"""
    head = ["method", "runs", "samples/step", "modes", "high quality, %", "reverse KL", "steps/s"]
    head += ["PacGAN, table 1", "VEEGAN, table 1"]
    for data, rows in table.items():
        page += f"\n## {data.capitalize()}\n\n"
        protocols = [run.protocol for found in rows.values() for run in found if run.protocol]
        if protocols:
            perfect = protocols[0]["parameters"]
            page += (
                f"A perfect sampler: {perfect['modes']} modes, "
                f"{100 * perfect['perfect_high_quality']:.2f} % of high quality, reverse KL "
                f"{perfect['perfect_kl']:.4f}.\n\n"
            )
        lines = [head, ["---"] * len(head)]
        lines += [cells(BY_NAME[name], data, found) for name, found in rows.items()]
        page += "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return page


def main(toys: Toys) -> int:
    """Trains what is not there yet, and writes the table.

    Raises:
      UserError: a method is unknown, or a run was interrupted.
    """
    if unknown := [name for name in toys.methods if name not in BY_NAME]:
        raise UserError(f"No method {', '.join(unknown)}; use {', '.join(BY_NAME)}.")
    table: dict[str, dict[str, list[Run]]] = {data: {} for data in toys.data}
    scores: dict[str, list[Score]] = {data: [] for data in toys.data}
    # Seed by seed, so that an unfinished benchmark has compared every method.
    for seed, data, name in itertools.product(range(toys.seeds), toys.data, toys.methods):
        run, score = trained(BY_NAME[name], data, seed, toys)
        table[data].setdefault(name, []).append(run)
        if score is not None:
            scores[data].append(score)
    for found in scores.values():
        column(found)  # refuses scores of different protocols
    environment = runs.environment(jax.local_devices())
    kept = ("jaxgan", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")
    packages = {name: v for name, v in environment["packages"].items() if name in kept}
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    versions += f", python {environment['python']}, commit {environment['git_commit']}"
    toys.out.mkdir(parents=True, exist_ok=True)
    everything = {
        "command": command(toys),
        "steps": toys.steps,
        "machine": machine(),
        "packages": packages,
        "python": environment["python"],
        "git_commit": environment["git_commit"],
        "runs": {
            data: {name: [plain(run) for run in found] for name, found in rows.items()}
            for data, rows in table.items()
        },
    }
    runs.write_json(toys.out / "toys.json", everything)
    (toys.out / "toys.md").write_text(text(toys, table, versions))
    print(f"{toys.out / 'toys.md'} and toys.json are written.")
    return 0


def plain(run: Run) -> dict[str, Any]:
    """A run as JSON: numbers that are not finite by name, the protocol's parameters alone."""
    row = dataclasses.asdict(run)
    row["values"] = {
        name: value if math.isfinite(value) else str(value) for name, value in run.values.items()
    }
    row["protocol"] = run.protocol.get("parameters", {})
    return row


if __name__ == "__main__":
    sys.exit(launch.guarded(lambda: main(tyro.cli(Toys))))
