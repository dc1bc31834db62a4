"""How samples are spread over modes or classes."""

import math

import numpy as np

from jaxgan.data.sources.toy import MIXTURES
from jaxgan.evaluation.score import Score
from jaxgan.metrics.modes import MixtureCoverage, mixture_coverage, perfect_coverage, perfect_share
from jaxgan.report.context import LeftOutError, ReportedRun, about_samples, class_names, number
from jaxgan.report.document import Block, Picture, Table, Text
from jaxgan.report.scores import AS_GOOD, score_table, stamps
from jaxgan.viz import figures


def modes(subject: ReportedRun) -> list[Block]:
    """How samples are spread over modes or classes."""
    return _classes_seen(subject) if subject.images else _mixture_modes(subject)


def _mixture_modes(subject: ReportedRun) -> list[Block]:
    name = subject.description["data"]["name"]
    if name not in MIXTURES:
        raise LeftOutError(f"{name} has no modes to count; {' and '.join(MIXTURES)} have.")
    centres, deviation = np.asarray(MIXTURES[name][0]()), MIXTURES[name][1]
    points = subject.samples[: subject.count]
    found = mixture_coverage(points, centres, deviation)
    good = int(found.counts.sum())
    about = (
        f"{len(points):,} samples. One is of high quality if it lies within three standard "
        f"deviations ({3 * deviation:g}) of a mode; {good:,} are, and the modes and divergences "
        "are of these alone. Few samples have large divergences even if they are perfect: the last "
        "column is of as many perfect ones."
    )
    caption = "High-quality samples of each mode, as shares of all of them."
    return [
        Text(about),
        _beside_perfect(found, len(points)),
        Picture("modes", figures.mode_counts(found.counts), caption),
    ]


def _beside_perfect(found: MixtureCoverage, count: int) -> Table:
    """What was found of ``count`` samples, and what perfect ones have."""
    good, classes = int(found.counts.sum()), len(found.counts)
    perfect = perfect_coverage(round(count * perfect_share()), classes)
    sides = (vars(found), perfect, perfect_coverage(good, classes) if good else {})
    names = {
        "captured": "modes captured",
        "reverse_kl": "KL(generated || equal shares), nats",
        "js": "JS divergence from equal shares, nats",
    }
    rows = [
        (title, *(number(side[name]) if side else "" for side in sides))
        for name, title in names.items()
    ]
    rows.insert(
        1, ("high-quality share", f"{found.high_quality:.2%}", f"{perfect_share():.2%}", "")
    )
    return Table(rows, ("", "generated", "a perfect sampler", AS_GOOD))


def _classes_seen(subject: ReportedRun) -> list[Block]:
    sampler = subject.drawer
    same = {"step": sampler.step, "weights": sampler.weights}
    counted = [
        score
        for score in subject.scores
        if "counts" in score.details and all(score.subject.get(k) == v for k, v in same.items())
    ]
    score = counted[-1] if counted else _count_classes(subject)
    counts = np.asarray(score.details["counts"])
    accuracy = score.protocol.get("classifier_accuracy", math.nan)
    caption = (
        f"{counts.sum():,} samples ({about_samples(score.subject)}) as the small classifier of the "
        f"data set sees them, which is right about {accuracy:.1%} of held-out real images; the "
        "line is at equal shares."
    )
    names = class_names(subject, len(counts))
    picture = Picture("modes", figures.mode_counts(counts, names), caption)
    return [picture] if counted else [picture, score_table([score]), stamps([score])]


def _count_classes(subject: ReportedRun) -> Score:
    """Sorts the samples by the small classifier, which is trained if the cache has none."""
    _ = subject.source
    reference, fake = subject.reference, subject.drawn(subject.count)
    evaluation = reference.evaluation(["modes"], None, subject.watch)
    return evaluation.score(fake, subject.about(fake), subject.drawer)[0]
