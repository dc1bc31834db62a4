"""How a run stands, read from its folder: also of one that is damaged, running or killed."""

import dataclasses
import fcntl
import math
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError
from jaxgan.evaluation.score import RULE, Score, read_scores
from jaxgan.runs.folder import Recorded, RunFolder, read_description, read_status
from jaxgan.runs.metrics_log import read_metrics


@dataclasses.dataclass(frozen=True)
class Summary:
    """How a run stands.

    Attributes:
      outcome: ``running``, ``finished``, ``interrupted``, ``diverged`` or ``failed``, as the run
        wrote it; ``killed`` if it wrote ``running`` and no process trains it; ``damaged`` if its
        files cannot be read.
      step: the last step that is recorded.
      steps: the step to reach; None if that cannot be read.
      scores: its last scores, as it was trained.
      steps_per_second: the median over its rows of metrics; None if none was timed.
      device_seconds: of its steps, as ``device_seconds`` counts them; 0 if none was timed.
      note: why it ended, or what is damaged; may be empty.
    """

    outcome: str
    step: int = 0
    steps: int | None = None
    scores: tuple[Score, ...] = ()
    steps_per_second: float | None = None
    device_seconds: float = 0.0
    note: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Until a running run is done; None if it does not run, or its speed is not known."""
        if self.outcome != "running" or not self.steps_per_second or self.steps is None:
            return None
        return max(self.steps - self.step, 0) / self.steps_per_second


def summary_of(folder: RunFolder) -> Summary:
    """How the run in a folder stands."""
    try:
        launches = read_description(folder)["launches"]
    except UserError as error:
        return Summary("damaged", note=str(error))
    steps = int(launches[-1]["runtime"]["steps"])
    try:
        scores = last_scores(read_scores(folder.evaluations))
        rows = read_metrics(folder.metrics)
        outcome, step, note = standing_of(folder, rows)
    except (UserError, OSError) as error:
        return Summary("damaged", steps=steps, note=str(error))
    rates = [rate for row in rows if (rate := _number(row, "steps_per_second"))]
    return Summary(
        outcome,
        step,
        steps,
        tuple(scores),
        statistics.median(rates) if rates else None,
        device_seconds(rows, launches) if rates else 0.0,
        note,
    )


def standing_of(folder: RunFolder, rows: Sequence[Mapping[str, Any]]) -> Recorded:
    """How the run in a folder with these rows of metrics says that it stands.

    It is ``killed`` if it says ``running``, or nothing, and no process trains it; the step is that
    of its last row, if that is later than what it wrote.

    Raises:
      UserError: its ``status.json`` is damaged.
    """
    found = read_status(folder) or Recorded("killed", 0, "it was stopped before its first step")
    if found.outcome == "running" and not is_locked(folder):
        note = "no process trains it; the same command resumes it"
        found = found._replace(outcome="killed", note=note)
    return found._replace(step=max([found.step, *(row["step"] for row in rows[-1:])]))


def device_seconds(
    rows: Sequence[Mapping[str, Any]], launches: Sequence[Mapping[str, Any]]
) -> float:
    """Time of the steps of a run times its devices: neither compiling nor scoring.

    Steps that were not timed, as those right after compiling, are taken to be of the median speed.
    Of runs that are trained at once each has an equal share. Rows do not say which launch wrote
    them; the devices are those of the last. NaN if no step was timed.
    """
    rates = [rate for row in rows if (rate := _number(row, "steps_per_second"))]
    if not rates:
        return math.nan
    left = sum(_number(row, "averaged_steps") or 0.0 for row in rows if not seconds_of(row))
    seconds = sum(map(seconds_of, rows)) + left / statistics.median(rates)
    environment = launches[-1]["environment"]
    return seconds * environment["devices"] / environment.get("members", 1)


def _number(row: Mapping[str, Any], name: str) -> float | None:
    """A number of a row that is above 0; None if there is none."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and value > 0 else None


def seconds_of(row: Mapping[str, Any]) -> float:
    """How long the steps of a row took; 0 if they were not timed."""
    rate, count = _number(row, "steps_per_second"), _number(row, "averaged_steps")
    return count / rate if rate and count else 0.0


def last_scores(scores: Sequence[Score]) -> list[Score]:
    """The scores of the last step that a run scored itself at."""
    own = [score for score in scores if score.subject.get("rule") == RULE]
    last = max((score.subject.get("step", 0) for score in own), default=0)
    return [score for score in own if score.subject.get("step", 0) == last]


def value_of(scores: Sequence[Score], name: str) -> float | None:
    """The value that is called ``metric/value`` among these scores."""
    metric, _, value = name.partition("/")
    found = (score.values.get(value) for score in reversed(scores) if score.metric == metric)
    return next(found, None)


def score_at(folder: RunFolder, name: str, step: int) -> float | None:
    """The value that the run took at a step, as it was trained; None if it took none."""
    scores = [
        score
        for score in read_scores(folder.evaluations)
        if score.subject.get("rule") == RULE and score.subject.get("step") == step
    ]
    return value_of(scores, name)


def is_locked(folder: RunFolder) -> bool:
    """Whether a process trains the run."""
    try:
        held = os.open(folder.path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def runs_below(folder: Path) -> Iterator[RunFolder]:
    """The run folders below a folder, or the folder itself, by name; no links are followed."""
    run = RunFolder(folder)
    if run.config.is_file() or run.status.is_file():
        yield run
        return
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return
    for path in inside:
        if not path.is_symlink():
            yield from runs_below(path)
