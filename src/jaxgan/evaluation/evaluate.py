"""Scoring one set of samples against another, every score with its protocol."""

import dataclasses
import datetime
import functools
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.evaluation.classifier import Classifier
from jaxgan.evaluation.features import (
    LIMIT,
    Extracted,
    Watch,
    cached_extraction,
    extract,
    kept,
    unwatched,
)
from jaxgan.evaluation.measured import Measured, Walker
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.samples import Images
from jaxgan.evaluation.score import Score
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.metric import POINTS, Comparison, Metric
from jaxgan.runs.environment import describe_environment
from jaxgan.sampling.sampler import Sampler

MEMORY = 2**34
"""Bytes of samples that are kept in memory at most."""


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
        self, generated: Images, subject: Mapping[str, Any], sampler: Sampler | None = None
    ) -> list[Score]:
        """Scores samples by every metric.

        Args:
          generated: the samples.
          subject: what they are, for the score.
          sampler: what drew them, for metrics that walk through its latents.

        Raises:
          UserError: a metric does not fit the samples, or they are not finite.
        """
        self.check(generated.count, generated.shape, generated.modality)
        for metric in self.metrics:
            if metric.walks and sampler is None:
                raise UserError(
                    f"{metric.name} walks through latents, which images do not have; name a run "
                    "folder."
                )
            if metric.labels and generated.labels is None:
                raise UserError(
                    f"{metric.name} needs labels, which {generated.name} does not have; choose "
                    "another metric."
                )
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
        )
        scores = [self._score(metric, comparison, generated, subject) for metric in self.metrics]
        around = environment()
        return [dataclasses.replace(score, environment=around) for score in scores]

    def check(self, count: int, shape: tuple[int, ...], modality: str) -> None:
        """Refuses metrics that cannot be computed, before anything is.

        Args:
          count: how many samples are to be scored.
          shape: of one of them.
          modality: the kind of samples.

        Raises:
          UserError: says which, and why.
        """
        real = self.reference.real
        if modality != real.modality:
            raise UserError(
                f"{modality.capitalize()} and {real.modality} cannot be compared; name other data "
                f"than {real.name} with --against."
            )
        for metric in self.metrics:
            self._check(metric, count, shape, modality)

    def _check(self, metric: Metric, count: int, shape: tuple[int, ...], modality: str) -> None:
        name, reference = metric.name, self.reference
        if modality not in metric.modalities:
            kinds = " and ".join(sorted(metric.modalities))
            raise UserError(f"{name} is of {kinds}, not of {modality}; choose other --metrics.")
        if metric.network == "extractor" and self.extractor is None:
            raise UserError(f"{name} needs an extractor; give --extractor.")
        if metric.against == "held out" and reference.held_out is None:
            raise UserError(
                f"{name} needs real samples beside the reference; lower --num-real, or name "
                "another split with --held-out."
            )
        if metric.labels and reference.real.labels is None:
            raise UserError(
                f"{name} needs labels, which {reference.real.name} does not have; choose another "
                "metric."
            )
        counts = {"--num": count, "--num-real": reference.real.count if metric.against else None}
        for flag, number in counts.items():
            if number is not None and number < metric.least:
                raise UserError(f"{flag} {number}: {name} needs at least {metric.least} samples.")
        if metric.keeps == "features":
            assert self.extractor is not None
            if not kept(count, self.extractor):
                most = LIMIT // (4 * self.extractor.dimension)
                raise UserError(
                    f"--num {count}: {name} keeps all features, which fit up to {most} samples. "
                    "Lower --num, or ask for fd alone."
                )
        elif metric.keeps:
            value = 4 if modality == POINTS else 1
            value = 8 if metric.keeps == "rows" else value
            if count * math.prod(shape) * value > MEMORY:
                raise UserError(
                    f"--num {count}: {name} keeps all samples in memory, which would take "
                    f"{count * math.prod(shape) * value / 2**30:,.0f} GiB. Lower --num."
                )

    @functools.cached_property
    def _reals(self) -> tuple[Measured, Measured | None]:
        """The real samples, which every call of ``score`` shares."""
        held_out = self.reference.held_out
        rest = None if held_out is None else self._measured(held_out, keep=True)
        return self._measured(self.reference.real, keep=True), rest

    @functools.cached_property
    def _classifier(self) -> Classifier:
        return self.reference.classifier()

    def _measured(self, images: Images, keep: bool, generator: Walker | None = None) -> Measured:
        def extraction(images: Images) -> Extracted:
            if self.extractor is None:
                raise UserError("A metric asks for features, and declares no extractor.")
            if keep:
                return cached_extraction(self.extractor, images, self.watch)
            with self.watch(images.name, images.count) as advance:
                return extract(self.extractor, images, advance)

        def classification(images: Images) -> np.ndarray:
            return self._classifier(images.array())

        return Measured(images, extraction, classification, generator)

    def _score(
        self,
        metric: Metric,
        comparison: Comparison,
        generated: Images,
        subject: Mapping[str, Any],
    ) -> Score:
        values, details = metric.compute(comparison)
        of_real = metric.of_real(comparison)
        held_out = self.reference.held_out if of_real else None
        return Score(
            metric=metric.name,
            title=metric.title(self.extractor.distance if self.extractor else ""),
            better=metric.better,
            values=values,
            real_score=of_real,
            protocol=self._protocol(metric, comparison, generated, subject),
            subject=dict(subject),
            real_score_of={} if held_out is None else {**held_out.about, "n": held_out.count},
            details=details,
        )

    def _network(self, metric: Metric) -> Extractor | None:
        if metric.network == "classifier":
            points = self.reference.real.modality == POINTS
            return None if points else self._classifier.extractor
        return self.extractor if metric.network == "extractor" else None

    def _protocol(
        self,
        metric: Metric,
        comparison: Comparison,
        generated: Images,
        subject: Mapping[str, Any],
    ) -> dict[str, Any]:
        real, network = self.reference.real, self._network(metric)
        raw = real.modality == POINTS or not metric.quantized
        protocol: dict[str, Any] = {
            "metric": metric.name,
            "parameters": dict(metric.parameters(comparison)),
            "extractor": network.name if network else "none",
            "weights_sha256": network.weights_sha256 if network else "",
        }
        if metric.network == "classifier" and network:
            protocol["classifier_accuracy"] = self._classifier.accuracy
        resize = network.resize if network else "none"
        whole = network is None or kept(max(real.count, generated.count), network)
        protocol |= {
            "resize_fake": f"{_size(generated)}, {resize}",
            "quantization": "none" if raw else "uint8: rounded, clipped",
            "matmul_precision": f"{'float32 (HIGHEST) features, ' if network else ''}"
            f"{metric.precision if whole else 'covariance streamed in float32 (HIGHEST)'}",
            "labels": generated.about.get("labels", "as they came"),
            "n_fake": generated.count,
            **_generator(metric, generated, subject),
        }
        if metric.against:
            protocol |= {
                "resize_real": f"{_size(real)}, {resize}",
                "n_real": real.count,
                "reference": dict(real.about),
            }
        else:
            protocol["data"] = dict(subject.get("trained_on") or real.about)
        if metric.against == "held out":
            assert self.reference.held_out is not None
            test = self.reference.held_out
            protocol["held_out"] = {**test.about, "n": test.count}
        return protocol


def _generator(metric: Metric, generated: Images, subject: Mapping[str, Any]) -> dict[str, Any]:
    """How samples were drawn, of what a score depends on; empty for files.

    Steps of one run compare with each other: the last one, those that were scored during training
    and one that was chosen by its number. The best by a metric is another rule: it was selected
    by looking.
    """
    about = generated.about
    if "weights" not in about:
        return {}
    rule = subject.get("rule", "")
    return {
        "checkpoint": rule if rule.startswith("best") else "by step",
        "generator_weights": about["weights"],
        "standing_batches": about["standing_batches"],
        "truncation": about["truncation"],
        "generator_precision": "float32" if metric.walks else about["precision"],
        "generator_dtype": "float32" if metric.walks else about["dtype"],
    }


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
