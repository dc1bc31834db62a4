"""Scoring one set of samples against another, every score with its protocol."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.evaluation.classifier import Classifier
from jaxgan.evaluation.features import Extracted, Watch, cached_extraction, extract, unwatched
from jaxgan.evaluation.found import checked_details, checked_values
from jaxgan.evaluation.measured import Measured, Walker
from jaxgan.evaluation.protocol import environment, protocol_of
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.requirements import (
    check_comparable,
    check_metric,
    check_paired,
    check_samples,
    check_vocabulary,
)
from jaxgan.evaluation.samples import SampleSet
from jaxgan.evaluation.score import Score
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.metric import IMAGES, Comparison, Metric
from jaxgan.sampling.sampler import Sampler


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What is measured, and against what.

    Attributes:
      metrics: what is measured.
      reference: the real samples.
      extractor: of the metrics that look through one.
      watch: shows how far it is.
    """

    metrics: tuple[Metric, ...]
    reference: Reference
    extractor: Extractor | None = None
    watch: Watch = unwatched

    def score(
        self, generated: SampleSet, subject: Mapping[str, Any], sampler: Sampler | None = None
    ) -> list[Score]:
        """Scores samples by every metric.

        Args:
          generated: the samples.
          subject: what they are, for the score.
          sampler: what drew them, for metrics that walk through its latents.

        Raises:
          UserError: a metric does not fit the samples, or they are not finite.
        """
        for metric in self.metrics:
            check_samples(metric, generated, sampler)
        self.check(generated.count, generated.shape, generated.modality.name)
        check_vocabulary(self.reference, generated)
        for metric in self.metrics:
            rows = generated.rows
            check_paired(metric, rows is not None and rows is self.reference.rows)
        real, held_out = self._reals
        walker = None
        if sampler is not None:
            about = generated.about
            walker = Walker(sampler, about["seed"], about["truncation"])
        comparison = Comparison(
            real,
            self._measured(generated, keep=False, generator=walker),
            held_out,
            self.reference.classes,
            self.reference.mixture,
            self.extractor,
            self.reference.oracle,
        )
        scores = [self._score(metric, comparison, generated, subject) for metric in self.metrics]
        around = environment()
        return [dataclasses.replace(score, environment=around) for score in scores]

    def check(self, count: int, shape: tuple[int, ...], modality: str) -> None:
        """Refuses metrics that cannot be computed, before anything is.

        Args:
          count: how many samples are to be scored.
          shape: of one of them.
          modality: the name of what the samples are.

        Raises:
          UserError: says which, and why.
        """
        check_comparable(self.reference, modality)
        for metric in self.metrics:
            check_metric(metric, self.reference, self.extractor, count, shape, modality)

    @functools.cached_property
    def _reals(self) -> tuple[Measured, Measured | None]:
        """The real samples, which every call of ``score`` shares."""
        held_out = self.reference.held_out
        rest = None if held_out is None else self._measured(held_out, keep=True)
        return self._measured(self.reference.real, keep=True), rest

    @functools.cached_property
    def _classifier(self) -> Classifier:
        return self.reference.classifier()

    def _measured(
        self, samples: SampleSet, keep: bool, generator: Walker | None = None
    ) -> Measured:
        def extraction(samples: SampleSet) -> Extracted:
            if self.extractor is None:
                raise UserError("A metric asks for features, and declares no extractor.")
            if samples.statistics is not None:
                return Extracted(0, None, None, samples.statistics)
            if keep:
                return cached_extraction(self.extractor, samples, self.watch)
            with self.watch(samples.name, samples.count) as advance:
                return extract(self.extractor, samples, advance)

        def classification(samples: SampleSet) -> np.ndarray:
            return self._classifier(samples.array())

        return Measured(samples, extraction, classification, generator)

    def _score(
        self,
        metric: Metric,
        comparison: Comparison,
        generated: SampleSet,
        subject: Mapping[str, Any],
    ) -> Score:
        values, details = metric.compute(comparison)
        values, details = checked_values(metric, values), checked_details(metric, details)
        of_real = metric.of_real(comparison)
        held_out = self.reference.held_out if of_real else None
        network = self._network(metric)
        protocol = protocol_of(metric, comparison, self.reference, generated, network, subject)
        if network is not None and network.accuracy is not None:
            protocol["classifier_accuracy"] = network.accuracy
        title = metric.title(self.extractor.distance if self.extractor else "")
        return Score(
            metric=metric.name,
            title=f"{title} (leaking)" if "leak" in protocol else title,
            better=metric.better,
            values=values,
            real_score=of_real,
            protocol=protocol,
            subject=dict(subject),
            real_score_of={} if held_out is None else {**held_out.about, "n": held_out.count},
            details=details,
        )

    def _network(self, metric: Metric) -> Extractor | None:
        if metric.network == "classifier":
            images = self.reference.real.modality.name == IMAGES
            return self._classifier.extractor if images else None
        return self.extractor if metric.network == "extractor" else None
