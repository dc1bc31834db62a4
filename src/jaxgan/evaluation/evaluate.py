"""Scoring one set of samples against another, every score with its stamp."""

import dataclasses
import datetime
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.classifier import Classifier
from jaxgan.evaluation.features import Extracted, Watch, cached_extraction, extract, kept, unwatched
from jaxgan.evaluation.samples import Images
from jaxgan.evaluation.score import Score
from jaxgan.evaluation.suite import METRICS, Comparison, Metric, Samples
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.runs.environment import describe_environment
from jaxgan.sampling.sampler import Sampler


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What is asked, and against what.

    Attributes:
      metrics: names of ``METRICS``.
      real: the reference.
      held_out: real samples beside it; None if there are none.
      extractor: of the metrics that look through one.
      classifier: makes the data set's classifier, when a metric asks for it.
      classes: number of classes of the real data.
      watch: shows how far it is.
    """

    metrics: tuple[str, ...]
    real: Images
    held_out: Images | None
    extractor: Extractor | None
    classifier: Callable[[], Classifier]
    classes: int | None = None
    watch: Watch = unwatched

    def score(
        self,
        fake: Images,
        subject: Mapping[str, Any],
        sampler: Sampler | None = None,
    ) -> list[Score]:
        """Scores ``fake`` by every metric.

        Args:
          fake: the samples.
          subject: what they are, for the stamp.
          sampler: what drew them, for metrics that walk through its latents.

        Raises:
          UserError: a metric does not fit the data, or samples are not finite.
        """
        self.check(fake)
        real, held_out = self._reals
        own = self._side(fake, keep=False, sampler=sampler)
        sides = Comparison(real, own, held_out, self.classes, self.extractor)
        scores = [self._score(name, sides, subject) for name in self.metrics]
        around = environment()
        return [dataclasses.replace(score, environment=around) for score in scores]

    def check(self, fake: Images) -> None:
        """Refuses metrics that cannot be computed, before anything is.

        Raises:
          UserError: says which, and why.
        """
        points = len(fake.shape) == 1
        if points != (len(self.real.shape) == 1):
            raise UserError(f"Points and images cannot be compared: {fake.name}, {self.real.name}.")
        for name in self.metrics:
            if points and name != "modes":
                raise UserError(f"{name} is of images, not of points; use --metrics modes.")
            if METRICS[name].network == "extractor" and self.extractor is None:
                raise UserError(f"{name} needs an extractor; give --extractor.")

    @functools.cached_property
    def _reals(self) -> tuple[Samples, Samples | None]:
        """The sides of real samples, which every call of ``score`` shares."""
        held_out = None if self.held_out is None else self._side(self.held_out, keep=True)
        return self._side(self.real, keep=True), held_out

    @functools.cached_property
    def _classifier(self) -> Classifier:
        return self.classifier()

    def _side(self, images: Images, keep: bool, sampler: Sampler | None = None) -> Samples:
        def extraction(images: Images) -> Extracted:
            assert self.extractor is not None
            if keep:
                return cached_extraction(self.extractor, images, self.watch)
            with self.watch(images.name, images.count) as advance:
                return extract(self.extractor, images, advance)

        def classification(images: Images) -> np.ndarray:
            return self._classifier(images.array())

        return Samples(images, extraction, classification, sampler)

    def _score(self, name: str, sides: Comparison, subject: Mapping[str, Any]) -> Score:
        metric = METRICS[name]
        values, details = metric.compute(sides)
        floor, _ = metric.floor_of(sides)
        network = self._network(metric, sides)
        held_out = sides.held_out.images if sides.held_out is not None and floor else None
        return Score(
            metric=name,
            title=metric.title(self.extractor.distance if self.extractor else ""),
            better=metric.better,
            values=values,
            floor=floor,
            protocol=self._protocol(name, metric, sides, network),
            subject=dict(subject),
            floor_of={} if held_out is None else {**held_out.about, "n": held_out.count},
            details=details,
        )

    def _network(self, metric: Metric, sides: Comparison) -> Extractor | None:
        if metric.network == "classifier":
            points = len(sides.real.images.shape) == 1
            return None if points else self._classifier.extractor
        return self.extractor if metric.network == "extractor" else None

    def _protocol(
        self, name: str, metric: Metric, sides: Comparison, network: Extractor | None
    ) -> dict[str, Any]:
        real, fake = sides.real.images, sides.fake.images
        points = len(real.shape) == 1
        protocol: dict[str, Any] = {
            "metric": name,
            "parameters": dict(metric.parameters(sides)),
            "extractor": network.name if network else "none",
            "weights_sha256": network.weights_sha256 if network else "",
        }
        if metric.network == "classifier" and network:
            protocol["classifier_accuracy"] = self._classifier.accuracy
        resize = network.resize if network else "none"
        whole = network is None or kept(max(real.count, fake.count), network)
        protocol |= {
            "resize_fake": f"{_size(fake)}, {resize}",
            "quantisation": "none" if points or not metric.quantised else "uint8: rounded, clipped",
            "matmul_precision": f"{'float32 (HIGHEST) features, ' if network else ''}"
            f"{metric.precision if whole else 'covariance streamed in float32 (HIGHEST)'}",
            "labels": fake.about.get("labels", "as they came"),
            "n_fake": fake.count,
        }
        if metric.against:
            protocol |= {
                "resize_real": f"{_size(real)}, {resize}",
                "n_real": real.count,
                "reference": dict(real.about),
            }
        if metric.against == "held out":
            test = sides.test().images
            protocol["held_out"] = {**test.about, "n": test.count}
        return protocol


def _size(images: Images) -> str:
    """Side and channels, and what was done to the images before."""
    size, preparation = "x".join(map(str, images.shape)), images.about.get("preparation", "none")
    return size if preparation == "none" else f"{preparation}: {size}"


def environment() -> dict[str, Any]:
    """What a score was computed with, by which command and when."""
    found = describe_environment(jax.local_devices())
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        **{name: found[name] for name in ("python", "packages", "device_kind", "devices")},
        **{name: found[name] for name in ("processes", "xla_flags", "git_commit", "code")},
    }


def known_metrics(words: str | Sequence[str]) -> tuple[str, ...]:
    """Names of metrics, from a list with commas.

    Raises:
      UserError: one is unknown, or none is given.
    """
    names = [word.strip() for word in words.split(",")] if isinstance(words, str) else list(words)
    names = list(dict.fromkeys(name for name in names if name))
    if not names:
        raise UserError(f"No metric is named; use {', '.join(METRICS)}.")
    return tuple(one_of(name, METRICS, "metric") for name in names)
