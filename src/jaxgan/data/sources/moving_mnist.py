"""Moving MNIST: two digits that cross a frame and bounce off its edges.

Srivastava, Mansimov & Salakhutdinov, "Unsupervised learning of video representations using LSTMs",
ICML 2015, arXiv:1502.04681; their code draws clips so: 64 pixels, 20 frames, constant speed, the
brighter of two digits where they overlap.
"""

import functools

import numpy as np

from jaxgan.data.source import Rows, Source
from jaxgan.data.sources.drawn_clips import drawn_clips
from jaxgan.data.sources.tfds import open_tfds
from jaxgan.data.splitmix import uniform
from jaxgan.errors import UserError

FRAMES = 20
"""Frames of a clip; ``moving_mnist:10`` has the first ten."""

SIDE = 64
DIGITS = 2

STEP = 0.1
"""Way of a digit from one frame to the next, in parts of the way that it can go."""

COUNTS = {"train": 10_000, "test": 2000}

SEEDS = {"train": 2015, "test": 2016}


def open_moving_mnist(
    words: str, split: str, data_dir: str | None = None, resolution: int | None = None
) -> Source:
    """Moving MNIST, uint8 ``[frames, 64, 64, 1]``; ``train`` of MNIST's train digits, so ``test``.

    Args:
      words: what follows ``moving_mnist:``, the number of frames; empty for 20.
      split: ``train``, ``test``, or a part of them.
      data_dir: where MNIST is prepared.
      resolution: 64, or 32 for means of 2 x 2 pixels.

    Raises:
      UserError: MNIST is not prepared, or there is no such split, number of frames or resolution.
    """
    if resolution not in (None, 32, 64):
        raise UserError(f"--resolution {resolution}: moving_mnist has 64 or 32 pixels.")
    if words and not (words.isdecimal() and 2 <= int(words) <= FRAMES):
        raise UserError(f"moving_mnist:{words}: give a number of frames, 2 to {FRAMES}.")
    frames, side = int(words or FRAMES), resolution or SIDE
    images = functools.cache(lambda part: open_tfds("mnist", part, data_dir).arrays()["image"])

    def draw(part: str, places: np.ndarray) -> Rows:
        clips = digit_clips(images(part)[..., 0], places, SEEDS[part], frames)
        if side != SIDE:
            parts = clips.reshape(*clips.shape[:2], side, 2, side, 2)
            clips = np.rint(parts.mean(axis=(3, 5))).astype(np.uint8)
        return {"image": clips[..., None]}

    digits = [open_tfds("mnist", part, data_dir).fingerprint for part in COUNTS]
    return drawn_clips(
        "moving_mnist" if frames == FRAMES else f"moving_mnist:{frames}",
        split,
        COUNTS,
        (frames, side, side, 1),
        draw,
        (1, SEEDS, digits),
    )


def digit_clips(digits: np.ndarray, places: np.ndarray, seed: int, frames: int) -> np.ndarray:
    """The clips of these places, uint8 ``[n, frames, 64, 64]``.

    Args:
      digits: uint8 ``[count, 28, 28]``.
      places: integers ``[n]``.
      seed: of the data set.
      frames: of a clip.
    """
    x = uniform(places, 4 * DIGITS, seed).reshape(-1, DIGITS, 4)
    chosen = (len(digits) * x[..., 0]).astype(int)
    angle = 2 * np.pi * x[..., 1]
    side = digits.shape[1]
    room = SIDE - side
    position, speed = x[..., 2:], STEP * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    clips = np.zeros((len(chosen), frames, SIDE, SIDE), np.uint8)
    for frame in range(frames):
        corners = (room * position).astype(int)
        for number, digit in np.ndindex(chosen.shape):
            top, left = corners[number, digit]
            seen = clips[number, frame, top : top + side, left : left + side]
            np.maximum(seen, digits[chosen[number, digit]], out=seen)
        position = position + speed
        out = (position <= 0) | (position >= 1)
        position, speed = np.clip(position, 0, 1), np.where(out, -speed, speed)
    return clips
