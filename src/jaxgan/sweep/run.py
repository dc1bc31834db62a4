"""Trains the trials of a sweep one after another, and notes how each ended."""

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_DIVERGED, EXIT_INTERRUPTED
from jaxgan.runs.folder import RunFolder
from jaxgan.sweep.manifest import Entry, Manifest, State, write
from jaxgan.sweep.process import Signals, last_words
from jaxgan.sweep.summary import Summary, is_locked, summary_of, value_of
from jaxgan.sweep.trials import Trial

Launch: TypeAlias = Callable[[Sequence[str], Path, Signals], int]
"""``(words, log, signals)`` -> the exit code of ``jaxgan WORDS``; adds what it says to ``log``."""

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

    def run_of(self, trial: Trial) -> RunFolder:
        """The trial's run folder."""
        return RunFolder(self.folder / trial.folder)

    def log_of(self, trial: Trial) -> Path:
        """What the trial's processes said."""
        return self.folder / "logs" / f"{Path(trial.folder).relative_to('trials')}.log"


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


def train_all(
    sweep: Sweep,
    trials: Sequence[Trial],
    launch: Launch,
    signals: Signals,
    say: Callable[[str], None],
) -> None:
    """Trains what is missing of these trials, until a signal comes.

    Args:
      sweep: where they lie.
      trials: what to train.
      launch: runs a command.
      signals: stops between trials, and is handed on to the one that is trained.
      say: shows a line.
    """
    for number, trial in enumerate(trials, 1):
        if signals.asked:
            return
        entry, run = sweep.manifest.entry(trial.folder), sweep.run_of(trial)
        state, note = standing(entry, run, trial.steps)
        if state in ENDED:
            if (state, note) != (entry.state, entry.note) and trial.steps == entry.steps:
                sweep.note(trial, state, note)
            continue
        began = time.monotonic()
        state, note = train_one(sweep, trial, launch, signals, say)
        whole = trial.steps == entry.steps
        sweep.note(
            trial,
            "pending" if state == "finished" and not whole else state,
            note if state != "finished" or whole else f"trained to step {trial.steps} so far",
        )
        took = f"{time.monotonic() - began:,.0f} s"
        told = described(state, note, summary_of(run), sweep.manifest.scored)
        say(f"[{number}/{len(trials)}] {trial.name}, seed {trial.seed}: {told} ({took})")


def train_one(
    sweep: Sweep, trial: Trial, launch: Launch, signals: Signals, say: Callable[[str], None]
) -> tuple[State, str]:
    """Trains a trial; how it ended, and why."""
    run, log = sweep.run_of(trial), sweep.log_of(trial)
    if is_locked(run):
        say(f"{run.path} is being trained by another process; waiting for it")
    while is_locked(run):
        if signals.asked:
            return "interrupted", "another process trains it"
        time.sleep(0.5)
    sweep.note(trial, "running")
    since = log.stat().st_size if log.exists() else 0
    code = launch(trial.command(sweep.folder), log, signals)
    return ended(code, signals.asked is not None, run, log, since)


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
