"""The live line of a training run."""

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar


class Progress:
    """Step, images per second, time left and both losses; plain lines without a terminal."""

    def __init__(self, name: str, first: int, last: int, enabled: bool = True):
        console = Console(stderr=True)
        self._plain = enabled and not console.is_terminal
        self._last = last
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not enabled or self._plain,
        )
        self._task = self._bar.add_task(name, total=last, completed=first, status="compiling")

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, *exception) -> None:
        self._bar.stop()

    def update(self, step: int, row: Mapping[str, Any]) -> None:
        """Shows the newest row of metrics."""
        parts = [f"{row['images_per_second']:,.0f} images/s"] if "images_per_second" in row else []
        losses = {"D": row.get("d/loss"), "G": row.get("g/loss")}
        parts += [f"{who} {loss:.3f}" for who, loss in losses.items() if loss is not None]
        self._bar.update(self._task, completed=step, status="  ".join(parts))
        if self._plain:
            if "steps_per_second" in row:
                parts.append(f"{(self._last - step) / row['steps_per_second']:,.0f} s left")
            print(f"step {step}/{self._last}  {'  '.join(parts)}", file=sys.stderr)

    def advance(self, step: int) -> None:
        """Moves the bar."""
        self._bar.update(self._task, completed=step)
