"""Sections that show samples: as drawn, over the training, by class, and between latents."""

import numpy as np
from PIL import Image

from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import Block, Picture
from jaxgan.viz import figures
from jaxgan.viz.pictures import ORIGINS, beside

CLASSES = 20
"""Classes that are shown at most."""

DENSITY = 20_000
"""Points that a picture of their density is made of."""


def samples(run: ReportedRun) -> list[Block]:
    """The first samples of the seed, none of them selected."""
    sampler = run.drawer
    about = f"step {sampler.step}, {sampler.weights} weights, seed {run.asked.seed}"
    order = "each class in turn" if sampler.labeled else "in the order drawn"
    caption = f"Samples that were not selected: {about}, {order}."
    modality = run.modality
    if sampler.gan.forward.origin is None:
        shown = modality.preview(run.samples[: modality.preview_size], run.batch, None)
        return [Picture("samples", shown, caption)]
    source = sampler.rows
    assert source is not None
    caption += (
        f" Each beside what it was made from, left, and the true image, right: the first rows of "
        f"{source.name} {source.split}."
    )
    return [Picture("samples", beside(*sampler.beside(ORIGINS, run.asked.seed)), caption)]


def during_training(run: ReportedRun) -> list[Block]:
    """The first, a middle and the last picture that the training saved."""
    saved = [path for path in run.folder.samples.glob("*.png") if path.stem.isdigit()]
    saved.sort(key=lambda path: int(path.stem))
    if len(saved) < 2:
        raise LeftOutError(
            f"the training saved {len(saved)} picture{'s' * (len(saved) != 1)} of samples. "
            "--sample-every N of the training saves more."
        )
    shown = [saved[place] for place in sorted({0, len(saved) // 2, len(saved) - 1})]
    try:
        pictures = [np.asarray(Image.open(path).convert("RGB")) for path in shown]
    except OSError as error:
        raise LeftOutError("a picture in the folder samples is damaged.") from error
    titles = [f"step {int(path.stem):,}" for path in shown]
    caption = "The same latents through the averaged generator, as the training saved them."
    return [Picture("during-training", figures.strip(pictures, titles), caption)]


def each_class(run: ReportedRun) -> list[Block]:
    """A row for each class; nothing if the generator knows no classes."""
    sampler, classes = run.drawer, run.drawer.task.classes
    if not sampler.labeled or classes is None:
        return []
    columns, shown = figures.fitting(sampler.task.shape, 10), min(classes, CLASSES)
    drawn = [sampler(columns, run.asked.seed, label) for label in range(shown)]
    names = run.class_names(classes)[:shown]
    caption = f"{columns} samples of each class, with the same latents in every row."
    if shown < classes:
        caption += f" The first {shown} of {classes} classes."
    return [Picture("classes", figures.per_class(np.stack(drawn), names), caption)]


def interpolation(run: ReportedRun) -> list[Block]:
    """Straight lines between pairs of latents; nothing if samples are made from other images."""
    if run.drawer.gan.forward.origin is not None:
        return []
    columns = figures.fitting(run.drawer.task.shape, 10)
    walks = run.drawer.interpolate(8, columns, run.asked.seed)
    caption = "Each row follows a straight line between two latents."
    return [Picture("interpolation", figures.sheet(walks, columns), caption)]


def density(run: ReportedRun) -> list[Block]:
    """The density of generated points beside that of real ones."""
    source = run.source
    real = source.read(np.arange(min(DENSITY, source.size)))[source.modality.key]
    points = run.drawn(DENSITY).array()
    centers = None if run.mixture is None else run.mixture[0]
    caption = f"{len(points):,} generated and {len(real):,} real points on one scale."
    if centers is not None:
        caption += " Circles mark the modes."
    return [Picture("density", figures.density(points, real, centers), caption)]
