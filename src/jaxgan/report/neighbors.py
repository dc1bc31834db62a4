"""Section of nearest neighbors: generated samples beside the closest training images."""

import math

import numpy as np

from jaxgan.evaluation.features import cached_extraction, extract
from jaxgan.evaluation.samples import SampleSet, chosen, of_source
from jaxgan.metrics.neighbors import Neighbors, nearest_neighbors
from jaxgan.report.context import LeftOutError, ReportedRun, attempt
from jaxgan.report.document import Block, Heading, Picture, Table, Text, number
from jaxgan.viz import figures

PIXELS = 3 * 2**28
"""Bytes of training images, as float32 pixels, that generated ones are compared with at most."""


def neighbors(run: ReportedRun) -> list[Block]:
    """Generated samples beside the training images that are closest to them."""
    intro = Text(
        "A generator that has memorized its training set makes samples that are closer to it than "
        "held-out real images are."
    )
    _ = run.source  # one sentence for both parts, if the data are missing
    by_pixels, by_features = attempt(_by_pixels, run), attempt(_by_features, run)
    return [intro, Heading("By pixels"), *by_pixels, Heading("By features"), *by_features]


def _by_pixels(run: ReportedRun) -> list[Block]:
    source = run.source
    most = max(1, PIXELS // (4 * math.prod(source.shape)))
    places = chosen(source.size, most)
    whole = most >= source.size
    real = source.arrays()[source.modality.key] if whole else of_source(source, places).array()
    training, held_out = _pixels(real), held_out_images(run)
    return _compared(
        run,
        nearest_neighbors(training, _pixels(run.samples[: run.count])),
        None
        if held_out is None
        else nearest_neighbors(training, _pixels(held_out.array())).distances,
        real,
        "pixels",
        "Euclidean distance of pixels in [0, 1]",
    )


def _by_features(run: ReportedRun) -> list[Block]:
    extractor, source, watch = run.extractor, run.source, run.watch
    places = chosen(source.size, 10 * run.count)
    training = cached_extraction(extractor, of_source(source, places), watch).features
    fake = run.drawn(run.count)
    with watch("generated samples", fake.count) as advance:
        generated = extract(extractor, fake, advance).features
    images = held_out_images(run)
    held_out = None if images is None else cached_extraction(extractor, images, watch).features
    if training is None or generated is None:
        raise LeftOutError("the features do not fit in memory. Give a smaller --num.")
    nearest = nearest_neighbors(training, generated)
    rows, inverse = np.unique(nearest.rows, return_inverse=True)
    return _compared(
        run,
        Neighbors(inverse, nearest.distances),
        None if held_out is None else nearest_neighbors(training, held_out).distances,
        source.read(places[rows])[source.modality.key],
        "features",
        f"Euclidean distance of the features of {extractor.name}",
        len(places),
    )


def held_out_images(run: ReportedRun) -> SampleSet | None:
    """Images of another split, which the training has not seen; None if there is none."""
    source = run.held_out
    return None if source is None else of_source(source, chosen(source.size, run.count))


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1) / np.float32(255)


def _compared(
    run: ReportedRun,
    nearest: Neighbors,
    held_out: np.ndarray | None,
    real: np.ndarray,
    name: str,
    measure: str,
    among: int | None = None,
) -> list[Block]:
    """Distances as a table; the first pairs, and the closest ones.

    Args:
      run: the run.
      nearest: for each sample, the index in ``real`` of its nearest image, and the distance.
      held_out: distances of held-out real images to the training set.
      real: training images.
      name: ends the names of the pictures' files.
      measure: the distance in words.
      among: number of training images that were searched; all of ``real`` if None.
    """
    size, among = run.source.size, among or len(real)
    part = "all" if among == size else f"{among:,} of the"
    about = f"{measure}, to the nearest of {part} {size:,} training images."
    rows = [_distances("generated", nearest.distances)]
    if held_out is not None and run.held_out is not None:
        rows.append(_distances(f"held-out real ({run.held_out.split})", held_out))
    else:
        about += " The data have no other split, so there is nothing held out to compare with."
    columns = min(figures.fitting(real.shape[1:], 16), len(nearest.rows))

    def pairs(order: np.ndarray) -> np.ndarray:
        fakes, reals = run.samples[order], real[nearest.rows[order]]
        return figures.neighbors(fakes, reals, nearest.distances[order], columns)

    first = pairs(np.arange(columns))
    closest = pairs(np.argsort(nearest.distances, kind="stable")[:columns])
    above = "above the nearest training image of each, with the distance."
    of_all = f"The {columns} of {len(nearest.rows):,} samples that are closest to the training set"
    return [
        Text(about),
        Table(rows, ("", "samples", "median distance", "smallest", "copies (distance 0)")),
        Picture(f"neighbors-{name}", first, f"The first samples, {above}"),
        Picture(f"nearest-{name}", closest, f"{of_all}, {above}"),
    ]


def _distances(name: str, found: np.ndarray) -> tuple[str, ...]:
    smallest, copies = number(found.min()), str(int((found == 0).sum()))
    return (name, f"{len(found):,}", number(np.median(found)), smallest, copies)
