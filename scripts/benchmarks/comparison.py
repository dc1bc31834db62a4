"""Trains methods with several seeds each, goes on where it stopped, and sums up their scores."""

import dataclasses
import functools
import json
import math
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy import stats

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
from jaxgan.runs.identity import code_changes, describe_run
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.runs.settings import Runtime, Training, with_flags
from jaxgan.training.distributed import prepare_jax
from jaxgan.training.train import train

HERE = Path(__file__).parent
EXPERIMENTS = HERE.parent.parent / "experiments"
RESULTS = HERE / "results"
"""Where tables are written."""


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
      plain: name of the row with the game that it mends; None if it is one.
    """

    name: str
    file: str
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    batch_size: int | None = None
    critic_steps: int = 1
    published: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    plain: str | None = None

    @property
    def experiment(self) -> Experiment:
        """What its file declares."""
        return load_experiment(EXPERIMENTS / f"{self.file}.py")

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
      launches: what it ran on, ``FACTS`` by name: more than one if it was gone on with.
      note: what happened.
      floor: the values that held-out real samples have, where a metric gives them.
    """

    seed: int
    outcome: str
    values: Mapping[str, float]
    protocol: Mapping[str, Mapping[str, Any]]
    steps_per_second: float | None
    launches: Sequence[Mapping[str, Any]]
    note: str = ""
    floor: Mapping[str, float] = dataclasses.field(default_factory=dict)


Table = Mapping[str, Sequence[Run]]
"""Name of a method -> its runs."""


@dataclasses.dataclass(frozen=True)
class Task:
    """One run to be trained.

    Attributes:
      method: of which row.
      config: its knobs.
      identity: settings that identify it.
      operation: where it is, for how many steps, and how it is scored.
    """

    method: Method
    config: Any
    identity: Training
    operation: Runtime

    @property
    def run(self) -> RunFolder:
        """Its folder."""
        assert self.operation.workdir is not None
        return RunFolder(self.operation.workdir)

    @property
    def status(self) -> Mapping[str, Any]:
        """How it stands; empty if it was not begun."""
        return json.loads(self.run.status.read_text()) if self.run.status.is_file() else {}


def tasks(
    methods: Sequence[Method],
    data: str,
    seeds: int,
    folder: Path,
    settings: Callable[[Method], Mapping[str, Any]],
) -> list[Task]:
    """The runs of every method, seed by seed, so that an unfinished one has compared them all.

    Args:
      methods: what to train.
      data: the data set.
      seeds: runs of each.
      folder: where run folders are.
      settings: of ``Operation``: ``steps``, ``evaluate_num`` and ``evaluate_metrics`` among them.

    Raises:
      UserError: a folder holds another run, or one that was scored in another way.
    """
    found = [
        task_of(method, data, seed, folder, settings(method))
        for seed in range(seeds)
        for method in methods
    ]
    for one in found:  # all of them, before hours have gone by
        check(one)
    return found


def task_of(
    method: Method, data: str, seed: int, folder: Path, settings: Mapping[str, Any]
) -> Task:
    """The run of a method, a data set and a seed."""
    steps, experiment = settings["steps"], method.experiment
    batch_size = method.batch_size or experiment.batch_size
    return Task(
        method,
        experiment.config(**method.changes),
        Training(data=data, split=experiment.split, batch_size=batch_size, seed=seed),
        with_flags(
            Runtime(),
            workdir=folder / str(steps) / data / method.slug / f"seed-{seed}",
            sample_every=0,
            checkpoint_every=max(steps // 5, 100),
            keep=1,
            evaluate_every=steps,
            **settings,
        ),
    )


def check(task: Task) -> None:
    """Refuses a folder with anything but this run: its page would tell what was not done.

    Raises:
      UserError: it holds another run, or one that was scored in another way.
    """
    if not task.run.config.is_file():
        return
    recorded, experiment = read_description(task.run), task.method.experiment
    source = opened(task.identity.data, task.identity.split)
    data = {name: getattr(source, name) for name in ("name", "size", "fingerprint")}
    wanted = describe_run(
        experiment, task.config, task.identity, recorded["data"] | data, task.operation.steps
    )
    found = environment_changes(recorded, wanted | {"origin": None})
    copy = task.run.experiment
    if copy.is_file() and code_changes(copy, experiment.file):
        found.append(f"code of {experiment.file.name}")
    if found:
        raise another(task, "holds another run", found)
    if task.status.get("outcome") == "finished":
        scores_of(task)


opened: Callable[[str, str], Source] = functools.cache(open_source)
"""The data of these words and this split."""


def another(task: Task, fault: str, found: Sequence[str]) -> UserError:
    """What is wrong with a folder, and how to mend it."""
    return UserError(
        f"{task.run.path} {fault} ({'; '.join(found)}). Remove that folder, or give another "
        "--folder."
    )


def scores_of(task: Task) -> Mapping[str, Score]:
    """Each metric's last score of the last step, of those that were measured as asked.

    Raises:
      UserError: there is none.
    """
    operation = task.operation
    every = [s for s in read_scores(task.run.evaluations) if s.subject["step"] == operation.steps]
    if not every:
        raise UserError(f"{task.run.path} is finished but has no score; remove it.")
    found = {}
    names = operation.scoring.evaluate_metrics or ""
    for metric in (one.name for one in metrics_named(names)):
        told = [(score, faults(score, operation)) for score in every if score.metric == metric]
        fitting = [score for score, wrong in told if not wrong]
        if not fitting:
            wrong = told[-1][1] if told else ["not scored"]
            raise another(task, "was scored in another way", [f"{metric}: {w}" for w in wrong])
        found[metric] = fitting[-1]
    return found


def faults(score: Score, operation: Runtime) -> list[str]:
    """How a score was not measured as ``operation`` asks, ``name: this -> asked``."""
    wanted = {
        "n_fake": operation.scoring.evaluate_num,
        "standing_batches": operation.scoring.standing_batches,
        "truncation": None,
        "weights": "ema",  # which are the last ones where nothing is averaged
    }
    found = environment_changes({**score.subject, **score.protocol}, wanted)
    extractor, asked = score.protocol["extractor"], operation.scoring.evaluate_extractor
    if METRICS[score.metric].network == "extractor" and not extractor.startswith(asked):
        found.append(f"extractor: {extractor} -> {asked}")
    return found


def trained(task: Task) -> tuple[Run, Sequence[Score]]:
    """Trains and scores one run, or goes on with it, or reads what it gave.

    Raises:
      UserError: it was interrupted, or a setting is at fault.
    """
    run, status = task.run, task.status
    if status.get("outcome") not in ("finished", "diverged"):
        prepare_jax(task.identity, task.operation)
        print(f"{task.method.name}, {task.identity.data}, seed {task.identity.seed}", flush=True)
        parts = (task.method.experiment, task.config, task.identity, task.operation)
        outcome = train(*parts, progress=Progress)
        if outcome.kind == "interrupted":
            raise UserError(f"{run.path}: {outcome.note}; the same command goes on.")
        # Not what the folder says: a run stopped after its last step stays "interrupted" there.
        status = {"outcome": outcome.kind, "note": outcome.note}
    rates = [
        row["steps_per_second"] for row in read_metrics(run.metrics) if "steps_per_second" in row
    ]
    last = scores_of(task) if status["outcome"] == "finished" else {}
    told = Run(
        seed=task.identity.seed,
        outcome=status["outcome"],
        values=named(last, "values"),
        floor=named(last, "real_score"),
        protocol={metric: dict(score.protocol) for metric, score in last.items()},
        steps_per_second=statistics.median(rates) if rates else None,
        launches=[facts(one["environment"]) for one in read_description(run)["launches"]],
        note=status.get("note", ""),
    )
    return told, tuple(last.values())


PACKAGES = ("jaxgan", "jax", "jaxlib", "flax", "optax", "numpy", "scipy")
FACTS = ("device_kind", "devices", "cores", *PACKAGES, "python", "git_commit")
"""What a page tells of the environment of a run."""


def facts(environment: Mapping[str, Any]) -> dict[str, Any]:
    """``FACTS`` of a launch; what it does not record is left out."""
    flat = {**environment, **environment["packages"]}
    return {name: flat[name] for name in FACTS if name in flat}


def named(scores: Mapping[str, Score], field: str) -> dict[str, float]:
    """``metric/value -> number`` of a field of scores."""
    return {f"{m}/{n}": v for m, score in scores.items() for n, v in getattr(score, field).items()}


def compare(tasks: Sequence[Task]) -> Table:
    """The runs of every method, trained in this order where they are not there yet.

    Raises:
      UserError: a run was interrupted, or scores were measured in different ways.
    """
    table: dict[str, list[Run]] = {}
    scores: dict[str, list[Score]] = {}
    for one in tasks:
        run, found = trained(one)
        table.setdefault(one.method.name, []).append(run)
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


def against(table: Table, name: str, plain: str | None, value: str, digits: int) -> str:
    """``difference`` of a value between two methods; ``-`` if the plain one is not another row."""
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
    """``n samples`` as the scores tell it; ``samples`` if no run has a score."""
    protocols = [protocol(table, metric) for table in tables.values()]
    return f"{distinct([one for one in protocols if one], 'n_fake')} samples".strip()


def averaged(methods: Sequence[Method]) -> list[str]:
    """Names of the methods whose samples come from averaged weights."""
    return [m.name for m in methods if m.experiment.config(**m.changes).ema_decay]


def distinct(found: Sequence[Mapping[str, Any]], name: str) -> str:
    """The values of this name, each once, in the order in which they come."""
    values = (one.get(name) for one in found)
    return " and ".join(dict.fromkeys("unknown" if v is None else str(v) for v in values))


def circumstances(tables: Mapping[str, Table]) -> str:
    """What the runs of tables ran on, in one line."""
    every = [run for table in tables.values() for found in table.values() for run in found]
    speed = "Steps per second: the median; other work may have shared the machine."
    return f"{surroundings([one for run in every for one in run.launches])} {speed}"


def surroundings(launches: Sequence[Mapping[str, Any]]) -> str:
    """What runs ran on, in one line, as they recorded it."""
    told = {name: distinct(launches, name) for name in FACTS}
    packages = [f"{name} {told[name]}" for name in PACKAGES]
    return (
        f"{told['device_kind']}; {told['devices']} device(s) and {told['cores']} core(s) for each "
        f"run. {', '.join(packages)}, python {told['python']}, commit {told['git_commit']}. Runs "
        "do not record their processor; that of the machine which wrote this page: "
        f"{processor()}."
    )


def processor() -> str:
    """The name of this machine's."""
    if Path("/proc/cpuinfo").is_file():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def check_name(out: Path, name: str, command: str) -> None:
    """Refuses to replace what another command made; to be called before anything is trained.

    Raises:
      UserError: naming the file, or the name is none.
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
    # Under its own name a table is the same one; --name is the command's last word.
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
