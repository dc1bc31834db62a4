"""Trains methods with several seeds each, resumes what was interrupted, and sums up the scores."""

import dataclasses
import functools
import json
import math
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan.cli.experiment import default_settings
from jaxgan.cli.progress import Progress
from jaxgan.data.open import open_source
from jaxgan.data.source import Source
from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.score import Score, column, read_scores
from jaxgan.evaluation.suite import METRICS, metrics_named
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.files import replacing, write_json
from jaxgan.runs.environment import environment_changes
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.runs.identity import code_changes, data_description, describe_run
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.runs.settings import Runtime, ScoringFlags, Training, with_flags
from jaxgan.sweep.statistics import deviation, finite_of, mean, t_interval, unpaired
from jaxgan.training.distributed import prepare_jax
from jaxgan.training.train import train

HERE = Path(__file__).parent
EXPERIMENTS = HERE.parent.parent / "experiments"
RESULTS = HERE / "results"
"""Where the pages and their JSON files are written by default."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A row of a table.

    Attributes:
      name: what the row is called.
      file: the experiment file, ``{file}.py``.
      preset: the preset of that file, which says on which data; empty for its first, or for a file
        without presets.
      changes: to the hyperparameters of that preset.
      training: to its settings of ``Training``, e.g. ``batch_size`` and ``ema``.
      critic_steps: discriminator updates per step.
      published: published values to show beside ours, a text per column, by the name of the data or
        by ``""``.
      plain: name of the row that shows the same game without the method; None for such a game.
    """

    name: str
    file: str
    preset: str = ""
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    critic_steps: int = 1
    published: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    plain: str | None = None

    @functools.cached_property
    def experiment(self) -> Experiment:
        """The preset that it changes."""
        return load_experiment(EXPERIMENTS / f"{self.file}.py", self.preset)

    @property
    def config(self) -> Any:
        """The hyperparameters of its runs."""
        return self.experiment.default(**self.changes)

    def settings(self, seed: int = 0) -> Training:
        """The settings of its run with this seed."""
        training, _ = default_settings(self.experiment)
        return dataclasses.replace(training, seed=seed, **self.training)

    @property
    def data(self) -> str:
        """The name of its data."""
        return self.settings().data

    @property
    def batch_size(self) -> int:
        """Real samples per update."""
        return self.settings().batch_size

    @property
    def slug(self) -> str:
        """The name in a form that fits a folder."""
        return "".join(c if c.isalnum() else "-" for c in self.name.lower())


@dataclasses.dataclass(frozen=True)
class Run:
    """What a trained run gave.

    Attributes:
      seed: its seed.
      outcome: ``finished`` or ``diverged``.
      values: its last scores, ``metric/value -> number``; empty if it diverged.
      protocol: how each metric was measured, by the metric's name.
      steps_per_second: the median over the rows of its metrics.jsonl; None if there are none.
      launches: the environment of each launch, ``FACTS`` by name; a resumed run has several.
      note: the reason of its outcome, in words; may be empty.
      real_score: the same values of held-out real samples, for metrics that have them.
    """

    seed: int
    outcome: str
    values: Mapping[str, float]
    protocol: Mapping[str, Mapping[str, Any]]
    steps_per_second: float | None
    launches: Sequence[Mapping[str, Any]]
    note: str = ""
    real_score: Mapping[str, float] = dataclasses.field(default_factory=dict)


Table = Mapping[str, Sequence[Run]]
"""The runs of each method, by the method's name."""


@dataclasses.dataclass(frozen=True)
class Job:
    """A run to train, or to read if it was trained already.

    Attributes:
      method: the method that it is a run of.
      config: its hyperparameters.
      training: the settings that identify it.
      runtime: its folder, number of steps and scores.
    """

    method: Method
    config: Any
    training: Training
    runtime: Runtime

    @property
    def run(self) -> RunFolder:
        """Its folder."""
        assert self.runtime.workdir is not None
        return RunFolder(self.runtime.workdir)

    @property
    def status(self) -> Mapping[str, Any]:
        """The contents of its status.json; empty if it was not started."""
        return json.loads(self.run.status.read_text()) if self.run.status.is_file() else {}


def jobs(
    methods: Sequence[Method],
    seeds: int,
    folder: Path,
    flags: Callable[[Method], Mapping[str, Any]],
) -> list[Job]:
    """One run per method and seed. All methods come with the first seed before any with the next.

    Args:
      methods: what to train.
      seeds: runs of each.
      folder: where the run folders are.
      flags: of ``Runtime``: at least ``steps``, ``evaluate_num`` and ``evaluate_metrics``.

    Raises:
      UserError: a folder holds another run, or its run was scored in another way.
    """
    found = [
        job_of(method, seed, folder, flags(method)) for seed in range(seeds) for method in methods
    ]
    for job in found:  # before any is trained, which may take hours
        check(job)
    return found


def job_of(method: Method, seed: int, folder: Path, flags: Mapping[str, Any]) -> Job:
    """The run of a method with a seed."""
    steps, training = flags["steps"], method.settings(seed)
    runtime = with_flags(
        Runtime(),
        workdir=folder / str(steps) / training.data / method.slug / f"seed-{seed}",
        sample_every=0,
        checkpoint_every=max(steps // 5, 100),
        keep=1,
        evaluate_every=steps,
        **flags,
    )
    return Job(method, method.config, training, runtime)


def check(job: Job) -> None:
    """Refuses a folder that holds anything but this run, which would make the page wrong.

    Raises:
      UserError: it holds another run, or its run was scored in another way.
    """
    if not job.run.config.is_file():
        return
    recorded, experiment = read_description(job.run), job.method.experiment
    data = data_description(opened(job.training.data, job.training.split))
    wanted = describe_run(experiment, job.config, job.training, data, job.runtime.steps)
    found = environment_changes(recorded, wanted | {"origin": None})
    copy = job.run.experiment
    if copy.is_file() and code_changes(copy, experiment.file):
        found.append(f"code of {experiment.file.name}")
    if found:
        raise refusal(job, "holds another run", found)
    if job.status.get("outcome") == "finished":
        scores_of(job)


opened: Callable[[str, str], Source] = functools.cache(open_source)
"""The data of this name and split, opened once."""


def refusal(job: Job, fault: str, differences: Sequence[str]) -> UserError:
    """The error for a folder that cannot be used."""
    return UserError(
        f"{job.run.path} {fault} ({'; '.join(differences)}). Remove that folder, or give another "
        "--folder."
    )


def scores_of(job: Job) -> Mapping[str, Score]:
    """The last score of each metric at the last step, by name, if it was measured as asked.

    Raises:
      UserError: there is none.
    """
    steps, scoring = job.runtime.steps, job.runtime.scoring
    every = [s for s in read_scores(job.run.evaluations) if s.subject["step"] == steps]
    if not every:
        raise UserError(f"{job.run.path} is finished but has no score; remove it.")
    found = {}
    for metric in (one.name for one in metrics_named(scoring.evaluate_metrics or "")):
        measured = [(score, faults(score, scoring)) for score in every if score.metric == metric]
        fitting = [score for score, wrong in measured if not wrong]
        if not fitting:
            wrong = measured[-1][1] if measured else ["not scored"]
            raise refusal(job, "was scored in another way", [f"{metric}: {w}" for w in wrong])
        found[metric] = fitting[-1]
    return found


def faults(score: Score, scoring: ScoringFlags) -> list[str]:
    """Where a score was not measured as ``scoring`` asks, ``name: measured -> asked``."""
    wanted = {
        "n_fake": scoring.evaluate_num,
        "standing_batches": scoring.standing_batches,
        "truncation": None,
        "weights": "ema",  # without averaging these are the last weights
    }
    found = environment_changes({**score.subject, **score.protocol}, wanted)
    extractor, asked = score.protocol["extractor"], scoring.evaluate_extractor
    if METRICS[score.metric].network == "extractor" and not extractor.startswith(asked):
        found.append(f"extractor: {extractor} -> {asked}")
    return found


def trained(job: Job) -> tuple[Run, Sequence[Score]]:
    """Trains and scores a run, resumes it, or reads the results of a finished one.

    Raises:
      UserError: it was interrupted, or a setting is at fault.
    """
    run, status = job.run, job.status
    if status.get("outcome") not in ("finished", "diverged"):
        prepare_jax(job.training, job.runtime)
        print(f"{job.method.name}, {job.training.data}, seed {job.training.seed}", flush=True)
        parts = (job.method.experiment, job.config, job.training, job.runtime)
        outcome = train(*parts, progress=Progress)
        if outcome.kind == "interrupted":
            raise UserError(f"{run.path}: {outcome.note}; the same command resumes it.")
        # Not what status.json says: a run stopped after its last step stays "interrupted" there.
        status = {"outcome": outcome.kind, "note": outcome.note}
    rates = [
        row["steps_per_second"] for row in read_metrics(run.metrics) if "steps_per_second" in row
    ]
    last = scores_of(job) if status["outcome"] == "finished" else {}
    result = Run(
        seed=job.training.seed,
        outcome=status["outcome"],
        values=named(last, "values"),
        real_score=named(last, "real_score"),
        protocol={metric: dict(score.protocol) for metric, score in last.items()},
        steps_per_second=statistics.median(rates) if rates else None,
        launches=[facts(one["environment"]) for one in read_description(run)["launches"]],
        note=status.get("note", ""),
    )
    return result, tuple(last.values())


PACKAGES = ("jaxgan", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")
FACTS = ("device_kind", "devices", "cores", *PACKAGES, "python", "git_commit")
"""What a page says of the environment of a run."""


def facts(environment: Mapping[str, Any]) -> dict[str, Any]:
    """``FACTS`` of a launch, without those that it did not record."""
    flat = {**environment, **environment["packages"]}
    return {name: flat[name] for name in FACTS if name in flat}


def named(scores: Mapping[str, Score], field: str) -> dict[str, float]:
    """All numbers in this field of the scores, ``metric/value -> number``."""
    return {f"{m}/{n}": v for m, score in scores.items() for n, v in getattr(score, field).items()}


def compare(jobs: Sequence[Job]) -> Table:
    """The runs of every method. Those that are not finished are trained, in this order.

    Raises:
      UserError: a run was interrupted, or scores were measured in different ways.
    """
    table: dict[str, list[Run]] = {}
    scores: dict[str, list[Score]] = {}
    for job in jobs:
        run, found = trained(job)
        table.setdefault(job.method.name, []).append(run)
        for score in found:
            scores.setdefault(score.metric, []).append(score)
    for of_metric in scores.values():
        column(of_metric)
    return table


def chosen(names: Sequence[str], methods: Sequence[Method]) -> list[Method]:
    """The methods of these names, in the table's order; all methods without names.

    Raises:
      UserError: one is unknown.
    """
    wanted = {one_of(name, [method.name for method in methods], "method") for name in names}
    return [method for method in methods if not names or method.name in wanted]


def at_least(least: int, **flags: int) -> None:
    """Refuses numbers that are too small.

    Raises:
      UserError: naming the flag.
    """
    for name, value in flags.items():
        if value < least:
            raise UserError(f"--{name.replace('_', '-')} {value}: must be at least {least}.")


def summary(values: Sequence[float], digits: int) -> str:
    """``mean ± standard deviation [95 % t interval of the mean]``; infinities are counted."""
    finite = finite_of(values)
    infinite = f" ({len(values) - len(finite)} infinite)" if len(finite) < len(values) else ""
    if not len(finite):
        return f"-{infinite}"
    if len(finite) == 1:
        return f"{mean(finite):.{digits}f}{infinite}"
    shown = f"{mean(finite):.{digits}f} ± {deviation(finite):.{digits}f}"
    low, high = t_interval(finite)
    return shown + (f" [{low:.{digits}f}, {high:.{digits}f}]" if low < high else "") + infinite


def difference(values: Sequence[float], others: Sequence[float], digits: int) -> str:
    """``mean less the others' mean [95 % interval of Welch's t test]``, of what is finite."""
    found = unpaired(values, others)
    if math.isnan(found.value):
        return "-"
    gap, (low, high) = f"{found.value:+.{digits}f}", found.interval
    return gap if math.isnan(low) else f"{gap} [{low:+.{digits}f}, {high:+.{digits}f}]"


def against(table: Table, name: str, plain: str | None, value: str, digits: int) -> str:
    """``difference`` of a value between a method and its plain game, ``-`` without another row."""
    if plain is None or name == plain or plain not in table:
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


def protocol(table: Table, metric: str) -> Mapping[str, Any]:
    """How a metric was measured, which is the same for all; empty if no run has a score."""
    every = (run.protocol for found in table.values() for run in found)
    return next((told[metric] for told in every if told), {})


def samples(tables: Mapping[str, Table], metric: str) -> str:
    """``n samples``, as the scores recorded it; ``samples`` if no run has a score."""
    protocols = [protocol(table, metric) for table in tables.values()]
    return f"{distinct([one for one in protocols if one], 'n_fake')} samples".strip()


def averaged(methods: Sequence[Method]) -> list[str]:
    """Names of the methods whose samples come from averaged weights."""
    return [method.name for method in methods if method.settings().ema]


def distinct(found: Sequence[Mapping[str, Any]], name: str) -> str:
    """The different values under this name, in order of appearance, joined by ``and``."""
    values = (one.get(name) for one in found)
    return " and ".join(dict.fromkeys("unknown" if v is None else str(v) for v in values))


def circumstances(tables: Mapping[str, Table]) -> str:
    """What the runs of tables ran on, in one line."""
    every = [run for table in tables.values() for found in table.values() for run in found]
    speed = "Steps per second: the median; other work may have shared the machine."
    return f"{surroundings([one for run in every for one in run.launches])} {speed}"


def surroundings(launches: Sequence[Mapping[str, Any]]) -> str:
    """What runs ran on, in one line, as they recorded it."""
    found = {name: distinct(launches, name) for name in FACTS}
    packages = [f"{name} {found[name]}" for name in PACKAGES]
    return (
        f"{found['device_kind']}; {found['devices']} device(s) and {found['cores']} core(s) for "
        f"each run. {', '.join(packages)}, python {found['python']}, "
        f"commit {found['git_commit']}. Runs do not record their processor; that of the machine "
        f"which wrote this page: {processor()}."
    )


def processor() -> str:
    """The name of this machine's processor."""
    if Path("/proc/cpuinfo").is_file():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def load() -> list[float]:
    """Processes that wanted to run, on average over the last 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]


def check_name(out: Path, name: str, command: str) -> None:
    """Refuses to overwrite the result of another command. Call it before training.

    Raises:
      UserError: there is such a file, or the name is not that of a file.
    """
    if not name or Path(name).name != name:
        raise UserError(f"--name {name!r}: give the name of a file, without a folder.")
    page, every = out / f"{name}.md", out / f"{name}.json"
    if not page.exists() and not every.exists():
        return
    try:
        made = json.loads(every.read_text())["command"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{page} is not a table of runs; give --name OTHER.") from None
    # The name of the file, the last flag of a command, does not change the table.
    if made.partition(" --name ")[0] != command.partition(" --name ")[0]:
        raise UserError(f"{every} was made by `{made}`; give --name OTHER to keep it.")


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
    write_json(out / f"{name}.json", everything)
    with replacing(out / f"{name}.md") as part:
        part.write_text(page)
    print(f"{out / name}.md and {name}.json are written.")


def plain(run: Run) -> dict[str, Any]:
    """A run as JSON; numbers that are not finite become strings."""
    row = dataclasses.asdict(run)
    for field in ("values", "real_score"):
        numbers = row[field].items()
        row[field] = {name: x if math.isfinite(x) else str(x) for name, x in numbers}
    return row


def command(script: str, asked: Any, standard: Any, places: Sequence[str]) -> str:
    """The command line that gives these flags, without the places of files.

    Args:
      script: name of the script.
      asked: its flags, a dataclass.
      standard: the same with all defaults.
      places: fields to leave out.
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
