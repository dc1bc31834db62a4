"""What a person looks at: rows of metrics, TensorBoard, grids of samples, curves."""

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


class MetricsLog:
    """``metrics.jsonl`` and TensorBoard events: one row per log."""

    def __init__(self, jsonl: Path, tensorboard: Path, since: int):
        """Opens both for the rows after step ``since``; later rows of an earlier try go.

        A run that was killed after its last checkpoint repeats those steps. Lines that are
        damaged stay where they are, but for those among the rows that go.
        """
        from tensorboardX import SummaryWriter

        kept, later = [], False
        for line in _lines(jsonl):
            row = _row(line)
            later = later or (row is not None and row["step"] > since)
            if row["step"] <= since if row is not None else not later:
                kept.append(line)
        with replacing(jsonl) as part:
            part.write_bytes(b"".join(line + b"\n" for line in kept))
        self._file = jsonl.open("a")
        self._writer = SummaryWriter(str(tensorboard), purge_step=since + 1 if kept else None)

    def write(self, row: Mapping[str, Any]) -> None:
        """Appends a row; a value that is not finite is written as null."""
        self._file.write(json.dumps({name: _finite(value) for name, value in row.items()}) + "\n")
        self._file.flush()
        for name, value in row.items():
            if name != "step" and isinstance(value, float):
                self._writer.add_scalar(name, value, row["step"])

    def scores(self, values: Mapping[str, float], step: int) -> None:
        """Shows scores in TensorBoard; their rows, with stamps, are in ``evaluations.jsonl``."""
        for name, value in values.items():
            self._writer.add_scalar(f"evaluation/{name}", value, step)

    def image(self, name: str, image: np.ndarray, step: int) -> None:
        """Shows an image uint8 ``[h, w, c]`` in TensorBoard."""
        self._writer.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Flushes both."""
        self._file.close()
        self._writer.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a ``metrics.jsonl``; lines that are cut off or damaged are left out."""
    return [row for row in map(_row, _lines(path)) if row is not None]


def _lines(path: Path) -> list[bytes]:
    """Bytes, so that what cannot be decoded can still be written back."""
    if not path.is_file():
        return []
    return [line for line in path.read_bytes().split(b"\n") if line]


def _row(line: bytes) -> dict[str, Any] | None:
    """The row that a line holds; None if it holds none."""
    try:
        row = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and type(row.get("step")) is int else None


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def grid(images: np.ndarray, columns: int | None = None, gap: int = 2) -> np.ndarray:
    """Images uint8 ``[n, h, w, c]`` side by side in rows, uint8 ``[H, W, c]``.

    Args:
      images: what to show, row by row.
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


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path``; on an error ``path`` stays as it was."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def save_image(path: Path, image: np.ndarray, magnify: int = 1) -> None:
    """Writes a uint8 ``[h, w, c]`` PNG, each pixel ``magnify`` pixels wide."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = image.repeat(magnify, 0).repeat(magnify, 1)
    with replacing(path) as part:
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(part, format="PNG")


def magnification(images: np.ndarray) -> int:
    """How much to enlarge a grid of small images for the eye: up to about 64 pixels each."""
    return max(1, 64 // images.shape[1])


def scatter(samples: np.ndarray, real: np.ndarray | None = None) -> np.ndarray:
    """Toy samples ``[n, 2]`` over real points, as a picture uint8 ``[h, w, 3]``."""
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
    """A run's losses, D's accuracy, logits, and gradient norms, uint8 ``[h, w, 3]``."""
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
    """A figure without pyplot, so that no display and no global state is needed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def as_image(figure) -> np.ndarray:
    """The figure as pixels, uint8 ``[h, w, 3]``."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
