"""The run that is reported, and what several sections need of it."""

import contextlib
import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.extractors import choose_extractor
from jaxgan.evaluation.features import Watch, unwatched
from jaxgan.evaluation.inputs import about_run, rule_of, training_source
from jaxgan.evaluation.reference import Reference, reference_of
from jaxgan.evaluation.samples import Images, of_sampler
from jaxgan.evaluation.score import Score, read_scores
from jaxgan.experiment import Experiment
from jaxgan.game.gan import Gan
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.report.document import (
    Block,
    Text,
)
from jaxgan.runs.folder import RunFolder
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.sampling.load import Step
from jaxgan.sampling.sampler import Sampler

EXTRACTOR = "efficientnet-lite0"
"""The one that comes as a package."""

CLASSES = 20
"""Classes that are shown at most."""


class LeftOutError(UserError):
    """Why a part of the page is left out, in words that may stand in it."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """What a person may choose; the meaning is that of the command's flags."""

    step: Step = None
    seed: int = 0
    num: int | None = None
    data_dir: str | None = None
    truncations: tuple[float, ...] = (0.3, 0.5, 0.7, 1.0)
    extractor: str = EXTRACTOR
    extractor_weights: Path | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class ReportedRun:
    """The run that is reported, and what several sections need of it."""

    folder: RunFolder
    experiment: Experiment
    gan: Gan
    sampler: Sampler | None
    description: Mapping[str, Any]
    asked: Choices = Choices()
    watch: Watch = unwatched

    @property
    def images(self) -> bool:
        """Whether it makes images, not points."""
        return len(self.description["data"]["shape"]) == 3

    @property
    def drawer(self) -> Sampler:
        """The sampler, for sections that are only made where there is one."""
        assert self.sampler is not None
        return self.sampler

    def about(self, fake: Images) -> dict[str, Any]:
        """What a stamp says of samples of this run."""
        rule = rule_of(self.description, self.asked.step)
        return about_run(self.folder.path, self.description, self.gan, fake, rule)

    @property
    def count(self) -> int:
        """Samples to measure with."""
        return self.asked.num or (1000 if self.images else 2500)

    @functools.cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``."""
        return read_metrics(self.folder.metrics)

    @functools.cached_property
    def scores(self) -> list[Score]:
        """The scores of ``evaluations.jsonl``."""
        return read_scores(self.folder.evaluations)

    @functools.cached_property
    def status(self) -> dict[str, Any]:
        """``status.json``; empty if there is none that can be read."""
        try:
            status = json.loads(self.folder.status.read_text())
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    def drawn(self, count: int, truncation: float | None = None) -> Images:
        """Samples of the generator.

        Raises:
          UserError: when read, if they are not finite.
        """
        return of_sampler(self.drawer, count, seed=self.asked.seed, truncation=truncation)

    @functools.cached_property
    def samples(self) -> np.ndarray:
        """The samples that are measured and shown."""
        return self.drawn(max(self.count, 64)).array()

    @functools.cached_property
    def opened(self) -> Callable[[str], Source]:
        """``split -> source`` of the data of the training; each split is opened once."""
        run, data_dir = self.folder.path, self.asked.data_dir
        return functools.cache(lambda split: training_source(run, data_dir, split))

    @functools.cached_property
    def source(self) -> Source:
        """The data of the training.

        Raises:
          LeftOutError: they are not at hand, or changed.
        """
        try:
            return self.opened(self.description["training"]["split"])
        except UserError as error:
            raise LeftOutError(
                "the data of the training are not at hand, or are no longer the same. With them: "
                "jaxgan report RUN --data-dir DIR"
            ) from error

    @functools.cached_property
    def held_out(self) -> Source | None:
        """Another split of the data, which the training has not seen."""
        for split in ("test", "validation"):
            if split not in self.source.split:
                with contextlib.suppress(UserError):
                    return self.opened(split)
        return None

    @functools.cached_property
    def reference(self) -> Reference:
        """Real images to score against, as many as are drawn."""
        return reference_of(self.opened, self.source.split, None, self.count)

    @functools.cached_property
    def extractor(self) -> Extractor:
        """The network whose features are compared.

        Raises:
          UserError: its weights are not installed.
        """
        return choose_extractor(
            self.asked.extractor,
            self.asked.extractor_weights,
            self.drawer.data.shape,
            lambda: self.reference.classifier(),
        )


def attempt(build: Callable[..., list[Block]], *arguments: Any) -> list[Block]:
    """The blocks; or, if they cannot be made, the sentence that says why."""
    try:
        return build(*arguments)
    except UserError as error:
        print(f"left out: {error.__cause__ or error}", file=sys.stderr)
        return [Text(f"Left out: {error}", "note")]


def class_names(subject: ReportedRun, count: int) -> list[str]:
    """Names of the classes; their numbers where no names are at hand."""
    with contextlib.suppress(LeftOutError):
        if len(subject.source.class_names) == count:
            return list(subject.source.class_names)
    return [str(number) for number in range(count)]


def about_samples(subject: Mapping[str, Any], seed: bool = True) -> str:
    """What was scored, in words."""
    parts = [f"step {subject['step']}"] if subject.get("step") is not None else []
    parts += [f"{subject['weights']} weights"] if "weights" in subject else []
    if subject.get("standing_batches"):
        parts.append(f"standing {subject['standing_batches']}")
    if subject.get("truncation") is not None:
        parts.append(f"truncation {subject['truncation']:g}")
    if seed and "seed" in subject:
        parts.append(f"seed {subject['seed']}")
    return ", ".join(parts) or "samples"


def number(value: float) -> str:
    """A number with four significant digits."""
    return f"{float(value):.4g}"


def in_words(value: Any) -> str:
    """A value of a protocol as text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {in_words(part)}" for name, part in value.items())
    return str(value)
