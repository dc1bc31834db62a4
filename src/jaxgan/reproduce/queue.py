"""Trains a queue of baselines in the background: politely, and resumed by the same command.

What is done is told by the records in ``experiments/``, so that a queue needs no folder from
before; a run that was stopped goes on from its own folder while that is there.
"""

import contextlib
import dataclasses
import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from jaxgan.files import replacing, replacing_folder, write_json
from jaxgan.reproduce.entries import Comparison, Look, Measurement, as_typed
from jaxgan.reproduce.hardware import hardware_of
from jaxgan.reproduce.trained import Trained
from jaxgan.runs.checkpoint import Checkpoints
from jaxgan.runs.exit_codes import EXIT_AGAIN, EXIT_DIVERGED, EXIT_FAILED, EXIT_INTERRUPTED
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.sweep.engine import Command
from jaxgan.sweep.local import Share, shares, start
from jaxgan.sweep.process import last_words
from jaxgan.sweep.summary import Summary, summary_of

Entry: TypeAlias = Look | Measurement | Comparison

ALONE = ("--sample-every", "0", "--evaluate-every", "0", "--checkpoint-every", "500")
"""Flags of a look: no time goes into pictures and scores on the way."""

PICTURE = 36
"""Samples in a picture."""

BESIDE = (".gif", ".wav", ".txt")
"""Files that are kept beside the picture, where the samples can be written so."""


@dataclasses.dataclass(frozen=True)
class Queue:
    """What is trained, and where.

    Attributes:
      entries: in order of priority.
      runs: the folder of the runs.
      jobs: how many are trained at once, each on its share of the machine.
      say: shows a line.
    """

    entries: Sequence[Entry]
    runs: Path
    jobs: int = 1
    say: Callable[[str], None] = print

    @property
    def left(self) -> list[Entry]:
        """The entries without a record."""
        return [entry for entry in self.entries if not entry.is_done]

    def state(self) -> str:
        """How the queue stands, in one line."""
        left = self.left
        hours = sum(entry.hours for entry in left) / self.jobs
        coming = f"; next: {left[0].name}" if left else ""
        done = len(self.entries) - len(left)
        return f"{done} of {len(self.entries)} done, at most {hours:.1f} h left{coming}"

    def train(self, stop: threading.Event) -> list[Entry]:
        """Trains what is left, until ``stop`` is set; returns the entries that failed."""
        failed: list[Entry] = []
        free = shares(self.jobs)

        def work(entry: Entry) -> None:
            if stop.is_set():
                return
            share = free.pop()
            try:
                if fault := _run(entry, self.runs, share, stop):
                    failed.append(entry)
                self.say(f"{entry.name}: {fault or _ended(entry, stop)}")
            finally:
                free.append(share)
            self.say(self.state())

        with ThreadPoolExecutor(self.jobs) as workers:
            list(workers.map(work, self.left))
        return failed


def _ended(entry: Entry, stop: threading.Event) -> str:
    return "stopped; the same command goes on" if stop.is_set() else "done"


def _run(entry: Entry, runs: Path, share: Share, stop: threading.Event) -> str:
    """Trains an entry and writes its record; returns what went wrong, empty if nothing did."""
    folder = runs / entry.name.replace(" ", "-").replace("/", "-")
    log = folder.with_suffix(".log")
    if isinstance(entry, Comparison):
        return compare(entry, folder, log, share, stop)
    if isinstance(entry, Measurement):
        words = [*entry.command, "--workdir", str(folder)]
        code, _ = _call(words, log, share, stop)
        return "" if code == 0 or stop.is_set() else last_words(log, 0)
    return look(entry, folder, log, share, stop)


def compare(entry: Comparison, folder: Path, log: Path, share: Share, stop: threading.Event) -> str:
    """Trains a study and keeps its report, but for the page, which repeats it with its pictures.

    Returns:
      What went wrong; empty if nothing did, or if ``stop`` came before it was done.
    """
    code, _ = _call([*entry.command, "--workdir", str(folder)], log, share, stop)
    if stop.is_set():
        return ""
    if code not in (0, EXIT_FAILED):  # a trial that failed is part of the result
        return last_words(log, 0)
    out = folder / "report"
    code, _ = _call(["report", str(folder), "--csv"], log, share, stop)
    if code != 0:
        return "" if stop.is_set() else last_words(log, 0)
    with replacing_folder(entry.records) as part:
        for file in (file for file in out.iterdir() if file.suffix != ".html"):
            shutil.copyfile(file, part / file.name)
    return ""


def look(entry: Look, folder: Path, log: Path, share: Share, stop: threading.Event) -> str:
    """Trains for some minutes, draws a picture, writes the record.

    Returns:
      What went wrong; empty if nothing did, or if ``stop`` came before it was done.
    """
    run = RunFolder(folder)
    words = [*entry.command, *ALONE, "--workdir", str(folder)]
    clock = folder.with_suffix(".seconds")  # that earlier launches had
    before = float(clock.read_text()) if clock.exists() and run.config.exists() else 0.0
    code, spent = _call(words, log, share, stop, 60 * entry.minutes - before)
    spent += before
    clock.write_text(repr(spent))
    if stop.is_set():
        return ""
    if code not in (0, EXIT_AGAIN, EXIT_INTERRUPTED, EXIT_DIVERGED):
        return last_words(log, 0)
    steps = _checkpoints(run)
    files = [folder.with_suffix(suffix) for suffix in suffixes_of(entry)] if steps else []
    for file in files:
        drawn = ["sample", str(folder), "--num", str(PICTURE), "--out", str(file)]
        code, _ = _call([*drawn, "--overwrite"], log, share, stop)
        if code != 0:
            return "" if stop.is_set() else last_words(log, 0)
    _record(entry, run, steps[-1] if steps else 0, spent, files)
    return ""


def suffixes_of(entry: Look) -> list[str]:
    """Suffixes of what a look keeps: a picture, and what plays or can be read."""
    sheets = entry.experiment.data.modality.sheets
    return [".png", *(suffix for suffix in BESIDE if suffix in sheets)]


def _checkpoints(run: RunFolder) -> list[int]:
    """The steps that a run can be drawn at."""
    if not run.checkpoints.is_dir():
        return []
    with Checkpoints(run.checkpoints, writing=False) as found:
        return found.steps()


def _record(entry: Look, run: RunFolder, step: int, spent: float, files: Sequence[Path]) -> None:
    """Writes ``experiments/trained/NAME.json`` and, if there are any, the files beside it."""
    found: Summary = summary_of(run)
    environment = read_description(run)["launches"][-1]["environment"]
    entry.records.mkdir(exist_ok=True)
    for file in files:
        with replacing(entry.records / f"{entry.name}{file.suffix}") as part:
            shutil.copyfile(file, part)
    end = [] if entry.experiment.fixed_budget else ["--steps", str(step)]
    record = Trained(
        experiment=entry.experiment.name,
        step=step,
        steps=entry.experiment.steps,
        outcome="diverged" if found.outcome == "diverged" else "trained",
        seconds=round(spent, 1),
        command=as_typed([*entry.command, *end]),
        hardware=hardware_of(environment),
        commit=environment["git_commit"] or "",
        variant=entry.variant,
    )
    write_json(entry.records / f"{entry.name}.json", dataclasses.asdict(record))


def _call(
    words: Sequence[str],
    log: Path,
    share: Share,
    stop: threading.Event,
    seconds: float = math.inf,
) -> tuple[int, float]:
    """Runs ``jaxgan WORDS``, and asks it to stop when ``stop`` is set or its time is over.

    Returns:
      Its exit code, and how long it had its cores.
    """
    with start(Command(tuple(words), log), share) as child:
        clock = Clock(child.pid, len(share.cores or os.sched_getaffinity(0)))
        asked = False
        while child.poll() is None:
            if not asked and (stop.is_set() or clock.seconds() >= seconds):
                child.terminate()
                asked = True
            time.sleep(0.5)
        code = child.wait()
        # It may not yet have got as far as to listen.
        return EXIT_AGAIN if asked and code == -signal.SIGTERM else code, clock.last


class Clock:
    """How long a process has had its cores: its own time, while others may have the machine.

    Attributes:
      last: what ``seconds`` returned last.
      told: whether the system tells what a process used.
    """

    def __init__(self, pid: int, cores: int):
        """``cores`` is how many it may use."""
        self.last = 0.0
        self._stat, self._cores, self._began = Path(f"/proc/{pid}/stat"), cores, time.monotonic()
        self.told = self._stat.exists()

    def seconds(self) -> float:
        """Its processor time by its cores; where the system does not tell, since its start."""
        if not self.told:
            self.last = time.monotonic() - self._began
            return self.last
        with contextlib.suppress(OSError):  # it has just ended
            # The name of the program stands in parentheses and may have spaces.
            fields = self._stat.read_text().rpartition(")")[2].split()
            ticks = int(fields[11]) + int(fields[12])  # of user and of system
            self.last = ticks / os.sysconf("SC_CLK_TCK") / self._cores
        return self.last
