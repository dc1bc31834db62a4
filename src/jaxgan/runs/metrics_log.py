"""Rows of metrics: ``metrics.jsonl`` and TensorBoard."""

import json
import math
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.files import GrowingFile, replacing
from jaxgan.runs.disk import Disk


class MetricsLog:
    """``metrics.jsonl`` and TensorBoard events: one row per log.

    A row that the disk refuses waits for the next one; what TensorBoard would show is left out.
    """

    def __init__(self, jsonl: Path, tensorboard: Path, since: int, disk: Disk | None = None):
        """Opens both for the rows after step ``since``; later rows of an earlier try go.

        A run that was killed after its last checkpoint repeats those steps. Lines that are
        damaged stay where they are, but for those among the rows that go.

        Args:
          jsonl: the file of rows.
          tensorboard: the folder of events.
          since: the last step whose row stays.
          disk: told of what cannot be written.

        Raises:
          OSError: they cannot be opened.
        """
        kept, later = [], False
        for line in _lines(jsonl):
            row = _row(line)
            later = later or (row is not None and row["step"] > since)
            if row["step"] <= since if row is not None else not later:
                kept.append(line)
        with replacing(jsonl) as part:
            part.write_bytes(b"".join(line + b"\n" for line in kept))
        self._path, self._disk = jsonl, disk or Disk()
        self._rows = GrowingFile(jsonl)
        self._events = Events(tensorboard, since + 1 if kept else None)

    def write(self, row: Mapping[str, Any]) -> None:
        """Appends a row; a value that is not finite is written as null."""
        line = json.dumps({name: _finite(value) for name, value in row.items()}) + "\n"
        with self._disk.tolerated("a row of metrics", self._path):
            self._rows.write(line.encode())
        floats = {name: value for name, value in row.items() if isinstance(value, float)}
        self._scalars(floats, row["step"])

    def scores(self, values: Mapping[str, float], step: int) -> None:
        """Shows scores in TensorBoard; their rows, with protocols, are in ``evaluations.jsonl``."""
        self._scalars({f"evaluation/{name}": value for name, value in values.items()}, step)

    def image(self, name: str, image: np.ndarray, step: int) -> None:
        """Shows an image uint8 ``[h, w, c]`` in TensorBoard."""
        from tensorboardX import summary

        self._show(list(summary.image(name, image, dataformats="HWC").value), step)

    def play(self, path: Path, step: int) -> None:
        """Plays a file, one of ``PLAYED``, in TensorBoard, which takes them as they are encoded."""
        from tensorboardX.proto.summary_pb2 import Summary  # pyright: ignore

        self._show([PLAYED[path.suffix](Summary, path)], step)

    def close(self) -> None:
        """Writes what waits, and closes both."""
        with self._disk.tolerated("rows of metrics", self._path):
            self._rows.write()
        self._rows.close()
        self._events.close()

    def _scalars(self, values: Mapping[str, float], step: int) -> None:
        from tensorboardX import summary

        self._show([summary.scalar(name, value).value[0] for name, value in values.items()], step)

    def _show(self, values: list[Any], step: int) -> None:
        with self._disk.tolerated("TensorBoard events", self._events.path):
            self._events.write(values, step)


class Events:
    """A file of TensorBoard's events.

    tensorboardX writes events in a thread, which a full disk ends with a traceback, and nothing is
    written from then on. Here it only encodes them.
    """

    def __init__(self, folder: Path, purge_step: int | None):
        """Makes a new file in ``folder``.

        Args:
          folder: where TensorBoard looks.
          purge_step: what earlier files have of this step and later ones is not shown.

        Raises:
          OSError: it cannot be made.
        """
        from tensorboardX.proto.event_pb2 import Event, SessionLog  # pyright: ignore

        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() / 1e9:.6f}.{socket.gethostname()}"
        self.path = folder / name
        self._file = GrowingFile(self.path)
        self._add(Event(file_version="brain.Event:2"))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._add(Event(step=purge_step, session_log=start))

    def write(self, values: list[Any], step: int) -> None:
        """Appends values of TensorBoard's ``Summary`` as one event.

        Raises:
          OSError: the disk refuses it; it is left out.
        """
        from tensorboardX.proto.event_pb2 import Event  # pyright: ignore
        from tensorboardX.proto.summary_pb2 import Summary  # pyright: ignore

        try:
            self._add(Event(step=step, summary=Summary(value=values)))
        except OSError:
            self._file.waiting = b""
            raise

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _add(self, event: Any) -> None:
        from tensorboardX.record_writer import masked_crc32c

        event.wall_time = time.time()
        body = event.SerializeToString()
        length = struct.pack("<Q", len(body))
        checks = (struct.pack("<I", masked_crc32c(part)) for part in (length, body))
        self._file.write(length + next(checks) + body + next(checks))


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
