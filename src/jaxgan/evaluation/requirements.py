"""What a metric requires, refused in one line before anything is drawn or read."""

import math

import numpy as np

from jaxgan.errors import UserError
from jaxgan.evaluation.features import LIMIT, kept
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.samples import SampleSet
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.metric import Metric
from jaxgan.sampling.sampler import Sampler

MEMORY = 2**34
"""Bytes of samples that are kept in memory at most."""


def check_comparable(reference: Reference, modality: str) -> None:
    """Refuses samples of another modality than the reference's.

    Raises:
      UserError: naming both.
    """
    real = reference.real
    if modality != real.modality.name:
        raise UserError(
            f"{modality.capitalize()} and {real.modality.name} cannot be compared; name other data "
            f"than {real.name} with --against."
        )


def check_vocabulary(reference: Reference, generated: SampleSet) -> None:
    """Refuses tokens that stand for other words than the reference's.

    Raises:
      UserError: naming both.
    """
    ours, theirs = generated.modality.vocabulary, reference.real.modality.vocabulary
    if ours != theirs:
        raise UserError(
            f"{generated.name} has {ours}, {reference.real.name} another of "
            f"{theirs.size if theirs else 0:,}: what is number 5 in one is something else in the "
            "other. Score against the data of the training."
        )


def check_metric(
    metric: Metric,
    reference: Reference,
    extractor: Extractor | None,
    count: int,
    shape: tuple[int, ...],
    modality: str,
) -> None:
    """Refuses a metric that does not fit the reference or the number of samples.

    Args:
      metric: the metric.
      reference: what is compared with.
      extractor: the network of features, or None.
      count: how many samples are to be scored.
      shape: of one of them.
      modality: the name of what the samples are.

    Raises:
      UserError: says why, and what to do.
    """
    name, real = metric.name, reference.real
    if modality not in metric.modalities:
        kinds = ", ".join(sorted(metric.modalities))
        raise UserError(f"{name} is of {kinds}, not of {modality}; choose other --metrics.")
    if metric.network == "extractor" and extractor is None:
        raise UserError(f"{name} needs an extractor; give --extractor.")
    if metric.against == "held out" and reference.held_out is None:
        raise UserError(
            f"{name} needs real samples beside the reference; lower --num-real, or name another "
            "split with --held-out."
        )
    if metric.oracle and reference.oracle is None:
        raise UserError(
            f"{name} needs data whose oracle is known, which {real.name} is not; choose other "
            "metrics, or score against oracle."
        )
    if real.statistics is not None and metric.against:
        _check_statistics(metric, real, extractor)
        return
    if metric.labels and real.labels is None:
        raise UserError(f"{name} needs labels, which {real.name} does not have; choose another.")
    numbers = {"--num": count, "--num-real": real.count} if metric.against else {"--num": count}
    for flag, number in numbers.items():
        if number < metric.least:
            raise UserError(f"{flag} {number}: {name} needs at least {metric.least} samples.")
        if metric.keeps == "features" and extractor is not None:
            if not kept(number, extractor):
                most = LIMIT // (4 * extractor.dimension)
                raise UserError(
                    f"{flag} {number}: {name} keeps all features, which fit up to {most} samples. "
                    f"Lower {flag}, or ask for fd alone."
                )
        elif metric.keeps:
            dtype = np.float64 if metric.keeps == "rows" else real.modality.dtype
            if (size := number * math.prod(shape) * np.dtype(dtype).itemsize) > MEMORY:
                raise UserError(
                    f"{flag} {number}: {name} keeps all samples in memory, which would take "
                    f"{size / 2**30:,.0f} GiB. Lower {flag}."
                )


def _check_statistics(metric: Metric, real: SampleSet, extractor: Extractor | None) -> None:
    """Refuses what statistics alone do not give.

    Raises:
      UserError: the metric needs more than them, or they are of another network.
    """
    assert real.statistics is not None
    if metric.network != "extractor" or metric.keeps or extractor is None:
        raise UserError(
            f"{metric.name} needs real samples, and {real.name} has only statistics of their "
            "features; ask for --metrics fd."
        )
    numbers = len(real.statistics.mean)
    if numbers != extractor.dimension:
        raise UserError(
            f"{real.name} is of {numbers} features, {extractor.name} has {extractor.dimension}; "
            "give the --extractor that it was made with, e.g. inception for 2048."
        )


def check_samples(metric: Metric, generated: SampleSet, sampler: Sampler | None) -> None:
    """Refuses a metric that needs a generator, labels or holes where there are none.

    Raises:
      UserError: as it says.
    """
    if metric.walks and sampler is None:
        raise UserError(
            f"{metric.name} asks the generator itself, which files do not have; name a run folder."
        )
    if metric.labels and generated.labels is None:
        raise UserError(
            f"{metric.name} needs labels, which {generated.name} does not have; choose another."
        )
    if metric.hidden and generated.hidden is None:
        raise UserError(
            f"{metric.name} compares what was hidden of images and completed, but no hole is known "
            f"of {generated.name}; name a run that completes images, or choose other --metrics."
        )


def check_paired(metric: Metric, made_from_reference: bool) -> None:
    """Refuses a metric of true images for samples that were not made from the reference's rows.

    Raises:
      UserError: says so.
    """
    if metric.paired and not made_from_reference:
        raise UserError(
            f"{metric.name} compares each sample with the true image of its row, but these samples "
            "are not made from rows of the reference; choose other metrics."
        )
