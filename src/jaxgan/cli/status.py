"""``jaxgan status``: how the runs below a folder stand."""

import collections
import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import tyro

from jaxgan.cli.flags import parsed
from jaxgan.errors import UserError
from jaxgan.runs.folder import RunFolder
from jaxgan.sweep import manifest
from jaxgan.sweep.manifest import Manifest
from jaxgan.sweep.probe import duration
from jaxgan.sweep.summary import Summary, runs_below, summary_of, value_of


@dataclasses.dataclass(frozen=True)
class Status:
    """Show how the runs below a folder stand: outcome, step, score, speed and time left."""

    folder: tyro.conf.Positional[Path]
    """A run, a sweep, or a folder of runs."""


HEAD = ("run", "outcome", "step", "score", "steps/s", "left", "device-s", "")


def status(arguments: Sequence[str]) -> int:
    """``jaxgan status DIR``; returns the exit code.

    Raises:
      UserError: there is no such folder, or no run in it.
    """
    asked = parsed(Status, prog="jaxgan status", args=list(arguments))
    if not asked.folder.is_dir():
        raise UserError(f"{asked.folder} is not a folder; name one with runs.")
    found = list(standings(asked.folder))
    if not found:
        raise UserError(f"{asked.folder} holds no run (no config.json below it).")
    print(table([HEAD, *(row(name, summary, scored) for name, summary, scored in found)]))
    counts = collections.Counter(summary.outcome for _, summary, _ in found)
    spent = sum(summary.device_seconds for _, summary, _ in found)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    print(f"{len(found)} runs: {told}; {spent:,.0f} device-seconds of steps")
    return 0


def standings(folder: Path) -> Iterator[tuple[str, Summary, str | None]]:
    """Every run below a folder and every trial of its sweeps: name, how it stands, its score."""
    trials: dict[Path, tuple[str, Summary, str | None]] = {}
    for sweep in sweeps_below(folder):
        found = readable(sweep)
        for entry in found.trials if found else ():
            path = sweep / entry.folder
            run = RunFolder(path)
            name = str(path.relative_to(folder))
            summary = summary_of(run) if run.config.exists() else Summary(entry.state)
            if entry.state in ("pruned", "failed"):
                summary = dataclasses.replace(summary, outcome=entry.state, note=entry.note)
            elif entry.state == "queued":
                summary = with_its_job(summary)
            summary = dataclasses.replace(summary, steps=entry.steps)  # not those of a rung
            trials[path] = name, summary, found.scored if found else None
    for run in runs_below(folder):
        if run.path not in trials:
            name = str(run.path.relative_to(folder))
            yield name if name != "." else str(folder), summary_of(run), None
    yield from trials.values()


def with_its_job(found: Summary) -> Summary:
    """How a run stands that a job trains, maybe on another machine, where its lock is not seen."""
    outcome = {"killed": "running", "interrupted": "queued"}.get(found.outcome, found.outcome)
    return (
        found if outcome == found.outcome else dataclasses.replace(found, outcome=outcome, note="")
    )


def sweeps_below(folder: Path) -> Iterator[Path]:
    """The folders of sweeps."""
    yield from sorted(path.parent for path in folder.rglob(manifest.FILE))


def readable(sweep: Path) -> Manifest | None:
    """The manifest; None if it is damaged: the runs are shown all the same."""
    try:
        return manifest.read(sweep)
    except UserError as error:
        print(f"jaxgan: {error}")
        return None


def row(name: str, found: Summary, scored: str | None) -> tuple[str, ...]:
    """A run as a row of the table."""
    note = re.sub(r"\S*/" + re.escape(name) + "/", "", found.note)  # the name is said already
    return (
        name,
        found.outcome,
        f"{found.step}/{'?' if found.steps is None else found.steps}",
        score(found, scored),
        "" if found.steps_per_second is None else f"{found.steps_per_second:.3g}",
        "" if found.seconds_left is None else duration(found.seconds_left),
        f"{found.device_seconds:,.0f}" if found.device_seconds else "",
        note if len(note) <= NOTE else f"{note[:NOTE]}...",
    )


NOTE = 120
"""Characters of a note at most."""


def score(found: Summary, scored: str | None) -> str:
    """The score that a sweep ranks by, or else the first of the last ones."""
    if scored is not None:
        value = value_of(found.scores, scored)
        return "" if value is None else f"{scored} {value:.5g}"
    for one in found.scores:
        name, value = next(iter(one.values.items()))
        return f"{one.metric}/{name} {value:.5g}"
    return ""


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
