"""Generated samples beside the nearest training images."""

import math

import numpy as np

from jaxgan.evaluation.features import cached_extraction, extract
from jaxgan.evaluation.samples import Images, chosen, of_source
from jaxgan.metrics.neighbors import Neighbors, nearest_neighbors
from jaxgan.report.context import LeftOutError, ReportedRun, attempt, number
from jaxgan.report.document import Block, Heading, Picture, Table, Text
from jaxgan.viz import figures

PIXELS = 3 * 2**28
"""Bytes of training images, as float32 pixels, that generated ones are compared with at most."""


def neighbors(subject: ReportedRun) -> list[Block]:
    """Generated samples beside the training images that are nearest to them."""
    intro = Text(
        "A generator that has memorised its training set makes samples that are nearer to it than "
        "held-out real ones are."
    )
    _ = subject.source  # one sentence for both, if the data are missing
    return [
        intro,
        Heading("By pixels"),
        *attempt(_by_pixels, subject),
        Heading("By features"),
        *attempt(_by_features, subject),
    ]


def _by_pixels(subject: ReportedRun) -> list[Block]:
    source = subject.source
    most = max(1, PIXELS // (4 * math.prod(source.shape)))
    places = chosen(source.size, most)
    real = source.arrays()["image"] if most >= source.size else of_source(source, places).array()
    training = _pixels(real)
    held = held_out_images(subject)
    return _compared(
        subject,
        nearest_neighbors(training, _pixels(subject.samples[: subject.count])),
        None if held is None else nearest_neighbors(training, _pixels(held.array())).distances,
        real,
        "pixels",
        "Euclidean distance of pixels, black 0 and white 1",
    )


def _by_features(subject: ReportedRun) -> list[Block]:
    extractor, source, watch = subject.extractor, subject.source, subject.watch
    train = of_source(source, chosen(source.size, 10 * subject.count))
    features = cached_extraction(extractor, train, watch).features
    fake = subject.drawn(subject.count)
    with watch("generated samples", fake.count) as advance:
        ours = extract(extractor, fake, advance).features
    held = held_out_images(subject)
    theirs = None if held is None else cached_extraction(extractor, held, watch).features
    if features is None or ours is None:
        raise LeftOutError("the features do not fit into memory. A smaller --num makes them.")
    near = nearest_neighbors(features, ours)
    rows, inverse = np.unique(near.rows, return_inverse=True)
    shown = source.read(chosen(source.size, 10 * subject.count)[rows])["image"]
    return _compared(
        subject,
        Neighbors(inverse, near.distances),
        None if theirs is None else nearest_neighbors(features, theirs).distances,
        shown,
        "features",
        f"Euclidean distance of the features of {extractor.name}",
        train.count,
    )


def held_out_images(subject: ReportedRun) -> Images | None:
    """Images of another split, which the training has not seen; None if there is none."""
    source = subject.held_out
    return None if source is None else of_source(source, chosen(source.size, subject.count))


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / np.float32(255)


def _compared(
    subject: ReportedRun,
    near: Neighbors,
    held_out: np.ndarray | None,
    real: np.ndarray,
    name: str,
    measure: str,
    among: int | None = None,
) -> list[Block]:
    """Distances as a table; the first pairs, and the nearest ones.

    Args:
      subject: the run.
      near: for each sample, the place in ``real`` of its nearest image, and the distance.
      held_out: distances of held-out real images to the training set.
      real: training images.
      name: for the pictures' files.
      measure: the distance in words.
      among: training images that were searched; all of ``real`` if None.
    """
    size, among = subject.source.size, among or len(real)
    part = "all" if among == size else f"{among:,} of the"
    about = f"{measure}, to the nearest of {part} {size:,} training images."
    rows = [_distances("generated", near.distances)]
    if held_out is not None:
        rows.append(_distances(f"held-out real ({subject.held_out.split})", held_out))  # type: ignore[union-attr]
    else:
        about += " The data have no split that could be held out, so there is no floor."
    columns = min(figures.fitting(real.shape[1:], 16), len(near.rows))

    def pairs(order: np.ndarray) -> np.ndarray:
        fakes, reals = subject.samples[order], real[near.rows[order]]
        return figures.neighbours(fakes, reals, near.distances[order], columns)

    first = pairs(np.arange(columns))
    nearest = pairs(np.argsort(near.distances, kind="stable")[:columns])
    above = "above the nearest training image of each, with the distance."
    closest = f"The {columns} of {len(near.rows):,} samples that are nearest to the training set"
    return [
        Text(about),
        Table(rows, ("", "samples", "median distance", "smallest", "copies (distance 0)")),
        Picture(f"neighbours-{name}", first, f"The first samples, {above}"),
        Picture(f"nearest-{name}", nearest, f"{closest}, {above}"),
    ]


def _distances(name: str, found: np.ndarray) -> tuple[str, ...]:
    smallest, copies = number(found.min()), str(int((found == 0).sum()))
    return (name, f"{len(found):,}", number(np.median(found)), smallest, copies)
