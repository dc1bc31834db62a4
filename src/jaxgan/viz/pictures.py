"""Pictures of samples and curves: arrays in, uint8 ``[h, w, c]`` out, and as PNG files."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from jaxgan.files import replacing


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Images uint8 ``[n, h, w, c]`` side by side in rows, uint8 ``[H, W, c]``.

    Args:
      images: the images, row by row.
      columns: images per row; as square as possible if None.
      gap: white pixels between two images.
    """
    count, height, width, channels = images.shape
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    sheet = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8
    )
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


ORIGINS = 24
"""Samples that a picture shows beside what they were made from."""


def beside(*sets: np.ndarray, groups: int = 4) -> np.ndarray:
    """Images that belong together side by side, e.g. source, generated and target.

    Args:
      sets: uint8 ``[n, h, w, c]`` each, of one size; gray ones are shown as RGB among those.
      groups: such neighbors in a row of the picture.

    Returns:
      uint8 ``[H, W, c]``, small images enlarged.
    """
    channels = max(images.shape[-1] for images in sets)
    alike = [np.broadcast_to(images, (*images.shape[:-1], channels)) for images in sets]
    mixed = np.stack(alike, axis=1).reshape(-1, *alike[0].shape[1:])
    magnify = magnification(mixed)
    return grid(mixed, groups * len(sets)).repeat(magnify, 0).repeat(magnify, 1)


def save_image(path: Path, image: np.ndarray, magnify: int = 1) -> None:
    """Writes an image uint8 ``[h, w, c]`` as a PNG, each pixel ``magnify`` pixels wide."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image.repeat(magnify, 0).repeat(magnify, 1)
    with replacing(path) as part:
        to_pillow(image).save(part, format="PNG")


def to_pillow(image: np.ndarray) -> Image.Image:
    """An image uint8 ``[h, w, c]`` as Pillow's: gray with one channel, RGB with three."""
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def magnification(images: np.ndarray) -> int:
    """How many times to enlarge small images ``[n, h, w, c]``: to 64 pixels at most."""
    return max(1, 64 // images.shape[1])


def scatter(samples: np.ndarray, real: np.ndarray | None = None) -> np.ndarray:
    """Generated points ``[n, 2]`` over real ones, uint8 ``[h, w, 3]``."""
    figure, axes = new_figure(4.5, 4.5)
    if real is not None:
        axes.scatter(*real.T, s=3, color="0.75", label="real", linewidths=0)
    axes.scatter(*samples.T, s=3, color="tab:red", label="generated", linewidths=0)
    points = samples if real is None else real
    middle = (points.max(0) + points.min(0)) / 2
    reach = max(float((points.max(0) - points.min(0)).max()) * 0.65, 1e-3)
    axes.set_xlim(middle[0] - reach, middle[0] + reach)
    axes.set_ylim(middle[1] - reach, middle[1] + reach)
    axes.set_aspect("equal")
    axes.legend(loc="upper right", markerscale=3)
    return as_image(figure)


def save_curves(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes ``curves`` as a PNG."""
    save_image(path, curves(rows))


def curves(rows: list[dict[str, Any]]) -> np.ndarray:
    """Losses, D's accuracy, logits and gradient norms over the steps, uint8 ``[h, w, 3]``.

    Args:
      rows: of ``metrics.jsonl``; a missing value, or null, leaves a gap.
    """
    panels = {
        "loss": ("d/loss", "g/loss"),
        "D's accuracy": ("d/accuracy_real", "d/accuracy_fake"),
        "D's mean logit": ("d/logits_real", "d/logits_fake"),
        "gradient norm": ("d/gradient_norm", "g/gradient_norm"),
    }
    figure, axes = new_figure(11, 6, 2, 2)
    for axis, (title, names) in zip(axes.ravel(), panels.items(), strict=True):
        for name in names:
            points = [(row["step"], row[name]) for row in rows if row.get(name) is not None]
            if points:
                axis.plot(*zip(*points, strict=True), label=name, linewidth=1)
        axis.set_title(title)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend()
    axes[1, 1].set_yscale("log")
    figure.tight_layout()
    return as_image(figure)


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1):
    """A figure and its axes, without pyplot, which needs a display and keeps global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def as_image(figure) -> np.ndarray:
    """The figure as pixels, uint8 ``[h, w, 3]``."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
