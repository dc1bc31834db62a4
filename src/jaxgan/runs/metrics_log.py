"""Rows of metrics: ``metrics.jsonl`` and TensorBoard."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.files import replacing


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
        """Shows scores in TensorBoard; their rows, with protocols, are in ``evaluations.jsonl``."""
        for name, value in values.items():
            self._writer.add_scalar(f"evaluation/{name}", value, step)

    def image(self, name: str, image: np.ndarray, step: int) -> None:
        """Shows an image uint8 ``[h, w, c]`` in TensorBoard."""
        self._writer.add_image(name, image, step, dataformats="HWC")

    def play(self, path: Path, step: int) -> None:
        """Plays a file, one of ``PLAYED``, in TensorBoard, which takes them as they are encoded."""
        from tensorboardX.proto.summary_pb2 import Summary  # pyright: ignore

        summary = Summary(value=[PLAYED[path.suffix](Summary, path)])
        assert self._writer.file_writer is not None, "the writer is open"
        self._writer.file_writer.add_summary(summary, step)

    def close(self) -> None:
        """Flushes both."""
        self._file.close()
        self._writer.close()


def _moving(summary: Any, path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as movie:
        width, height = movie.size
    content = path.read_bytes()
    image = summary.Image(height=height, width=width, colorspace=3, encoded_image_string=content)
    return summary.Value(tag="moving samples", image=image)


def _heard(summary: Any, path: Path) -> Any:
    import soundfile

    found = soundfile.info(path)
    audio = summary.Audio(
        sample_rate=found.samplerate,
        num_channels=found.channels,
        length_frames=found.frames,
        encoded_audio_string=path.read_bytes(),
        content_type="audio/wav",
    )
    return summary.Value(tag="samples one after another", audio=audio)


def _read(summary: Any, path: Path) -> Any:
    del summary
    from tensorboardX.summary import text

    # As Markdown, where four spaces keep a line as it is.
    lines = path.read_text("utf-8").splitlines()
    return text("sentences", "\n".join(f"    {line}" for line in lines)).value[0]


PLAYED = {".gif": _moving, ".wav": _heard, ".txt": _read}
"""Suffixes of files that TensorBoard plays, which the training saves -> what it is told of them."""


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
