"""Clips as a modality: a few frames of equal length, that move."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jaxgan.data.modality import IMAGES
from jaxgan.viz import moving


def _preview(
    samples: np.ndarray, real: Mapping[str, np.ndarray] | None, columns: int | None
) -> np.ndarray:
    del real, columns
    return moving.strips(samples)


def _write(path: Path, sample: np.ndarray) -> None:
    path.write_bytes(moving.gif_bytes(sample))


VIDEOS = dataclasses.replace(
    IMAGES,
    name="videos",
    preview=_preview,
    metrics=("acd",),
    thorough_metrics=("acd", "fd_frames", "fd_clips"),
    write=_write,
    suffix=".gif",
    sheets={
        ".gif": lambda path, clips: moving.write_gif(path, moving.moving_grid(clips)),
        ".mp4": lambda path, clips: moving.write_mp4(path, moving.moving_grid(clips)),
    },
    preview_size=16,
    flips=False,
    interpolates=False,
)
"""Clips uint8 ``[frames, height, width, channels]``; strips of frames show them, and GIFs."""
