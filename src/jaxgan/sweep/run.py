"""Trains the trials of a sweep, and notes how each ended."""

import dataclasses
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_DIVERGED, EXIT_INTERRUPTED
from jaxgan.runs.folder import RunFolder
from jaxgan.sweep.engine import Command, Engine
from jaxgan.sweep.manifest import Entry, Manifest, Role, State, with_trials, write
from jaxgan.sweep.process import Signals, last_words
from jaxgan.sweep.summary import Summary, summary_of, value_of
from jaxgan.sweep.trials import Trial

ENDED = ("finished", "diverged", "failed", "pruned")
"""States in which a trial is not trained further."""


class Sweep:
    """A sweep's folder, and its manifest, which is written at every change.

    Attributes:
      folder: where it lies.
      manifest: how its trials stand.
    """

    def __init__(self, folder: Path, manifest: Manifest):
        self.folder, self.manifest = folder, manifest
        write(folder, manifest)

    def note(self, trial: Trial, state: State, note: str = "") -> None:
        """Writes down how a trial stands."""
        self.manifest = self.manifest.noted(trial.folder, state, note)
        write(self.folder, self.manifest)

    def add(self, trials: Sequence[Trial], role: Role) -> None:
        """Writes down more trials, or the same ones again."""
        entries = [entry_of(trial, self.folder, role) for trial in trials]
        self.manifest = with_trials(self.manifest, entries)
        write(self.folder, self.manifest)

    def together(self, groups: Sequence[Sequence[str]]) -> None:
        """Writes down the folders of trials that are trained at once from now on, in groups."""
        every = [*self.manifest.populations, *groups]
        self.manifest = dataclasses.replace(self.manifest, populations=every)
        write(self.folder, self.manifest)

    def run_of(self, trial: Trial) -> RunFolder:
        """The trial's run folder."""
        return RunFolder(self.folder / trial.folder)

    def log_of(self, trial: Trial) -> Path:
        """What the trial's processes said."""
        return self.folder / "logs" / f"{Path(trial.folder).relative_to('trials')}.log"


def entry_of(trial: Trial, sweep: Path, role: Role) -> Entry:
    """A trial as the manifest of the sweep in this folder has it, before it is trained."""
    command = shlex.join(["jaxgan", *trial.command(sweep)])
    return Entry(
        trial.name, trial.seed, trial.levels, trial.folder, trial.steps, command, role=role
    )


def standing(entry: Entry, run: RunFolder, steps: int) -> tuple[State, str]:
    """How a trial stands that is to reach ``steps``, and why: its folder says it, if it has one."""
    if entry.state in ("pruned", "failed"):
        return entry.state, entry.note
    if not run.config.exists():
        return "pending", ""
    found = summary_of(run)
    if found.outcome == "diverged":
        return "diverged", found.note
    if found.outcome in ("failed", "damaged") and entry.state != "pending":
        return "failed", found.note
    if found.step >= steps and "finished" in (found.outcome, entry.state):
        return "finished", ""
    return ("pending" if found.outcome == "finished" else "interrupted"), found.note


@dataclasses.dataclass(frozen=True)
class Attempt:
    """A command that trains some trials.

    Attributes:
      command: the command.
      trials: those that had not ended.
      alone: whether the command is of one trial; else it is of a group, in which one that diverged
        keeps its place.
      since: byte of the log that it begins at.
      began: when, by ``time.monotonic()``.
    """

    command: Command
    trials: Sequence[Trial]
    alone: bool
    since: int
    began: float


def train_all(
    sweep: Sweep,
    groups: Sequence[Sequence[Trial]],
    engine: Engine,
    signals: Signals,
    say: Callable[[str], None],
) -> None:
    """Trains what is missing of these trials, until a signal comes.

    Args:
      sweep: where they lie.
      groups: what to train: those of a group at once, in one process.
      engine: runs commands.
      signals: ends it; the engine decides what becomes of those that are trained.
      say: shows a line.
    """
    trials = [trial for group in groups for trial in group]
    numbers = {trial.folder: number for number, trial in enumerate(trials, 1)}
    attempts: dict[Command, Attempt] = {}

    def commands() -> Iterator[Command]:
        for group in groups:
            left = [trial for trial in group if not has_ended(sweep, trial)]
            if left:
                attempt = attempt_at(sweep, group, left)
                attempts[attempt.command] = attempt
                for trial in left:
                    sweep.note(trial, engine.begun)
                yield attempt.command

    for command, code in engine(commands(), signals):
        attempt = attempts.pop(command)
        took = f"{time.monotonic() - attempt.began:,.0f} s"
        for trial, (state, note) in ends(sweep, attempt, code, signals.asked is not None):
            whole = trial.steps == sweep.manifest.entry(trial.folder).steps
            sweep.note(
                trial,
                "pending" if state == "finished" and not whole else state,
                note if state != "finished" or whole else f"trained to step {trial.steps} so far",
            )
            told = described(state, note, summary_of(sweep.run_of(trial)), sweep.manifest.scored)
            place = f"[{numbers[trial.folder]}/{len(trials)}]"
            say(f"{place} {trial.name}, seed {trial.seed}: {told} ({took})")


def has_ended(sweep: Sweep, trial: Trial) -> bool:
    """Whether a trial is not to be trained further; then writes down how it ended."""
    entry = sweep.manifest.entry(trial.folder)
    state, note = standing(entry, sweep.run_of(trial), trial.steps)
    if state not in ENDED:
        return False
    if (state, note) != (entry.state, entry.note) and trial.steps == entry.steps:
        sweep.note(trial, state, note)
    return True


def attempt_at(sweep: Sweep, group: Sequence[Trial], left: Sequence[Trial]) -> Attempt:
    """The command that trains a group of trials.

    Args:
      sweep: where they lie.
      group: all that were ever trained at once.
      left: those that have not ended.
    """
    log = sweep.log_of(left[0])
    there = sweep.manifest.entry(left[0].folder).state == "queued"  # its job has begun the log
    since = log.stat().st_size if log.exists() and not there else 0
    runs = tuple(sweep.run_of(trial) for trial in left)
    command = Command(tuple(words_of(sweep, group)), log, runs)
    return Attempt(command, left, len(group) == 1, since, time.monotonic())


def ends(
    sweep: Sweep, attempt: Attempt, code: int, asked: bool
) -> Iterator[tuple[Trial, tuple[State, str]]]:
    """How each trial of an attempt ended, and why: from the exit code, and its folder."""
    log, since = attempt.command.log, attempt.since
    for trial in attempt.trials:
        run = sweep.run_of(trial)
        if attempt.alone:
            yield trial, ended(code, asked, run, log, since)
        else:
            yield trial, ended_among(code, asked, trial, run, log, since)


def words_of(sweep: Sweep, group: Sequence[Trial]) -> Sequence[str]:
    """The words after ``jaxgan`` that train these trials, without those that failed before."""
    if len(group) == 1:
        return group[0].command(sweep.folder)
    states = {trial.folder: sweep.manifest.entry(trial.folder).state for trial in group}
    return ("population", str(sweep.folder), *(n for n in states if states[n] != "failed"))


def ended_among(
    code: int, asked: bool, trial: Trial, run: RunFolder, log: Path, since: int
) -> tuple[State, str]:
    """How one of several trials ended: as its folder says, or else as ``ended`` says of all."""
    if run.config.exists():
        found = summary_of(run)
        if found.outcome == "diverged":
            return "diverged", found.note
        if found.outcome == "finished" and found.step >= trial.steps:
            return "finished", ""
        # After a crash, what a folder says may be of an earlier attempt.
        if found.outcome == "failed" and code in (0, EXIT_AGAIN, EXIT_INTERRUPTED):
            return "failed", found.note
    state, note = ended(code, asked, run, log, since)
    return (state, note) if state != "finished" else ("failed", f"it did not get there; see {log}")


def ended(code: int, asked: bool, run: RunFolder, log: Path, since: int) -> tuple[State, str]:
    """What an exit code means.

    Args:
      code: of the process; below 0 the signal that killed it.
      asked: whether it was asked to stop.
      run: its run folder.
      log: what it said.
      since: byte of the log that it began at.
    """
    if code == 0:
        return "finished", ""
    if code == EXIT_DIVERGED:
        found = summary_of(run)
        return "diverged", found.note if found.outcome == "diverged" else last_words(log, since)
    if code in (EXIT_AGAIN, EXIT_INTERRUPTED) or (code < 0 and asked):
        return "interrupted", summary_of(run).note if run.config.exists() else ""
    if code < 0:
        name = signal.Signals(-code).name
        why = ", as when memory runs out" if name == "SIGKILL" else ""
        return "failed", f"killed by {name}{why}; see {log}"
    return "failed", last_words(log, since)


def described(state: str, note: str, found: Summary, scored: str | None) -> str:
    """How a trial ended, in words."""
    value = value_of(found.scores, scored) if scored else None
    score = "" if value is None else f", {scored} {value:.5g}"
    if state == "finished":
        return f"finished at step {found.step}{score}"
    return f"{state}: {note}" if note else state
