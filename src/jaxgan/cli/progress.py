"""Progress bars of training and of feature extraction."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
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
    """A bar with step, samples per second, time left and both losses.

    Where standard error is not a terminal, plain lines take its place.
    """

    def __init__(self, name: str, first: int, last: int, enabled: bool = True):
        console = Console(stderr=True)
        self._enabled = enabled
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
        """Shows the newest row of metrics beside the bar."""
        parts = [f"{row['images_per_second']:,.0f} samples/s"] if "images_per_second" in row else []
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

    def say(self, text: str) -> None:
        """Prints a line above the bar."""
        if self._plain:
            print(text, file=sys.stderr)
        elif self._enabled:
            self._bar.console.print(text, markup=False, highlight=False)


class Counting:
    """A bar for each set of images whose features are computed.

    Where standard error is not a terminal, plain lines take its place.
    """

    SECONDS = 10.0
    """Seconds between two plain lines."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._plain = not console.is_terminal
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=self._plain,
        )

    def __enter__(self) -> "Counting":
        self._bar.start()
        return self

    def __exit__(self, *exception) -> None:
        self._bar.stop()

    @contextlib.contextmanager
    def __call__(self, what: str, count: int) -> Iterator[Callable[[int], None]]:
        """A bar for ``count`` images of ``what``; yields a function that moves it by n images."""
        task = self._bar.add_task(what, total=count)
        done, first, began, said = 0, 0, time.perf_counter(), 0.0

        def advance(more: int) -> None:
            nonlocal done, first, began, said
            self._bar.advance(task, more)
            now = time.perf_counter()
            if done == 0:  # the first block was compiled
                first, began = more, now
            elif self._plain and now - said >= self.SECONDS:
                left = (count - done - more) * (now - began) / (done + more - first)
                print(f"{what}: {done + more}/{count}, {left:,.0f} s left", file=sys.stderr)
                said = now
            done += more

        yield advance
