"""``sweep.json``: the trials of a sweep and how each stands.

Run folders say how far a run is and how it ended; this file adds what they cannot say: trials that
were not started, that failed before they had a folder, and that were pruned.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from jaxgan.errors import UserError
from jaxgan.files import is_part, write_json
from jaxgan.runs.environment import environment_changes

FORMAT = 1
"""Version of the file; a reader refuses every other one."""

FILE = "sweep.json"

State: TypeAlias = Literal[
    "pending", "queued", "running", "finished", "diverged", "failed", "pruned", "interrupted"
]

Role: TypeAlias = Literal["selection", "report", "both"]
"""What the scores of a trial are for: to select variants, to report those selected, or both."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A trial, as the manifest has it.

    Attributes:
      name: what it shares with trials that have another seed.
      seed: of training.
      levels: the value of each factor.
      folder: of its run, within that of the sweep.
      steps: the step that it is trained to.
      command: trains it, or resumes it.
      state: how it stands.
      note: why, in one line; may be empty.
      role: what its scores are for.
    """

    name: str
    seed: int
    levels: Mapping[str, Any]
    folder: str
    steps: int
    command: str
    state: State = "pending"
    note: str = ""
    role: Role = "both"


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A sweep.

    Attributes:
      command: what was called last.
      experiments: names of the experiments.
      factors: what is varied, with every level.
      baseline: levels of the variant that others are compared with, if any.
      scored: the score that trials are ranked by, if any.
      settings: what the trials of each experiment share, which must not change.
      trials: all trials, also of earlier calls.
      halving: when trials are ranked and pruned, if they are.
      populations: folders of the trials that are trained at once, one sequence for each group; one
        alone is a trial that proved to be faster so.
    """

    command: str
    experiments: Sequence[str]
    factors: Mapping[str, Sequence[Any]]
    baseline: Mapping[str, Any] | None
    scored: str | None
    settings: Mapping[str, Any]
    trials: Sequence[Entry]
    halving: Mapping[str, Any] | None = None
    populations: Sequence[Sequence[str]] = dataclasses.field(default_factory=list)

    def entry(self, folder: str) -> Entry:
        """The trial with this folder."""
        return next(entry for entry in self.trials if entry.folder == folder)

    def noted(self, folder: str, state: State, note: str = "") -> "Manifest":
        """With another state of one trial."""
        trials = [
            dataclasses.replace(entry, state=state, note=note) if entry.folder == folder else entry
            for entry in self.trials
        ]
        return dataclasses.replace(self, trials=trials)


def read(sweep: Path) -> Manifest | None:
    """The manifest of a sweep's folder; None if there is nothing in it, or no folder.

    Raises:
      UserError: the folder holds something else, or the manifest is damaged or newer.
    """
    file = sweep / FILE
    if sweep.exists() and not sweep.is_dir():
        raise UserError(f"{sweep} is not a folder; choose another --workdir.")
    if not file.exists():
        if sweep.is_dir() and any(not is_part(path) for path in sweep.iterdir()):
            raise UserError(
                f"{sweep} holds files but no sweep (no {FILE}); choose another --workdir."
            )
        return None
    try:
        found = json.loads(file.read_text())
        version = int(found.pop("format"))
        if version == FORMAT:
            trials = [Entry(**entry) for entry in found.pop("trials")]
            manifest = Manifest(**found, trials=trials)
            if any(entry.state not in get_args(State) for entry in trials):
                raise ValueError("a state that there is not")
            if any(entry.role not in get_args(Role) for entry in trials):
                raise ValueError("a role that there is not")
            return manifest
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{file} is damaged ({type(error).__name__}: {error}); restore it, or choose another "
            "--workdir."
        ) from error
    raise UserError(f"{file} has format {version}; this jaxgan reads format {FORMAT}.")


def write(sweep: Path, manifest: Manifest) -> None:
    """Writes the manifest, whole or not at all."""
    write_json(sweep / FILE, {"format": FORMAT, **dataclasses.asdict(manifest)})


def joined(old: Manifest, new: Manifest, sweep: Path) -> Manifest:
    """The sweep with the trials of both, as ``with_trials`` has them.

    Raises:
      UserError: the two contradict each other; says in what.
    """
    found = _contradictions(old, new)
    if found:
        raise UserError(
            f"{sweep} holds another sweep ({'; '.join(found)}). Give the same factors and flags to "
            "resume it, or another --workdir."
        )
    return dataclasses.replace(
        new,
        factors={name: _union(levels, new.factors[name]) for name, levels in old.factors.items()},
        settings={**old.settings, **new.settings},
        experiments=_union(old.experiments, new.experiments),
        trials=with_trials(old, new.trials).trials,
        populations=old.populations,
    )


def with_trials(manifest: Manifest, entries: Sequence[Entry]) -> Manifest:
    """With more trials, or with the same ones again, which keep their states.

    A trial that is now trained to a later step is pending again, unless it failed to get there.
    """
    before = {entry.folder: entry for entry in manifest.trials}
    now = {entry.folder: _kept(entry, before.get(entry.folder)) for entry in entries}
    trials = [now.pop(folder, entry) for folder, entry in before.items()]
    return dataclasses.replace(manifest, trials=[*trials, *now.values()])


def _kept(entry: Entry, before: Entry | None) -> Entry:
    """The trial in the state that it had."""
    if before is None or (before.state in ("finished", "pruned") and before.steps < entry.steps):
        return entry
    return dataclasses.replace(entry, state=before.state, note=before.note)


def _contradictions(old: Manifest, new: Manifest) -> list[str]:
    """Where two sweeps cannot be one."""
    if set(old.factors) != set(new.factors):
        names = (", ".join(one.factors) or "none" for one in (old, new))
        return ["factors: {} -> {}".format(*names)]
    found = [
        change
        for name, settings in new.settings.items()
        if name in old.settings
        for change in environment_changes(old.settings[name], settings)
    ]
    for name in ("scored", "halving"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found.append(f"{name}: {before} -> {after}")
    before = {entry.folder: entry for entry in old.trials}
    for entry in new.trials:
        if old.halving and entry.folder not in before:
            found.append(
                f"seed {entry.seed} of {entry.name} is new, and --halving has ranked the others "
                "without it"
            )
            break
        same = before.get(entry.folder, entry)
        if entry.steps < same.steps:
            found.append(f"steps of {entry.name}: {same.steps} -> {entry.steps}")
            break
        if same.role == "report":
            found.append(f"seed {entry.seed} of {entry.name}: its scores are for the report alone")
            break
    return found


def _union(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    """What is in either, in order; lists are among them, which have no hash."""
    return [*first, *(one for one in second if one not in first)]


def without_failures(manifest: Manifest) -> Manifest:
    """With failed trials pending again."""
    for entry in manifest.trials:
        if entry.state == "failed":
            manifest = manifest.noted(entry.folder, "pending")
    return manifest
