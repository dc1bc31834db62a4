"""Trains methods with several seeds each, goes on where it stopped, and sums up their scores."""

import dataclasses
import json
import math
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from scipy import stats

from jaxgan import launch, report, runs
from jaxgan.errors import UserError, known
from jaxgan.evaluation.stamp import Score, column, read_scores
from jaxgan.experiment import load_experiment
from jaxgan.settings import Identity, Operation
from jaxgan.train import train

HERE = Path(__file__).parent
EXPERIMENTS = HERE.parent.parent / "experiments"


@dataclasses.dataclass(frozen=True)
class Method:
    """A row of a table.

    Attributes:
      name: of the row.
      file: the experiment, ``{file}.py``.
      changes: of its config.
      batch_size: samples per step; None for the experiment's.
      critic_steps: updates of the discriminator in a step.
      published: what stands beside ours, by the data's name (or ``""``): a text per column.
    """

    name: str
    file: str
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    batch_size: int | None = None
    critic_steps: int = 1
    published: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The name as that of a folder."""
        return "".join(c if c.isalnum() else "-" for c in self.name.lower())


@dataclasses.dataclass(frozen=True)
class Run:
    """One trained run.

    Attributes:
      seed: its seed.
      outcome: ``finished`` or ``diverged``.
      values: its last scores, ``metric/value``; empty if it diverged.
      protocol: metric -> how it was measured.
      steps_per_second: the median over its rows of metrics; None if there are none.
      device: what it ran on.
      commit: what it ran.
      note: what happened.
      floor: the values that held-out real samples have, where a metric gives them.
    """

    seed: int
    outcome: str
    values: Mapping[str, float]
    protocol: Mapping[str, Mapping[str, Any]]
    steps_per_second: float | None
    device: str
    commit: str | None
    note: str = ""
    floor: Mapping[str, float] = dataclasses.field(default_factory=dict)


Table = Mapping[str, Sequence[Run]]
"""Name of a method -> its runs."""


def trained(
    method: Method, data: str, seed: int, folder: Path, settings: Mapping[str, Any]
) -> tuple[Run, Sequence[Score]]:
    """Trains and scores one run, or goes on with it, or reads what it gave.

    Args:
      method: what to train.
      data: the data set.
      seed: of the run.
      folder: where run folders are.
      settings: of ``Operation``; ``steps`` and how it is scored among them.

    Raises:
      UserError: it was interrupted, or a setting is at fault.
    """
    steps = settings["steps"]
    experiment = load_experiment(EXPERIMENTS / f"{method.file}.py")
    run = runs.RunFolder(folder / str(steps) / data / method.slug / f"seed-{seed}")
    status = json.loads(run.status.read_text()) if run.status.is_file() else {}
    if status.get("outcome") not in ("finished", "diverged"):
        batch_size = method.batch_size or experiment.batch_size
        identity = Identity(data=data, split=experiment.split, batch_size=batch_size, seed=seed)
        operation = Operation(
            workdir=run.path,
            sample_every=0,
            checkpoint_every=max(steps // 5, 100),
            keep=1,
            evaluate_every=steps,
            **settings,
        )
        launch.prepare_jax(identity, operation)
        print(f"{method.name}, {data}, seed {seed}", flush=True)
        outcome = train(experiment, experiment.config(**method.changes), identity, operation)
        if outcome.kind == "interrupted":
            raise UserError(f"{run.path}: {outcome.note}; the same command goes on.")
        # Not what the folder says: a run stopped after its last step stays "interrupted" there.
        status = {"outcome": outcome.kind, "note": outcome.note}
    rates = [
        row["steps_per_second"]
        for row in report.read_metrics(run.metrics)
        if "steps_per_second" in row
    ]
    found = runs.read(run)["environment"]
    sound = status["outcome"] == "finished"
    scores = [s for s in read_scores(run.evaluations) if s.subject["step"] == steps]
    if sound and not scores:
        raise UserError(f"{run.path} is finished but has no score; remove it.")
    last = {score.metric: score for score in scores} if sound else {}
    told = Run(
        seed=seed,
        outcome=status["outcome"],
        values=named(last, "values"),
        floor=named(last, "floor"),
        protocol={metric: dict(score.protocol) for metric, score in last.items()},
        steps_per_second=statistics.median(rates) if rates else None,
        device=found["device_kind"],
        commit=found["git_commit"],
        note=status.get("note", ""),
    )
    return told, tuple(last.values())


def named(scores: Mapping[str, Score], field: str) -> dict[str, float]:
    """``metric/value -> number`` of a field of scores."""
    return {f"{m}/{n}": v for m, score in scores.items() for n, v in getattr(score, field).items()}


def compare(
    methods: Sequence[Method],
    data: str,
    seeds: int,
    folder: Path,
    settings: Callable[[Method], Mapping[str, Any]],
) -> Table:
    """The runs of every method, seed by seed, so that an unfinished one has compared them all.

    Raises:
      UserError: a run was interrupted, or scores were measured in different ways.
    """
    table: dict[str, list[Run]] = {method.name: [] for method in methods}
    scores: dict[str, list[Score]] = {}
    for seed in range(seeds):
        for method in methods:
            run, found = trained(method, data, seed, folder, settings(method))
            table[method.name].append(run)
            for score in found:
                scores.setdefault(score.metric, []).append(score)
    for of_metric in scores.values():
        column(of_metric)
    return table


def chosen(names: Sequence[str], methods: Sequence[Method]) -> list[Method]:
    """The methods of these names, in the table's order; all if none is named.

    Raises:
      UserError: one is unknown.
    """
    wanted = {known(name, [method.name for method in methods], "method") for name in names}
    return [method for method in methods if not names or method.name in wanted]


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


def difference(values: Sequence[float], others: Sequence[float], digits: int) -> str:
    """``mean less the others' mean [95 % interval of Welch's t test]``, of what is finite."""
    mine, theirs = ([x for x in some if math.isfinite(x)] for some in (values, others))
    if not mine or not theirs:
        return "-"
    gap = f"{statistics.fmean(mine) - statistics.fmean(theirs):+.{digits}f}"
    if min(len(mine), len(theirs)) < 2 or len({*mine}) == len({*theirs}) == 1:
        return gap
    low, high = stats.ttest_ind(mine, theirs, equal_var=False).confidence_interval(0.95)
    return f"{gap} [{low:+.{digits}f}, {high:+.{digits}f}]"


def against(table: Table, name: str, plain: str, value: str, digits: int) -> str:
    """``difference`` of a value between two methods; ``-`` if the plain one is not another row."""
    if name == plain or plain not in table:
        return "-"
    mine, theirs = (
        [run.values[value] for run in table[row] if run.outcome == "finished"]
        for row in (name, plain)
    )
    return difference(mine, theirs, digits)


def budget(steps: int, published: int) -> str:
    """How many times as many the published steps are, in words."""
    return "as many" if steps == published else f"{published / steps:,.1f} times as many"


def cells(found: Sequence[Run], values: Mapping[str, tuple[float, int]]) -> list[str]:
    """Number of runs, every value (name -> factor and digits) summed up, and steps per second."""
    sound = [run for run in found if run.outcome == "finished"]
    diverged = len(found) - len(sound)
    rates = [run.steps_per_second for run in found if run.steps_per_second is not None]
    return [
        f"{len(found)}" + (f", {diverged} diverged" if diverged else ""),
        *(
            summary([factor * run.values[name] for run in sound], digits)
            for name, (factor, digits) in values.items()
        ),
        f"{statistics.median(rates):.3g}" if rates else "-",
    ]


def rows(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    every = [head, ["---"] * len(head), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in every)


def circumstances(tables: Mapping[str, Table], devices: int | None) -> str:
    """What the runs ran on, in one line."""
    every = [run for table in tables.values() for found in table.values() for run in found]
    kinds = ", ".join(sorted({run.device for run in every}))
    environment = runs.environment(jax.local_devices())
    kept = ("jaxgan", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")
    packages = [f"{name} {v}" for name, v in environment["packages"].items() if name in kept]
    commits = ", ".join(sorted({run.commit or "unknown" for run in every}))
    return (
        f"{machine()}; {kinds}; {devices or 'all'} device(s) for each run. Steps per second: the "
        f"median; other work may have shared the machine. {', '.join(packages)}, python "
        f"{environment['python']}, commit {commits}."
    )


def machine() -> str:
    """The processor's name and how many of its cores are ours."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} core{'s' if cores != 1 else ''}"


def write(
    out: Path, name: str, page: str, command: str, circumstances: str, tables: Mapping[str, Table]
) -> None:
    """Writes ``name.md`` and, with every run, ``name.json``."""
    out.mkdir(parents=True, exist_ok=True)
    everything = {
        "command": command,
        "circumstances": circumstances,
        "runs": {
            data: {method: [plain(run) for run in found] for method, found in table.items()}
            for data, table in tables.items()
        },
    }
    runs.write_json(out / f"{name}.json", everything)
    (out / f"{name}.md").write_text(page)
    print(f"{out / name}.md and {name}.json are written.")


def plain(run: Run) -> dict[str, Any]:
    """A run as JSON: numbers that are not finite by name."""
    row = dataclasses.asdict(run)
    for field in ("values", "floor"):
        numbers = row[field].items()
        row[field] = {name: x if math.isfinite(x) else str(x) for name, x in numbers}
    return row


def command(script: str, asked: Any, standard: Any, places: Sequence[str]) -> str:
    """The command line that ``asked`` stands for, without where files are.

    Args:
      script: its name.
      asked: a dataclass of flags.
      standard: the same with every default.
      places: fields that are left out.
    """
    words = [f"python scripts/benchmarks/{script}"]
    for field in dataclasses.fields(asked):
        value = getattr(asked, field.name)
        if field.name in places or value == getattr(standard, field.name):
            continue
        values = value if isinstance(value, tuple) else (value,)
        told = " ".join(f"'{v}'" if " " in str(v) else str(v) for v in values)
        words.append(f"--{field.name.replace('_', '-')} {told}")
    return " ".join(words)
