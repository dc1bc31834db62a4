"""Section of the truncation sweep: fidelity against variety."""

from collections.abc import Mapping

import numpy as np

from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.suite import metrics_named
from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import Block, Picture, Table, number
from jaxgan.report.scores import complete
from jaxgan.sampling.sampler import Sampler
from jaxgan.viz import figures


def truncation(run: ReportedRun) -> list[Block]:
    """The Fréchet distance against precision and recall, for each truncation and for none.

    Nothing if samples are made from other images.
    """
    if run.drawer.gan.forward.origin is not None:
        return []
    if not run.asked.truncations:
        raise LeftOutError("--truncations is empty.")
    found = [value for value in run.asked.truncations if truncates(run.drawer, value)]
    if not found:
        raise LeftOutError("none of --truncations changes this run's latents.")
    values = [*sorted(found), None]
    _ = run.source  # if the data are missing, say that
    evaluation = Evaluation(metrics_named("fd,prdc"), run.reference, run.extractor, run.watch)
    distances, prdcs = [], []
    for value in values:
        fake = run.drawn(run.count, value)
        distance, prdc = evaluation.score(fake, run.about(fake), run.drawer)
        distances.append(distance)
        prdcs.append(prdc)
    points = [
        _point("none" if value is None else f"{value:g}", distance.values, prdc.values)
        for value, distance, prdc in zip(values, distances, prdcs, strict=True)
    ]
    rows = [("generated", point.label, *_cells(point)) for point in points]
    first = distances[0]
    real = _point("", first.real_score, prdcs[0].real_score) if first.real_score else None
    if real is not None:
        rows.insert(0, ("held-out real", "", *_cells(real)))
    counts = f"{first.protocol['n_fake']:,} samples against {first.protocol['n_real']:,} real ones"
    caption = f"{first.title} of {counts}; each point is labeled with its truncation."
    picture = figures.truncation_sweep(points, first.title, real)
    return [
        Picture("truncation", picture, caption),
        Table(rows, ("", "truncation", first.title, "precision", "recall")),
        complete(distances),
        complete(prdcs),
    ]


def truncates(sampler: Sampler, truncation: float) -> bool:
    """Whether this truncation changes the prior's latents."""
    return not np.array_equal(sampler.latents(1, truncation=truncation), sampler.latents(1))


def _point(
    label: str, distance: Mapping[str, float], prdc: Mapping[str, float]
) -> figures.TruncationPoint:
    return figures.TruncationPoint(label, distance["distance"], prdc["precision"], prdc["recall"])


def _cells(point: figures.TruncationPoint) -> tuple[str, ...]:
    return tuple(number(value) for value in (point.distance, point.precision, point.recall))
