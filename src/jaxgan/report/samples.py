"""Samples, as they come, by class, and between latents."""

import contextlib

import numpy as np
from PIL import Image

from jaxgan.data.sources.toy import MIXTURES
from jaxgan.report.context import CLASSES, LeftOutError, ReportedRun, class_names
from jaxgan.report.document import (
    Block,
    Picture,
)
from jaxgan.viz import figures
from jaxgan.viz.pictures import scatter

DENSITY = 20_000
"""Points that a picture of their density is made of."""


def samples(subject: ReportedRun) -> list[Block]:
    """Samples as they come."""
    sampler, seed = subject.drawer, subject.asked.seed
    about = f"step {sampler.step}, {sampler.weights} weights, seed {seed}, as they come"
    if not subject.images:
        with contextlib.suppress(LeftOutError):
            real = subject.source.read(np.arange(min(2000, subject.source.size)))["image"]
            image = scatter(subject.samples[:2000], real)
            return [
                Picture("samples", image, f"2000 samples over {len(real)} real points; {about}.")
            ]
        image = scatter(subject.samples[:2000])
        return [Picture("samples", image, f"2000 samples; {about}.")]
    side = figures.fitting(sampler.data.shape)
    image = figures.sheet(subject.samples[: side * side], side)
    labels = "; each class in turn" if sampler.labelled else ""
    return [Picture("samples", image, f"{side * side} samples: {about}{labels}.")]


def during_training(subject: ReportedRun) -> list[Block]:
    """The first, a middle and the last grid of the fixed latents."""
    saved = [path for path in subject.folder.samples.glob("*.png") if path.stem.isdigit()]
    saved.sort(key=lambda path: int(path.stem))
    if len(saved) < 2:
        raise LeftOutError(
            f"the training saved {len(saved)} grid{'s' * (len(saved) != 1)} of samples. "
            "--sample-every N of the training saves more."
        )
    places = sorted({0, len(saved) // 2, len(saved) - 1})
    shown = [saved[place] for place in places]
    try:
        pictures = [np.asarray(Image.open(path).convert("RGB")) for path in shown]
    except OSError as error:
        raise LeftOutError("a grid in the folder samples is damaged.") from error
    titles = [f"step {int(path.stem):,}" for path in shown]
    caption = "The same latents through the averaged generator, as the training saved them."
    return [Picture("during-training", figures.strip(pictures, titles), caption)]


def each_class(subject: ReportedRun) -> list[Block]:
    """A row for each class."""
    sampler = subject.drawer
    classes = sampler.data.classes or 0
    columns, shown = figures.fitting(sampler.data.shape, 10), min(classes, CLASSES)
    drawn = [sampler(columns, subject.asked.seed, label) for label in range(shown)]
    names = class_names(subject, classes)[:shown]
    caption = f"{columns} samples of each class, with the same latents in every row."
    if shown < classes:
        caption += f" The first {shown} of {classes} classes."
    return [Picture("classes", figures.per_class(np.stack(drawn), names), caption)]


def interpolation(subject: ReportedRun) -> list[Block]:
    """Walks between pairs of latents."""
    columns = figures.fitting(subject.drawer.data.shape, 10)
    walks = subject.drawer.interpolate(8, columns, subject.asked.seed)
    caption = "Each row walks in a straight line between two latents."
    return [Picture("interpolation", figures.sheet(walks, columns), caption)]


def density(subject: ReportedRun) -> list[Block]:
    """Where points lie, beside where real ones do."""
    real = subject.source.read(np.arange(min(DENSITY, subject.source.size)))["image"]
    points, mixture = subject.drawn(DENSITY).array(), MIXTURES.get(subject.source.name)
    centres = np.asarray(mixture[0]()) if mixture else None
    caption = f"{len(points):,} generated and {len(real):,} real points on one scale."
    if mixture:
        caption += " Circles mark the modes."
    return [Picture("density", figures.density(points, real, centres), caption)]
