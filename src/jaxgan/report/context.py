"""The run that is reported: what several sections need of it, each made once and when asked for."""

import contextlib
import dataclasses
import functools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.modality import Modality
from jaxgan.data.source import Rows, Source
from jaxgan.errors import UserError
from jaxgan.evaluation.extractors import DEFAULT_EXTRACTOR, choose_extractor
from jaxgan.evaluation.features import Watch, unwatched
from jaxgan.evaluation.inputs import about_run, rule_of, training_source
from jaxgan.evaluation.reference import Reference, reference_of
from jaxgan.evaluation.samples import SampleSet, of_sampler
from jaxgan.evaluation.score import Score, read_scores
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.report.document import Block, Text
from jaxgan.runs.folder import RunFolder
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.sampling.load import Step, TrainedRun
from jaxgan.sampling.sampler import Sampler


class LeftOutError(UserError):
    """Why a section is left out; the message stands in the report in its place."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the user may choose; the flags of ``jaxgan report`` say what each means."""

    step: Step = None
    seed: int = 0
    num: int | None = None
    data_dir: str | None = None
    truncations: tuple[float, ...] = (0.3, 0.5, 0.7, 1.0)
    extractor: str = DEFAULT_EXTRACTOR
    extractor_weights: Path | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class ReportedRun:
    """The run that is reported.

    Attributes:
      folder: its folder.
      trained: experiment, game and description, read from the folder.
      sampler: draws from the checkpoint that is shown; None if the run has none.
      asked: the user's choices.
      watch: shows the progress of feature extraction.
    """

    folder: RunFolder
    trained: TrainedRun
    sampler: Sampler | None
    asked: Choices = Choices()
    watch: Watch = unwatched

    @property
    def description(self) -> Mapping[str, Any]:
        """The run's ``config.json``."""
        return self.trained.description

    @property
    def modality(self) -> Modality:
        """What the samples are."""
        return self.trained.task.modality

    @property
    def drawer(self) -> Sampler:
        """The sampler, for sections that are made only if there is one."""
        assert self.sampler is not None
        return self.sampler

    def about(self, fake: SampleSet) -> dict[str, Any]:
        """What a score records of the samples of this run that it is of."""
        rule = rule_of(self.description, self.asked.step)
        return about_run(self.folder.path, self.description, self.trained.gan, fake, rule)

    @property
    def count(self) -> int:
        """Number of samples to measure with."""
        return self.asked.num or self.modality.measured

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
        """``status.json``; empty if it is missing or damaged."""
        try:
            status = json.loads(self.folder.status.read_text())
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    def drawn(self, count: int, truncation: float | None = None) -> SampleSet:
        """Samples of the generator.

        Raises:
          UserError: when read, if they are not finite.
        """
        return of_sampler(self.drawer, count, seed=self.asked.seed, truncation=truncation)

    @functools.cached_property
    def samples(self) -> np.ndarray:
        """The samples that are measured and shown."""
        return self.drawn(max(self.count, self.modality.preview_size)).array()

    @functools.cached_property
    def opened(self) -> Callable[[str], Source]:
        """``split -> source`` of the training data; each split is opened once."""
        run, data_dir = self.folder.path, self.asked.data_dir
        return functools.cache(lambda split: training_source(run, data_dir, split))

    @functools.cached_property
    def source(self) -> Source:
        """The training data.

        Raises:
          LeftOutError: they cannot be opened, or have changed.
        """
        try:
            return self.opened(self.description["training"]["split"])
        except UserError as error:
            raise LeftOutError(
                "the training data are missing or have changed. To name where they are: "
                "jaxgan report RUN --data-dir DIR"
            ) from error

    @functools.cached_property
    def batch(self) -> Rows | None:
        """The first rows of the training data; None if they cannot be opened."""
        most = self.modality.preview_size
        with contextlib.suppress(LeftOutError):
            return self.source.read(np.arange(min(most, self.source.size)))
        return None

    @property
    def mixture(self) -> tuple[np.ndarray, float] | None:
        """Centers ``[modes, dim]`` and standard deviation of a mixture; None for other data."""
        with contextlib.suppress(LeftOutError):
            found = self.source.mixture
            return None if found is None else (found.centers, found.deviation)
        return None

    def class_names(self, count: int) -> list[str]:
        """Names of the classes; their numbers if the names are not known."""
        with contextlib.suppress(LeftOutError):
            if len(self.source.class_names) == count:
                return list(self.source.class_names)
        return [str(number) for number in range(count)]

    @functools.cached_property
    def held_out(self) -> Source | None:
        """A split of the data that the training has not seen; None if there is none."""
        for split in ("test", "validation"):
            if split not in self.source.split:
                with contextlib.suppress(UserError):
                    return self.opened(split)
        return None

    @functools.cached_property
    def reference(self) -> Reference:
        """Real samples to score against, as many as are drawn."""
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
            self.drawer.task.shape,
            lambda: self.reference.classifier(),
        )


def attempt(build: Callable[..., list[Block]], *arguments: Any) -> list[Block]:
    """``build(*arguments)``; if it raises a ``UserError``, a sentence that says why."""
    try:
        return build(*arguments)
    except UserError as error:
        print(f"left out: {error.__cause__ or error}", file=sys.stderr)
        return [Text(f"Left out: {error}", "note")]
