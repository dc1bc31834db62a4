"""What a sweep will cost, from a few seconds of training of one trial of each group."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from jaxgan.runs.folder import RunFolder
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.sweep.check import groups
from jaxgan.sweep.flags import dashed, without
from jaxgan.sweep.process import last_words, started
from jaxgan.sweep.summary import seconds_of
from jaxgan.sweep.trials import Trial

ROW = 20
"""Steps between the rows that are timed."""

ENOUGH = 3.0
"""Seconds of timed steps after which a probe ends."""

MOST = 120.0
"""Seconds after which a probe ends in any case."""

ALONE = {
    "steps": 10**9,  # it is stopped before
    "log_every": ROW,
    **dict.fromkeys(("sample_every", "evaluate_every", "checkpoint_every"), 0),
}
"""Flags that a probe sets itself, so that steps alone are timed."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a probe of a trial has measured.

    Attributes:
      trial: the trial.
      trials: how many have its structure and number of steps.
      start: seconds from its start to the first row of metrics: importing, data, compiling.
      steps: steps that were timed after that.
      seconds: that they took.
      fault: why nothing was measured; empty if it was.
    """

    trial: Trial
    trials: int
    start: float = 0.0
    steps: int = 0
    seconds: float = 0.0
    fault: str = ""

    @property
    def rate(self) -> float:
        """Steps per second."""
        return self.steps / self.seconds

    @property
    def total(self) -> float:
        """Seconds that all trials of the group will take, one after another."""
        return self.trials * (self.start + self.trial.steps / self.rate)


def costs(trials: Sequence[Trial], say: Callable[[Cost], None]) -> list[Cost]:
    """Probes one trial of each group.

    Args:
      trials: of the sweep; those of one group differ in seed and hyperparameters alone.
      say: called with each result.
    """
    found = []
    for group in groups(trials):
        found.append(dataclasses.replace(probe(group[0]), trials=len(group)))
        say(found[-1])
    return found


def probe(trial: Trial) -> Cost:
    """Trains a trial in a scratch folder until enough of its steps are timed."""
    with tempfile.TemporaryDirectory(prefix="jaxgan-probe-") as scratch:
        folder, log = Path(scratch) / "run", Path(scratch) / "log"
        own = [word for name, value in ALONE.items() for word in (f"--{dashed(name)}", str(value))]
        kept = [word for word in without(trial.words, {*ALONE, "best"}) if word != "--distributed"]
        began = time.monotonic()
        first = None
        words = ("train", str(trial.file), *kept, *own, "--workdir", str(folder))
        with started(words, log) as child:
            try:
                while not (ended := child.poll() is not None) and time.monotonic() - began < MOST:
                    rows = read_metrics(RunFolder(folder).metrics)
                    if rows and first is None:
                        first = time.monotonic() - began
                    if sum(map(seconds_of, rows)) >= ENOUGH:
                        break
                    time.sleep(0.1)
            finally:
                child.kill()
        timed = [row for row in read_metrics(RunFolder(folder).metrics) if seconds_of(row)]
        if not timed or first is None:
            fault = last_words(log, 0) if ended else f"no {2 * ROW} steps within {MOST:.0f} s"
            return Cost(trial, 1, fault=fault)
        steps, seconds = sum(row["averaged_steps"] for row in timed), sum(map(seconds_of, timed))
        return Cost(trial, 1, first, steps, seconds)


def told(cost: Cost) -> str:
    """What was measured, and what it comes to, in words."""
    name = f"{cost.trial.name} ({cost.trials} trial{'s' * (cost.trials > 1)})"
    if cost.fault:
        return f"  {name}: not measured: {cost.fault}"
    return (
        f"  {name}: {duration(cost.total)}; measured: {cost.start:.1f} s to start and compile, "
        f"{cost.rate:,.3g} steps/s over {cost.steps:,} steps"
    )


def summed(found: Sequence[Cost]) -> str:
    """The cost of all trials, and what is not in it."""
    measured = [cost for cost in found if not cost.fault]
    if not measured:
        return "Nothing could be measured."
    trials, every = (sum(cost.trials for cost in some) for some in (measured, found))
    of = "" if trials == every else f" of {trials} of {every} trials"
    return (
        f"About {duration(sum(cost.total for cost in measured))}{of}, one after another; scores, "
        "samples and checkpoints are not in it."
    )


def duration(seconds: float) -> str:
    """``42 s``, ``3 min`` or ``2.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
