"""Moving pictures: frames in, GIF or MP4 files out."""

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np

from jaxgan.errors import UserError
from jaxgan.files import replacing
from jaxgan.viz.pictures import grid, magnification, to_pillow

RATE = 8
"""Frames in a second."""


def moving_grid(clips: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Clips side by side, playing at once.

    Args:
      clips: uint8 ``[n, t, h, w, c]``; small ones are enlarged.
      columns: clips in a row; as square as possible if None.

    Returns:
      Frames, uint8 ``[t, H, W, c]``.
    """
    magnify = magnification(clips[:, 0])
    frames = np.stack([grid(frame, columns) for frame in clips.swapaxes(0, 1)])
    return frames.repeat(magnify, 1).repeat(magnify, 2)


def strips(clips: np.ndarray, most: int = 8) -> np.ndarray:
    """Each clip as a row of frames, evenly spaced, ``most`` at most; uint8 ``[H, W, c]``."""
    length = clips.shape[1]
    count = min(most, length)
    shown = clips[:, np.linspace(0, length - 1, count).round().astype(int)]
    magnify = magnification(shown[:, 0])
    return grid(shown.reshape(-1, *shown.shape[2:]), count).repeat(magnify, 0).repeat(magnify, 1)


def gif_bytes(frames: np.ndarray, rate: float = RATE) -> bytes:
    """Frames uint8 ``[t, h, w, c]`` as a GIF that repeats; each frame has its own 256 colors."""
    file = io.BytesIO()
    first, *rest = [to_pillow(frame) for frame in frames]
    first.save(file, format="GIF", save_all=True, append_images=rest, duration=1000 / rate, loop=0)
    return file.getvalue()


def write_gif(path: Path, frames: np.ndarray) -> None:
    """Writes frames uint8 ``[t, h, w, c]`` as a GIF that repeats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(gif_bytes(frames))


def write_mp4(path: Path, frames: np.ndarray) -> None:
    """Writes frames uint8 ``[t, h, w, c]`` as an MP4, by ffmpeg.

    Raises:
      UserError: there is no ffmpeg, or it fails.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise UserError(f"{path}: MP4 needs ffmpeg, which is not installed; give NAME.gif.")
    _, height, width, channels = frames.shape
    # H.264 halves its colors: sides are even.
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    colors = np.broadcast_to(even, (*even.shape[:3], 3)) if channels == 1 else even
    size = f"{even.shape[2]}x{even.shape[1]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(RATE), "-i", "-"]
        encoded = ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", str(part)]
        done = subprocess.run(
            [program, "-loglevel", "error", "-y", *source, *encoded],
            input=np.ascontiguousarray(colors).tobytes(),
            capture_output=True,
        )
        if done.returncode:
            words = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            raise UserError(f"{path}: ffmpeg failed ({words[-1]}); give NAME.gif.")
