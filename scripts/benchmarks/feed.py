"""Whether streamed data keep the device busy: a slow source against the ideal.

``python scripts/benchmarks/feed.py`` writes results/feed.md and results/feed.json. A source whose
every read pauses stands for a slow disk or decoder, and a pause for the device's work on a
dispatch; like the training loop at every row of metrics, the loop waits for the device after each
dispatch. Ideally a step takes the longer of the two times: reading is hidden behind the device's
work, or the other way round. ``--before RESULT.json`` puts the times of another version beside
this one's.
"""

import concurrent.futures
import dataclasses
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from jaxgan.data.feed import make_feed
from jaxgan.data.source import Source

HERE = Path(__file__).parent
BATCH = 64
SHAPE = (64, 64, 3)

CASES = ((1.0, 4.0), (3.0, 4.0), (4.0, 4.0), (4.0, 3.0), (4.0, 1.0))
"""Milliseconds of (reading a batch, the device's work on a step)."""


@dataclasses.dataclass(frozen=True)
class Feed:
    """Measure streamed data against the ideal."""

    steps: int = 500
    """Steps per case, after one dispatch that is not timed."""
    per_dispatch: int = 50
    """Steps that the device takes in one call."""
    before: Path | None = None
    """The JSON file of another version's times."""
    out: Path = HERE / "results" / "feed"
    """Where to write, without the suffix."""


def slow_source(seconds: float) -> Source:
    """Images that take ``seconds`` to read a batch of."""
    image = np.zeros((BATCH, *SHAPE), np.uint8)

    def read(indices: np.ndarray) -> dict[str, np.ndarray]:
        if len(indices) == BATCH:  # not the one sample that is read for the shapes
            time.sleep(seconds)
        return {"image": image[: len(indices)]}

    return Source("slow", "train", 100_000, SHAPE, read, "00")


def milliseconds_per_step(asked: Feed, read: float, compute: float) -> float:
    """The time of a step where reading a batch and the device's work take these milliseconds."""
    # One thread: what several threads gain, they gain in every version.
    feed = make_feed(slow_source(read / 1e3), seed=0, batch_size=BATCH, mode="streamed", threads=1)
    dispatches = asked.steps // asked.per_dispatch
    with concurrent.futures.ThreadPoolExecutor(1) as device:
        began = 0.0
        for number in range(dispatches + 1):
            if number == 1:
                began = time.perf_counter()
            feed.chunk(number * asked.per_dispatch, asked.per_dispatch)
            device.submit(time.sleep, compute * asked.per_dispatch / 1e3).result()
        seconds = time.perf_counter() - began
    feed.close()
    return 1e3 * seconds / (dispatches * asked.per_dispatch)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown, milliseconds per step."""
    names = ("read", "compute", "ideal", *(name for name in ("before", "now") if name in rows[0]))
    lines = [
        f"| {' | '.join(names)} | now / ideal |",
        f"|{'---:|' * (len(names) + 1)}",
        *(
            f"| {' | '.join(f'{row[name]:.2f}' for name in names)} | {row['now'] / row['ideal']:.2f} |"
            for row in rows
        ),
    ]
    return "\n".join(lines)


def main(asked: Feed) -> None:
    """Measures all cases and writes both files."""
    earlier = json.loads(asked.before.read_text())["rows"] if asked.before else []
    before = {(row["read"], row["compute"]): row["now"] for row in earlier}
    rows = []
    for read, compute in CASES:
        row = {"read": read, "compute": compute, "ideal": max(read, compute)}
        if (read, compute) in before:
            row["before"] = before[read, compute]
        rows.append(row | {"now": milliseconds_per_step(asked, read, compute)})
        print(rows[-1], flush=True)
    text = (
        "# Streamed data against the ideal\n\n"
        f"Milliseconds per step over {asked.steps} steps, {asked.per_dispatch} to a dispatch, in "
        f"batches of {BATCH} images of {' x '.join(map(str, SHAPE))} bytes. `read` is a pause in "
        "the source, by one thread; `compute` a pause in the place of the device, which is waited "
        "for after every dispatch; `ideal` the longer of the two. `before` read a chunk when it "
        "was asked for, with 8 batches read ahead. Made by `scripts/benchmarks/feed.py`.\n\n"
    )
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.with_suffix(".md").write_text(text + table(rows) + "\n")
    described = {"python": platform.python_version(), "machine": platform.machine()}
    result = {"steps": asked.steps, "per_dispatch": asked.per_dispatch, "rows": rows, **described}
    asked.out.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main(tyro.cli(Feed))
