"""Scores over truncations."""

from collections.abc import Mapping

import numpy as np

from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.suite import metrics_named
from jaxgan.report.context import LeftOutError, ReportedRun, number
from jaxgan.report.document import Block, Picture, Table
from jaxgan.report.scores import stamps
from jaxgan.sampling.sampler import Sampler
from jaxgan.viz import figures


def truncation(subject: ReportedRun) -> list[Block]:
    """The Fréchet distance against precision and recall, for latents nearer to the middle."""
    if not subject.asked.truncations:
        raise LeftOutError("--truncations names none.")
    cuts = [cut for cut in subject.asked.truncations if truncates(subject.drawer, cut)]
    if not cuts:
        raise LeftOutError("none of --truncations changes this run's latents.")
    cuts = [*sorted(cuts), None]
    _ = subject.source
    reference, extractor = subject.reference, subject.extractor
    metrics = metrics_named("fd,prdc")
    evaluation = Evaluation(metrics, reference, extractor, subject.watch)
    distances, prdcs = [], []
    for cut in cuts:
        fake = subject.drawn(subject.count, cut)
        distance, prdc = evaluation.score(fake, subject.about(fake), subject.drawer)
        distances.append(distance)
        prdcs.append(prdc)
    first, labels = distances[0], ["none" if cut is None else f"{cut:g}" for cut in cuts]
    points = [
        _point(label, distance.values, prdc.values)
        for label, distance, prdc in zip(labels, distances, prdcs, strict=True)
    ]
    rows = [("generated", point.label, *_point_cells(point)) for point in points]
    floor = _point("", first.real_score, prdcs[0].real_score) if first.real_score else None
    if floor is not None:
        rows.insert(0, ("held-out real", "", *_point_cells(floor)))
    counts = f"{first.protocol['n_fake']:,} samples against {first.protocol['n_real']:,} real ones"
    caption = f"{first.title} of {counts}; each point is named by its truncation."
    picture = figures.truncation_sweep(points, first.title, floor)
    return [
        Picture("truncation", picture, caption),
        Table(rows, ("", "truncation", first.title, "precision", "recall")),
        stamps(distances),
        stamps(prdcs),
    ]


def _point(
    label: str, distance: Mapping[str, float], prdc: Mapping[str, float]
) -> figures.TruncationPoint:
    return figures.TruncationPoint(label, distance["distance"], prdc["precision"], prdc["recall"])


def _point_cells(point: figures.TruncationPoint) -> tuple[str, ...]:
    return tuple(number(value) for value in (point.distance, point.precision, point.recall))


def truncates(sampler: Sampler, truncation: float) -> bool:
    """Whether this truncation changes the prior's latents."""
    return not np.array_equal(sampler.latents(1, truncation=truncation), sampler.latents(1))
