"""A folder of clips: GIF files, or folders of frames."""

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from jaxgan.data.source import Rows, Source, digest
from jaxgan.data.sources.decode import UnreadableError, decode, fit, to_array, to_mode
from jaxgan.data.sources.folder import SUFFIXES
from jaxgan.data.sources.image_files import labeled
from jaxgan.data.sources.long_files import decode_once, list_split
from jaxgan.data.videos import VIDEOS
from jaxgan.errors import UserError

MOVIES = (".mp4", ".avi", ".mov", ".webm", ".mkv")
"""Suffixes of files that are named to a person who has no other."""


@dataclasses.dataclass(frozen=True)
class Window:
    """Which frames make a clip.

    Attributes:
      frames: of a clip; None for all of the shortest file.
      every: from one frame that is kept to the next.
    """

    frames: int | None = None
    every: int = 1


def parse(words: str) -> tuple[Window, Path]:
    """``DIR``, ``FRAMES:DIR`` or ``FRAMESxEVERY:DIR``, as they follow ``clips:``.

    Raises:
      UserError: no folder is named.
    """
    found = re.fullmatch(r"(?:(\d+)(?:x(\d+))?:)?(.+)", words)
    if not found:
        raise UserError("clips: names no folder; give clips:DIR, or clips:16:DIR for 16 frames.")
    frames, every, folder = found.groups()
    window = Window(int(frames) if frames else None, int(every or 1))
    if window.every < 1 or (window.frames is not None and window.frames < 2):
        raise UserError(f"clips:{words}: a clip has at least 2 frames, 1 or more apart.")
    return window, Path(folder)


def open_clips(
    words: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
) -> Source:
    """Opens a folder of clips, uint8 ``[frames, height, width, channels]``.

    A clip is a GIF file, or a folder of images that are its frames in the order of their names.
    Subfolders ``train``, ``test``, ``validation`` and ``val`` are splits, as of a folder of images;
    below that, the first level of folders that hold clips are the classes. A longer file gives as
    many clips as fit into it one after another.

    Args:
      words: ``DIR``, ``16:DIR`` for clips of 16 frames, ``16x2:DIR`` for every second frame.
      split: TFDS's split syntax.
      resolution: see ``decode.fit``.
      channels: 1 or 3, which is the default.

    Raises:
      UserError: no such folder or split, no clips, files that are unreadable, too short or of
        several sizes.
    """
    window, folder = parse(words)
    folder = folder.expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Check its path after clips:.")
    listed = list_split(folder, split, list_clips, _nothing)
    files = listed.files
    decoded = decode_once(
        files,
        lambda path: _frames(path, resolution, channels or 3),
        lambda path: frames_of(path) if path.is_dir() else [path],
    )
    _check_sizes(decoded.shapes)
    lengths = [length for length, *_ in decoded.shapes]
    frames = window.frames or min(lengths)
    needed = (frames - 1) * window.every + 1
    if short := [path for path, n in zip(files, lengths, strict=True) if n < needed]:
        more = f", and {len(short) - 1} more like it" if len(short) > 1 else ""
        raise UserError(
            f"{short[0]} has fewer than the {needed} frames that a clip needs{more}. Ask for "
            "fewer, or remove it."
        )
    starts = [
        (number, start)
        for number, length in enumerate(lengths)
        for start in range(0, length - needed + 1, frames * window.every)
    ]
    chosen = np.array([number for number, _ in starts])
    labels = None if listed.labels is None else listed.labels[chosen]

    def read(indices: np.ndarray) -> Rows:
        clips = []
        for index in indices:
            number, start = starts[index]
            clips.append(decoded.read(number)[start : start + needed : window.every])
        return labeled({"image": np.stack(clips)}, None if labels is None else labels[indices])

    return Source(
        name=f"clips:{folder.resolve().name}",
        split=split,
        size=len(starts),
        shape=(frames, *decoded.shapes[0][1:]),
        read=read,
        fingerprint=digest(
            decoded.hashes,
            starts,
            frames,
            window.every,
            resolution,
            channels,
            list(listed.class_names or ("",)),
        ),
        classes=len(listed.class_names) or None,
        class_names=listed.class_names,
        modality=VIDEOS,
    )


def list_clips(root: Path) -> list[Path]:
    """GIF files, and folders that hold images and no folders, below ``root``; hidden ones not."""
    found = []
    for path, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen = [name for name in files if not name.startswith(".")]
        found += [Path(path, name) for name in seen if name.lower().endswith(".gif")]
        if not folders and Path(path) != root and frames_of(Path(path)):
            found.append(Path(path))
    return sorted(found, key=lambda clip: clip.relative_to(root).as_posix())


def frames_of(folder: Path) -> list[Path]:
    """The images in a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.name.lower().endswith(SUFFIXES))


def _nothing(folder: Path) -> str:
    """What is wrong with a folder without clips."""
    movies = [path for path in folder.rglob("*") if path.suffix.lower() in MOVIES]
    if movies:
        return (
            f"{folder} holds {movies[0].name}, which is not read. Turn it into frames: ffmpeg -i "
            f"{movies[0].name} FOLDER/%06d.png"
        )
    return f"{folder} holds no clips. Put GIF files there, or folders of frames."


def _check_sizes(shapes: Sequence[tuple[int, ...]]) -> None:
    """Raises ``UserError`` if the frames of clips ``(n, h, w, c)`` differ in size."""
    sizes = sorted({shape[1:] for shape in shapes})
    if len(sizes) > 1:
        (h, w, _), (other_h, other_w, _) = sizes[0], sizes[-1]
        raise UserError(
            f"The clips have several sizes, from {w}x{h} to {other_w}x{other_h}; give --resolution."
        )


def _frames(path: Path, resolution: int | None, channels: int) -> np.ndarray:
    """All frames of a clip, uint8 ``[n, h, w, c]``."""
    if path.is_dir():
        frames = [decode(file, channels, resolution) for file in frames_of(path)]
    else:
        try:
            with Image.open(path) as movie:
                plain = [to_mode(frame.copy(), channels) for frame in ImageSequence.Iterator(movie)]
        except Exception as error:  # Pillow's plug-ins raise nearly anything on damaged files
            raise UnreadableError(
                str(error).splitlines()[0] if str(error) else "damaged"
            ) from error
        frames = [to_array(one if resolution is None else fit(one, resolution)) for one in plain]
    if len({frame.shape for frame in frames}) > 1:
        raise UnreadableError("its frames have several sizes")
    return np.stack(frames)
