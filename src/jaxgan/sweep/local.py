"""The engine of this machine: processes, over which its GPUs or cores are shared out."""

import dataclasses
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from jaxgan.runs.exit_codes import EXIT_AGAIN
from jaxgan.sweep.engine import Command
from jaxgan.sweep.manifest import State
from jaxgan.sweep.process import Signals, started
from jaxgan.sweep.summary import is_locked

T = TypeVar("T")

LOOK = 0.05
"""Seconds between looks at what has ended."""


class Share(NamedTuple):
    """What one of several processes has of the machine.

    Attributes:
      variables: show it its GPUs, where there are any.
      cores: it may use; None for all.
    """

    variables: Mapping[str, str]
    cores: Sequence[int] | None


@dataclasses.dataclass(frozen=True)
class Local:
    """Runs so many commands at the same time, and hands signals on to them. See ``Engine``.

    Attributes:
      jobs: how many.
      say: shows a line.
    """

    jobs: int
    say: Callable[[str], None]

    begun: State = dataclasses.field(default="running", init=False)

    def __call__(
        self, commands: Iterable[Command], signals: Signals
    ) -> Iterator[tuple[Command, int]]:
        """See ``Engine``; all that it has taken end, as signals ask of them."""
        coming, free = iter(commands), shares(self.jobs)
        running: list[tuple[Command, subprocess.Popen, Share]] = []
        try:
            while True:
                while free and not signals.asked and (command := next(coming, None)):
                    if not self._alone(command, signals):
                        yield command, EXIT_AGAIN
                        continue
                    share = free.pop(0)
                    running.append((command, start(command, share), share))
                    signals.add(running[-1][1])
                if not running:
                    return
                for one in [one for one in running if one[1].poll() is not None]:
                    command, child, share = one
                    running.remove(one)
                    signals.remove(child)
                    free.append(share)
                    yield command, child.returncode
                time.sleep(LOOK)
        finally:
            for _, child, _ in running:  # something went wrong here
                child.terminate()
            for _, child, _ in running:
                child.wait()

    def _alone(self, command: Command, signals: Signals) -> bool:
        """Waits until no other process trains its runs; False if a signal comes before."""
        for run in command.runs:
            if is_locked(run):
                self.say(f"{run.path} is being trained by another process; waiting for it")
            while is_locked(run):
                if signals.asked:
                    return False
                time.sleep(0.5)
        return True


def start(command: Command, share: Share) -> subprocess.Popen:
    """Starts a command on its share of the machine."""
    child = started(command.words, command.log, share.variables)
    if share.cores is not None:  # before JAX counts them, which it does some seconds later
        os.sched_setaffinity(child.pid, share.cores)
    return child


def shares(count: int) -> list[Share]:
    """The machine in ``count`` parts; one part is all of it.

    Its GPUs are shared out, or its cores where there are none. Where processes outnumber GPUs,
    several use the same one and each reserves a part of its memory.
    """
    everything = Share({}, None)
    if count == 1:
        return [everything]
    if gpus := visible_gpus(os.environ):
        return [Share(variables, None) for variables in shares_of_gpus(gpus, count)]
    if not hasattr(os, "sched_setaffinity"):  # not Linux
        return [everything] * count
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < count:
        return [everything] * count
    return [Share({}, part) for part in parts(cores, count)]


def shares_of_gpus(gpus: Sequence[str], count: int) -> list[dict[str, str]]:
    """For each of ``count`` processes the variables that show it its GPUs."""
    if len(gpus) >= count:
        return [{"CUDA_VISIBLE_DEVICES": ",".join(part)} for part in parts(gpus, count)]
    each = -(-count // len(gpus))  # JAX reserves three quarters of a GPU for one process
    return [
        {
            "CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)],
            "XLA_PYTHON_CLIENT_MEM_FRACTION": f"{0.75 / each:.3f}",
        }
        for number in range(count)
    ]


def parts(whole: Sequence[T], count: int) -> list[Sequence[T]]:
    """``whole`` in ``count`` parts of neighbors; the first ones may have one more."""
    size, more = divmod(len(whole), count)
    bounds = [number * size + min(number, more) for number in range(count + 1)]
    return [whole[first:last] for first, last in itertools.pairwise(bounds)]


def visible_gpus(variables: Mapping[str, str]) -> list[str]:
    """The NVIDIA GPUs that JAX would use, by the names that ``CUDA_VISIBLE_DEVICES`` knows."""
    platforms = variables.get("JAX_PLATFORMS", "")
    if platforms and not {"cuda", "gpu"} & {*platforms.split(",")}:
        return []
    named = variables.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name.strip() not in ("", "-1")]
    if not (tool := shutil.which("nvidia-smi")):
        return []
    asked = [tool, "--query-gpu=index", "--format=csv,noheader"]
    found = subprocess.run(asked, capture_output=True, text=True)
    return found.stdout.split() if found.returncode == 0 else []
