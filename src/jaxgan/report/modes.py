"""Sections on how samples are distributed over modes or classes."""

import math

import numpy as np

from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.score import Score
from jaxgan.evaluation.suite import metrics_named
from jaxgan.metrics.modes import MixtureCoverage, mixture_coverage, perfect_coverage, perfect_share
from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import Block, Picture, Table, Text, number
from jaxgan.report.scores import AS_GOOD, about_samples, complete, score_table
from jaxgan.viz import figures


def mixture_modes(run: ReportedRun) -> list[Block]:
    """Samples of each mode of a mixture, and how evenly they are distributed."""
    if run.mixture is None:
        raise LeftOutError(f"{run.description['data']['name']} is not a mixture with known modes.")
    centers, deviation = run.mixture
    points = run.samples[: run.count]
    found = mixture_coverage(points, centers, deviation)
    about = (
        f"{len(points):,} samples. One is of high quality if it lies within three standard "
        f"deviations ({3 * deviation:g}) of a mode. {int(found.counts.sum()):,} are; the modes and "
        "divergences are of these alone. Few samples have a large divergence even if they are "
        "perfect, so the last column is of as many perfect ones."
    )
    caption = "High-quality samples of each mode, as shares of all high-quality samples."
    return [
        Text(about),
        beside_perfect(found, len(points)),
        Picture("modes", figures.mode_counts(found.counts), caption),
    ]


def beside_perfect(found: MixtureCoverage, count: int) -> Table:
    """The coverage by ``count`` samples beside what perfect samples have."""
    good, modes = int(found.counts.sum()), len(found.counts)
    perfect = perfect_coverage(round(count * perfect_share()), modes)
    columns = (vars(found), perfect, perfect_coverage(good, modes) if good else {})
    names = {
        "captured": "modes captured",
        "reverse_kl": "KL(generated || equal shares), nats",
        "js": "JS divergence from equal shares, nats",
    }
    rows = [
        (title, *(number(column[name]) if column else "" for column in columns))
        for name, title in names.items()
    ]
    quality = ("high-quality share", f"{found.high_quality:.2%}", f"{perfect_share():.2%}", "")
    rows.insert(1, quality)
    return Table(rows, ("", "generated", "a perfect sampler", AS_GOOD))


def class_modes(run: ReportedRun) -> list[Block]:
    """Samples of each class, as a classifier sees them; nothing for data without classes."""
    sampler = run.drawer
    if sampler.task.classes is None:
        return []
    same = {"step": sampler.step, "weights": sampler.weights}
    counted = [
        score
        for score in run.scores
        if score.metric == "modes"
        and "counts" in score.details
        and all(score.subject.get(k) == v for k, v in same.items())
    ]
    score = counted[-1] if counted else count_classes(run)
    counts = np.asarray(score.details["counts"])
    accuracy = score.protocol.get("classifier_accuracy", math.nan)
    caption = (
        f"{counts.sum():,} samples ({about_samples(score.subject)}) as a small classifier of the "
        f"data set labels them, whose accuracy on held-out real images is {accuracy:.1%}; the line "
        "is at equal shares."
    )
    names = run.class_names(len(counts))
    picture = Picture("modes", figures.mode_counts(counts, names), caption)
    return [picture] if counted else [picture, score_table([score]), complete([score])]


def count_classes(run: ReportedRun) -> Score:
    """Labels samples by the small classifier, which is trained if the cache has none."""
    _ = run.source  # if the data are missing, say that
    fake = run.drawn(run.count)
    evaluation = Evaluation(metrics_named("modes"), run.reference, None, run.watch)
    return evaluation.score(fake, run.about(fake), run.drawer)[0]
