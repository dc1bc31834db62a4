"""What runs gave, as their folders tell: those of a sweep by its manifest, or any others."""

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from jaxgan.errors import UserError
from jaxgan.evaluation.score import Score, read_scores
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.sweep.manifest import FILE, FORMAT
from jaxgan.sweep.summary import standing_of

LOST = ("diverged", "failed", "pruned")
"""How a trial ends that has no final score, and counts as the worst."""

Levels: TypeAlias = Mapping[str, Any]
"""What was chosen for a trial, by the name of the factor."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """One run of a study.

    Attributes:
      levels: what was chosen for it.
      seed: its seed.
      folder: its run folder, which may not be there.
      state: ``finished``, ``diverged``, ``failed`` or ``pruned``; without a result yet ``pending``,
        ``running``, ``interrupted`` or ``killed``; or ``damaged`` or ``missing``, if its folder is.
      note: why, in words; may be empty.
      step: the last step that it reached.
      description: its ``config.json``; empty if it cannot be read.
      scores: its scores, in the order in which they were taken.
      rows: its metrics, a row for each log.
      role: what its scores are for: ``selection``, ``report``, or ``both``.
    """

    levels: Levels
    seed: int
    folder: Path
    state: str
    note: str = ""
    step: int = 0
    description: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    scores: Sequence[Score] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    role: str = "both"

    @property
    def lost(self) -> bool:
        """Whether it ended without a final score, which counts as the worst."""
        return self.state in LOST

    @property
    def ended(self) -> bool:
        """Whether it has a result, be it that it is lost."""
        return self.lost or self.state == "finished"


@dataclasses.dataclass(frozen=True, eq=False)
class Variant:
    """Trials that differ in their seeds alone: a row of a table."""

    levels: Levels
    trials: Sequence[Trial]

    @property
    def name(self) -> str:
        """Its levels in words."""
        return ", ".join(map(in_words, self.levels, self.levels.values())) or "all runs"

    def count(self, state: str) -> int:
        """How many of its trials are in this state."""
        return sum(trial.state == state for trial in self.trials)


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """Runs that are compared.

    Attributes:
      title: what they are.
      command: that made them; empty if they are no sweep.
      baseline: levels of the variants that others are compared with; None for no comparison.
      scored: what they are ranked by, ``metric/value``; None for what most of them have.
      trials: the runs.
      selection: runs by which the variants of ``trials`` were selected; they have other seeds.
    """

    title: str
    command: str
    baseline: Levels | None
    scored: str | None
    trials: Sequence[Trial]
    selection: Sequence[Trial] = ()

    @functools.cached_property
    def variants(self) -> list[Variant]:
        """The trials by their levels, in the order of their first ones."""
        found: dict[str, list[Trial]] = {}
        for trial in self.trials:
            found.setdefault(key(trial.levels), []).append(trial)
        return [Variant(trials[0].levels, trials) for trials in found.values()]

    @property
    def factors(self) -> dict[str, list[Any]]:
        """The levels of each factor that has several, in the order of their appearance."""
        found: dict[str, dict[str, Any]] = {}
        for variant in self.variants:
            for name in dict.fromkeys(name for one in self.variants for name in one.levels):
                level = variant.levels.get(name)
                found.setdefault(name, {}).setdefault(key(level), level)
        return {name: list(levels.values()) for name, levels in found.items() if len(levels) > 1}

    def is_baseline(self, variant: Variant) -> bool:
        """Whether a variant has the levels of the baseline."""
        return self.baseline is not None and self.baseline_of(variant) is variant

    def baseline_of(self, variant: Variant) -> Variant | None:
        """What a variant is compared with: the one with the baseline's levels, all others its own.

        None if there is no baseline, or if no such variant was run.
        """
        if self.baseline is None:
            return None
        wanted = key({**variant.levels, **self.baseline})
        return next((one for one in self.variants if key(one.levels) == wanted), None)

    def check_baseline(self) -> None:
        """Checks that there is a variant with the levels of the baseline.

        Raises:
          UserError: there is none.
        """
        if self.baseline is not None and not any(map(self.is_baseline, self.variants)):
            told = ", ".join(map(in_words, self.baseline, self.baseline.values()))
            names = "; ".join(variant.name for variant in self.variants[:4])
            raise UserError(f"No variant has the baseline's {told}; they are {names}, ...")


def with_selection(study: Study) -> Study:
    """The study of all runs, those by which variants were selected included."""
    return dataclasses.replace(study, trials=[*study.selection, *study.trials], selection=())


def of_selection(study: Study) -> Study:
    """The study of the runs by which variants were selected."""
    return dataclasses.replace(study, trials=study.selection, selection=())


def key(value: Any) -> str:
    """Text that is equal where values of JSON are equal; 1 and 1.0 are."""
    return json.dumps(_unified(value), sort_keys=True, default=str)


def _unified(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _unified(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unified(one) for one in value]
    return float(value) if type(value) is int else value


def in_words(factor: str, level: Any) -> str:
    """A level as people read it: ``learning_rate=0.001``; what has a name is the name alone."""
    if factor == "ablation":
        return level or "no ablation"
    if factor == "variant":
        return shown(level)
    return f"{factor}={shown(level)}"


def shown(level: Any) -> str:
    """The value of a level as text, which no other has: floats are short if that says them."""
    if level is None:
        return "none"
    if type(level) is not float:
        return str(level)
    short = f"{level:.6g}"
    return short if float(short) == level else repr(level)


def is_sweep(path: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (path / FILE).is_file()


def read_sweep(path: Path) -> Study:
    """The trials of a sweep, by its manifest.

    Raises:
      UserError: the manifest is damaged, or of another format.
    """
    manifest = path / FILE
    try:
        found = json.loads(manifest.read_text())
        if found["format"] != FORMAT:
            raise UserError(
                f"{manifest} has format {found['format']}; this jaxgan reads format {FORMAT}. "
                "Use the version that wrote it."
            )
        trials = [
            dataclasses.replace(
                read_trial(
                    path / one["folder"],
                    one["levels"],
                    int(one["seed"]),
                    one["state"],
                    one["note"],
                    int(one.get("steps", 0)),
                ),
                role=one.get("role", "both"),
            )
            for one in found["trials"]
        ]
        title = f"Sweep of {', '.join(map(str, found['experiments']))}"
        reported = [trial for trial in trials if trial.role == "report"]
        others = [trial for trial in trials if trial.role != "report"]
        return Study(
            title,
            str(found["command"]),
            found["baseline"],
            found["scored"],
            reported or others,
            others if reported else (),
        )
    except UserError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{manifest} is damaged ({type(error).__name__}: {error}); run the sweep's command "
            "again, or name its run folders instead."
        ) from error


def read_trial(
    folder: Path, levels: Levels, seed: int, state: str = "", note: str = "", steps: int = 0
) -> Trial:
    """A trial: from its run folder, which tells the truth, and what the manifest adds to it.

    Args:
      folder: its run folder.
      levels: what was chosen for it.
      seed: its seed.
      state: how the manifest says that it stands, if there is one.
      note: what the manifest says of it.
      steps: that it is to be trained to; 0 if that is not known.
    """
    run = RunFolder(folder)
    if not run.config.exists():
        if state in ("", "finished"):
            state, note = "missing", "its run folder is not there"
        return Trial(levels, seed, folder, state, note)
    try:
        description = read_description(run)
    except UserError as error:
        found, why = (state, note) if state == "failed" else ("damaged", str(error))
        return Trial(levels, seed, folder, found, why)
    rows, scores, step = read_metrics(run.metrics), [], 0
    try:
        found, step, why = standing_of(run, rows)
        scores = read_scores(run.evaluations)
    except (UserError, OSError) as error:
        found, why = "damaged", str(error)
    if found == "finished" and step < steps:  # as far as it was to go at first
        found, why = "interrupted", f"it is at step {step} of {steps}"
    if (state == "pruned" and found != "diverged") or (
        # A folder may be behind: what ended the process left it as it was before.
        state == "failed" and found not in ("finished", "diverged", "running")
    ):
        found, why = state, note or why
    return Trial(levels, seed, folder, found, why, step, description, scores, rows)


def read_runs(folders: Sequence[Path]) -> Study:
    """Any run folders as a study, whose factors are what differs between their ``config.json``.

    Raises:
      UserError: two runs have the same settings and seed.
    """
    trials = [read_trial(folder, {}, 0) for folder in folders]
    known = [trial for trial in trials if trial.description]
    settings = [_settings(trial.description) for trial in known]
    names = _factors(settings)
    placed = {
        id(trial): dataclasses.replace(
            trial,
            seed=int(trial.description["training"]["seed"]),
            levels={name: every[name] for name in names if name in every},
        )
        for trial, every in zip(known, settings, strict=True)
    }
    found = [
        placed.get(id(trial)) or dataclasses.replace(trial, levels={"run": str(trial.folder)})
        for trial in trials
    ]
    _check_different(found)
    experiments = dict.fromkeys(str(trial.description["experiment"]) for trial in known)
    return Study(f"Runs of {', '.join(experiments)}", "", None, None, found)


def _settings(description: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was chosen for a run, but for its seed."""
    training = {**description["training"], "data": description["data"].get("name")}
    settings = {"experiment": description["experiment"], **description["config"], **training}
    settings.setdefault("steps", description["launches"][-1]["runtime"]["steps"])
    settings.pop("seed")
    return settings


def _factors(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the settings that make variants.

    What differs only because experiments or presets do is told by their names.
    """
    first = ("experiment", "preset")
    names = list(dict.fromkeys((*first, *(name for one in settings for name in one))))
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in settings:
        groups.setdefault(key([one.get(name) for name in first]), []).append(one)
    of_groups = [name for name in first if len({key(one.get(name)) for one in settings}) > 1]
    return of_groups + [
        name
        for name in names
        if name not in first
        and any(len({key(one.get(name)) for one in group}) > 1 for group in groups.values())
    ]


def _check_different(trials: Sequence[Trial]) -> None:
    """Refuses to count one run twice.

    Raises:
      UserError: two runs have the same settings and seed.
    """
    seen: dict[str, Trial] = {}
    for trial in trials:
        if not trial.description:
            continue
        other = seen.setdefault(key([trial.levels, trial.seed]), trial)
        if other is not trial:
            raise UserError(
                f"{other.folder} and {trial.folder} have the same settings and seed, which is one "
                "result and not two; leave one out."
            )
