"""Figures of a report: arrays in, pictures uint8 ``[h, w, 3]`` out.

Images are shown pixel by pixel, with text beside them; numbers are plotted.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from jaxgan.viz.pictures import as_image, grid, magnification, new_figure

GAP = 8
"""White pixels between groups of images."""

LINE = 18
"""Height of a line of text, in pixels."""

WIDTH = 1200
"""Pixels that a sheet of images is wide at most; two images always fit."""

NAMED = 40
"""Modes that are shown by name and in their order at most; more are sorted by count."""


def enlarged(image: np.ndarray, times: int = 1) -> np.ndarray:
    """An image ``[h, w, 1 or 3]`` in color, each pixel ``times`` pixels wide."""
    image = image.repeat(times, 0).repeat(times, 1)
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image


def sheet(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Images ``[n, h, w, c]`` in rows; small ones are enlarged."""
    return enlarged(grid(images, columns), magnification(images))


def fitting(shape: Sequence[int], most: int = 8) -> int:
    """How many images of this shape fit side by side in a sheet, at most ``most``."""
    times = magnification(np.empty((1, *shape)))
    return max(2, min(most, WIDTH // (shape[1] * times)))


def words(text: str, width: int, height: int = LINE) -> np.ndarray:
    """Black text on white, centered, as large as fits; uint8 ``[height, width, 3]``."""
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    for size in (13, 11, 9):
        font = ImageFont.load_default(size)
        if draw.textlength(text, font) <= width:
            break
    draw.text((width / 2, height / 2), text, "black", font, anchor="mm")
    return np.asarray(canvas)


def neighbors(
    generated: np.ndarray, nearest: np.ndarray, distances: np.ndarray, columns: int = 8
) -> np.ndarray:
    """Each generated image above its nearest real one, with their distance below.

    Args:
      generated: uint8 ``[n, h, w, c]``.
      nearest: the nearest real image of each, of the same shape.
      distances: ``[n]``.
      columns: pairs side by side.
    """
    times = magnification(generated)
    tiles = []
    for fake, real, distance in zip(generated, nearest, distances, strict=True):
        pair = grid(np.stack([enlarged(fake, times), enlarged(real, times)]), 1)
        tiles.append(np.concatenate([pair, words(f"{distance:.3g}", pair.shape[1])]))
    return grid(np.stack(tiles), columns, GAP)


def per_class(images: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A row of images for each class, its name on the left; images ``[classes, n, h, w, c]``."""
    rows = np.stack([sheet(row, len(row)) for row in images])
    longest = max(words_width(name) for name in names)
    height = rows.shape[1]
    labels = np.stack([words(name, longest + 2 * GAP, height) for name in names])
    return grid(np.concatenate([labels, rows], axis=2), 1, 2)


def words_width(text: str) -> int:
    """Width of the text at its usual size, in pixels, at most 160."""
    return min(160, int(ImageFont.load_default(13).getlength(text)) + 1)


def strip(pictures: Sequence[np.ndarray], titles: Sequence[str]) -> np.ndarray:
    """Pictures uint8 ``[h, w, c]`` side by side at one height, each below its title."""
    room = (WIDTH - GAP * (len(pictures) - 1)) // len(pictures)
    height = min(round(p.shape[0] * min(1.0, room / p.shape[1])) for p in pictures)
    parts = []
    for picture, title in zip(pictures, titles, strict=True):
        image = Image.fromarray(enlarged(picture))
        if image.height != height:
            width = round(image.width * height / image.height)
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        parts += [np.concatenate([words(title, image.width), np.asarray(image)])]
        parts += [np.full((height + LINE, GAP, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1], axis=1)


@dataclasses.dataclass(frozen=True)
class TruncationPoint:
    """Scores at one truncation, which ``label`` names."""

    label: str
    distance: float
    precision: float
    recall: float


def truncation_sweep(
    points: Sequence[TruncationPoint], title: str, real: TruncationPoint | None = None
) -> np.ndarray:
    """Three panels: distance over precision, distance over recall, precision over recall.

    Args:
      points: in the order of the curve.
      title: name of the distance.
      real: the same scores of held-out real samples.
    """
    figure, axes = new_figure(11, 3.8, 1, 3)
    names = (title, "precision", "recall")
    curves = [(point.distance, point.precision, point.recall) for point in points]
    for axis, (x, y) in zip(axes, ((1, 0), (2, 0), (2, 1)), strict=True):
        places = [(values[x], values[y]) for values in curves]
        axis.plot(*zip(*places, strict=True), "o-", label="generated", linewidth=1, markersize=4)
        for point, place in zip(points, places, strict=True):
            axis.annotate(point.label, place, (5, 4), textcoords="offset points", fontsize=8)
        if real is not None:
            values = (real.distance, real.precision, real.recall)
            axis.plot(values[x], values[y], "*", color="0.4", label="held-out real", markersize=8)
        axis.set(xlabel=names[x], ylabel=names[y])
        axis.set_xlim(-0.05, 1.05)
        axis.margins(y=0.1)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    axes[2].set_ylim(-0.05, 1.05)
    figure.tight_layout()
    return as_image(figure)


def density(
    generated: np.ndarray, real: np.ndarray, modes: np.ndarray | None = None, cells: int = 120
) -> np.ndarray:
    """The density of generated points beside that of real ones, on one scale.

    Args:
      generated: points ``[n, 2]``.
      real: points ``[m, 2]``; they set the frame, with a margin.
      modes: centers to mark, ``[modes, 2]``.
      cells: number of cells along each side.
    """
    from matplotlib.colors import LogNorm

    middle = (real.max(0) + real.min(0)) / 2
    reach = max(float((real.max(0) - real.min(0)).max()) * 0.6, 1e-3)
    edges = [np.linspace(center - reach, center + reach, cells + 1) for center in middle]
    shares = [
        np.histogram2d(*points.T, bins=edges)[0] / len(points) for points in (generated, real)
    ]
    smallest = 1 / max(len(generated), len(real))
    largest = max(2 * smallest, *(float(share.max()) for share in shares))
    scale = LogNorm(smallest, largest)
    figure, axes = new_figure(11, 5, 1, 2)
    figure.set_layout_engine("compressed")  # leaves room for the color bar
    for axis, share, title in zip(axes, shares, ("generated", "real"), strict=True):
        outside = 1 - share.sum()
        beyond = f" ({outside:.1%} outside the frame)" if outside > 0.0005 else ""
        shown = axis.pcolormesh(
            *edges, np.ma.masked_equal(share, 0).T, norm=scale, cmap="viridis", rasterized=True
        )
        if modes is not None:
            axis.scatter(*modes.T, s=90, facecolors="none", edgecolors="tab:red", linewidths=1)
        axis.set_title(title + beyond)
        axis.set_aspect("equal")
    figure.colorbar(shown, ax=axes, label="share of the samples in a cell")
    return as_image(figure)


def mode_counts(
    counts: np.ndarray, names: Sequence[str] | None = None, expected: np.ndarray | None = None
) -> np.ndarray:
    """A bar for the share of each mode or class, and a line at the expected share.

    More than ``NAMED`` of them are sorted by count.

    Args:
      counts: samples of each mode, ``[modes]``.
      names: their names; their numbers if None.
      expected: their shares in the data, ``[modes]``; equal ones if None.
    """
    counts = np.asarray(counts)
    total, number = max(int(counts.sum()), 1), len(counts)
    shares = counts / total
    expected = np.full(number, 1 / number) if expected is None else np.asarray(expected)
    figure, axes = new_figure(11, 3.6)
    places = np.arange(number)
    if number > NAMED:
        order = np.argsort(-shares, kind="stable")
        axes.stairs(shares[order], fill=True, color="tab:blue", label="generated")
        axes.set_xlabel(f"{number} modes, the most frequent first")
        axes.set_xlim(0, number)
        expected = -np.sort(-expected)
        places = places + 0.5
    else:
        axes.bar(places, shares, 0.8, color="tab:blue", label="generated")
        labels = [str(place) for place in places] if names is None else list(names)
        slant = {"rotation": 30, "ha": "right"} if max(map(len, labels)) > 5 else {}
        axes.set_xticks(places, labels, **slant)
        axes.set_xlim(-0.6, number - 0.4)
    axes.step(
        [places[0] - 0.5, *(places + 0.5)],
        [*expected, expected[-1]],
        where="post",
        color="tab:red",
        linestyle="--",
        label="expected",
    )
    axes.set_ylim(0, max(float(shares.max()), float(expected.max())) * 1.12)
    axes.set_ylabel("share of the samples")
    # Above the panel, where the legend hides no bar.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    figure.tight_layout()
    return as_image(figure)


@dataclasses.dataclass(frozen=True)
class Course:
    """Scores of one protocol over the steps of a training.

    Attributes:
      title: name of the score.
      better: ``lower``, ``higher``, or empty.
      lines: steps and values of each kind of samples, by its name.
      real_score: that of held-out real samples, or None.
    """

    title: str
    better: str
    lines: Mapping[str, tuple[Sequence[int], Sequence[float]]]
    real_score: float | None = None


def scores_over_steps(courses: Sequence[Course]) -> np.ndarray:
    """A panel for each protocol, so that no two protocols share an axis."""
    rows = -(-len(courses) // 2)
    figure, axes = new_figure(11, 3.4 * rows, rows, 2)
    for axis, course in zip(np.ravel(axes), courses, strict=False):
        for label, (steps, values) in course.lines.items():
            axis.plot(steps, values, "o-", label=label, linewidth=1, markersize=4)
        if course.real_score is not None:
            axis.axhline(course.real_score, color="0.4", linestyle="--", label="held-out real")
        axis.set_title(course.title, fontsize=10)
        axis.set_xlabel("step")
        axis.set_ylabel(f"{course.better} is better" if course.better else "")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    for axis in np.ravel(axes)[len(courses) :]:
        axis.remove()
    figure.tight_layout()
    return as_image(figure)
