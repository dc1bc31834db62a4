"""What a queue of baselines consists of."""

import dataclasses
import functools
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jaxgan.experiment import Experiment, load_experiment
from jaxgan.reproduce.measured import read_measured
from jaxgan.reproduce.reproduce import chosen
from jaxgan.reproduce.trained import read_trained
from jaxgan.sweep.flags import words_of

Device = Literal["cpu", "gpu"]


@dataclasses.dataclass(frozen=True)
class Look:
    """An experiment that is trained for some minutes, to see what it draws.

    Attributes:
      file: the experiment file.
      preset: one of its presets; empty for the first.
      flags: of ``jaxgan train``.
      minutes: for how long it has its cores; it ends earlier at its own budget.
      device: what it is meant for.
      variant: tells its record from that of another look at the experiment; may be empty.
    """

    file: Path
    preset: str = ""
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    minutes: float = 15.0
    device: Device = "cpu"
    variant: str = ""

    @functools.cached_property
    def experiment(self) -> Experiment:
        """What is trained."""
        return load_experiment(self.file, self.preset)

    @property
    def name(self) -> str:
        """What the queue, and its record, call it."""
        return "-".join(filter(None, (self.experiment.name, self.variant.replace(" ", "-"))))

    @property
    def hours(self) -> float:
        """How long it takes at most."""
        return self.minutes / 60

    @property
    def records(self) -> Path:
        """The folder of its record and picture."""
        return self.file.parent / "trained"

    @property
    def is_done(self) -> bool:
        """Whether there is a record."""
        return read_trained(self.records, self.name) is not None

    @property
    def command(self) -> list[str]:
        """The words after ``jaxgan`` that train it, but for where and how far."""
        preset = [self.preset] if self.preset else []
        return ["train", f"experiments/{self.file.name}", *preset, *words_of(self.flags)]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Published numbers that are measured again, by ``jaxgan reproduce``.

    Attributes:
      file: the experiment file.
      preset: one of its presets; empty for the first.
      only: the numbers, by their beginnings, as ``--only`` takes them; empty for all.
      budget: the share of the published budget.
      seeds: of the runs; empty for those that the file says.
      flags: further flags of ``jaxgan reproduce``.
      hours: how long it takes, as a probe told.
      device: what it is meant for.
    """

    file: Path
    preset: str = ""
    only: Sequence[str] = ()
    budget: float = 1.0
    seeds: Sequence[int] = ()
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    hours: float = 1.5
    device: Device = "cpu"

    @functools.cached_property
    def experiment(self) -> Experiment:
        """What is trained."""
        return load_experiment(self.file, self.preset)

    @property
    def name(self) -> str:
        """What the queue calls it."""
        seeds = ["seed", *map(str, self.seeds)] if self.seeds else []
        return " ".join(["reproduce", self.experiment.name, *self.only, *seeds])

    @property
    def is_done(self) -> bool:
        """Whether each number has its runs, of this budget or of a larger one."""
        path = self.file.parent / "results" / f"{self.file.stem}.json"
        found = {
            (row.metric, run.seed)
            for row in read_measured(path)
            if row.preset in ("", self.experiment.preset) and row.budget >= self.budget
            for run in row.runs
        }
        return all(
            (one.metric, seed) in found
            for one in chosen(self.experiment, self.only)
            for seed in self.seeds or range(one.seeds)
        )

    @property
    def command(self) -> list[str]:
        """The words after ``jaxgan`` that measure it."""
        preset = [self.preset] if self.preset else []
        only = [word for name in self.only for word in ("--only", name)]
        budget = ["--budget", f"{self.budget:g}"] if self.budget != 1 else []
        seeds = ["--seeds", ",".join(map(str, self.seeds))] if self.seeds else []
        file = f"experiments/{self.file.name}"
        return ["reproduce", file, *preset, *only, *budget, *seeds, *words_of(self.flags)]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A study, of which the report is kept.

    Attributes:
      file: the study file.
      flags: of ``jaxgan sweep``.
      hours: how long it takes.
      device: what it is meant for.
    """

    file: Path
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    hours: float = 1.5
    device: Device = "cpu"

    @property
    def name(self) -> str:
        """What the queue calls it."""
        return f"study {self.file.stem}"

    @property
    def records(self) -> Path:
        """The folder of its report."""
        return self.file.parent / "results" / self.file.stem

    @property
    def is_done(self) -> bool:
        """Whether there is a report."""
        return (self.records / "report.md").is_file()

    @property
    def command(self) -> list[str]:
        """The words after ``jaxgan`` that train it, but for where."""
        return ["sweep", f"experiments/studies/{self.file.name}", *words_of(self.flags)]


def as_typed(words: Sequence[str]) -> str:
    """A command as a person types it."""
    return shlex.join(["jaxgan", *words])
