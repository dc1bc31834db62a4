"""Measures whether streamed data keep the device busy, with a slow source.

``python scripts/benchmarks/feed.py`` writes results/feed.md and results/feed.json. A source that
pauses in every read simulates a slow disk or decoder, and another pause the device's work on a
dispatch. The loop waits for the device after each dispatch, as the training loop does at every row
of metrics. Ideally reading overlaps with the device's work, and a step takes the longer of the two
times. Both are measured, because on a busy machine pauses take longer than asked for. ``--before
RESULT.json`` adds a column with the times of another version.
"""

import concurrent.futures
import dataclasses
import json
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import tyro
from pages import RESULTS, at_least, load

from jaxgan.cli.exit import exit_code_of
from jaxgan.data.feed import make_feed
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.runs.environment import processor

BATCH = 64
SHAPE = (64, 64, 3)

CASES = ((5, 20), (15, 20), (20, 20), (20, 15), (20, 5))
"""Milliseconds of (reading a batch, the device's work on a step)."""


@dataclasses.dataclass(frozen=True)
class Feed:
    """Measure streamed data against the ideal."""

    steps: int = 200
    """Steps per case, after one dispatch that is not timed."""
    per_dispatch: int = 20
    """Steps that the device takes in one call."""
    before: Path | None = None
    """The JSON file of another version's times."""
    out: Path = RESULTS / "feed"
    """Where to write, without the suffix."""


class Pause:
    """Sleeps when called, and measures how long it really slept."""

    def __init__(self, seconds: float):
        self.seconds, self.spent, self.count = seconds, 0.0, 0

    def __call__(self, times: int = 1) -> None:
        """Sleeps ``times`` times the seconds."""
        began = time.perf_counter()
        time.sleep(times * self.seconds)
        self.spent += time.perf_counter() - began
        self.count += times

    @property
    def milliseconds(self) -> float:
        """The mean pause."""
        return 1e3 * self.spent / self.count


def slow_source(pause: Pause) -> Source:
    """Images of zeros, with a pause in each read of a batch."""
    image = np.zeros((BATCH, *SHAPE), np.uint8)

    def read(indices: np.ndarray) -> dict[str, np.ndarray]:
        if len(indices) == BATCH:  # not the one sample that is read for the shapes
            pause()
        return {"image": image[: len(indices)]}

    return Source("slow", "train", 100_000, SHAPE, read, "00")


def measure(asked: Feed, read: Pause, compute: Pause) -> dict[str, float]:
    """Milliseconds of a step, of its two parts, and of the longer of them (``ideal``)."""
    # One thread, so that versions compare: several threads would make any of them faster.
    feed = make_feed(slow_source(read), seed=0, batch_size=BATCH, mode="streamed", threads=1)
    dispatches = asked.steps // asked.per_dispatch
    with concurrent.futures.ThreadPoolExecutor(1) as device:
        began = 0.0
        for number in range(dispatches + 1):
            if number == 1:
                began = time.perf_counter()
            feed.chunk(number * asked.per_dispatch, asked.per_dispatch)
            device.submit(compute, asked.per_dispatch).result()
        seconds = time.perf_counter() - began
    feed.close()
    return {
        "read": read.milliseconds,
        "compute": compute.milliseconds,
        "ideal": max(read.milliseconds, compute.milliseconds),
        "step": 1e3 * seconds / (dispatches * asked.per_dispatch),
    }


def table(now: list[dict[str, float]], before: list[dict[str, float]]) -> str:
    """The times as Markdown."""
    lines = ["| read | compute | ideal | now | now / ideal |", "|---:|---:|---:|---:|---:|"]
    if before:
        lines = [f"{lines[0]} before / its ideal |", f"{lines[1]}---:|"]
    for number, row in enumerate(now):
        cells = [f"{row[name]:.1f}" for name in ("read", "compute", "ideal", "step")]
        for version in (now, before)[: 2 if before else 1]:
            cells.append(f"{version[number]['step'] / version[number]['ideal']:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def times_of(path: Path) -> list[dict[str, float]]:
    """The times of all cases that an earlier result holds.

    Raises:
      UserError: it is not such a file.
    """
    try:
        rows = json.loads(path.read_text())["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"--before {path}: is not a result of this script ({error}).") from None
    if len(rows) != len(CASES):
        raise UserError(f"--before {path}: has {len(rows)} cases; here are {len(CASES)}.")
    return rows


def main(asked: Feed) -> int:
    """Measures all cases and writes both files.

    Raises:
      UserError: a flag is at fault.
    """
    at_least(1, per_dispatch=asked.per_dispatch)
    at_least(asked.per_dispatch, steps=asked.steps)
    before = times_of(asked.before) if asked.before else []
    load_before, rows = load(), []
    for read, compute in CASES:
        rows.append(measure(asked, Pause(read / 1e3), Pause(compute / 1e3)))
        print(rows[-1], flush=True)
    told = f"`before` has the times of {asked.before}. " if before else ""
    text = (
        "# Streamed data against the ideal\n\n"
        f"Milliseconds per step over {asked.steps} steps, {asked.per_dispatch} to a dispatch, in "
        f"batches of {BATCH} images of {' x '.join(map(str, SHAPE))} bytes. `read` is the measured "
        "pause in the source per batch, by one thread; `compute` the measured pause in the place "
        "of the device, which is waited for after every dispatch; `ideal` the longer of the two. "
        f"{told}Made by `scripts/benchmarks/feed.py` on {processor()}, {os.cpu_count()} cores, "
        f"with a load of {load_before[0]} processes before and {load()[0]} after; every number is "
        f"in `{asked.out.name}.json`.\n\n"
    )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.with_suffix(".md").write_text(text + table(rows, before) + "\n")
    described = {"python": platform.python_version(), "machine": platform.machine()}
    shape = {"steps": asked.steps, "per_dispatch": asked.per_dispatch}
    result = {**shape, **described, "rows": rows, "before": before}
    asked.out.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(tyro.cli(Feed))))
