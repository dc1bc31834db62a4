"""Sound as a modality: one channel, 16 bits a sample, at a known rate."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jaxgan.data.modality import IMAGES, Modality, Range, refuse_flip
from jaxgan.rng import Rng
from jaxgan.spectrograms import of_int16, to_int16
from jaxgan.types import Batch
from jaxgan.viz import sound

NAME = "sounds"
"""The name of the modality, whatever its rate."""


@functools.cache
def sounds(rate: int) -> Modality:
    """Sound of ``rate`` samples a second, int16 ``[samples]``; networks see float32 in [-1, 1).

    The batch's entry is ``sound``. A grid of spectrograms shows sounds, and WAV files.
    """

    def preview(
        samples: np.ndarray, real: Mapping[str, np.ndarray] | None, columns: int | None
    ) -> np.ndarray:
        del real
        return sound.spectrograms(samples, rate, columns)

    return dataclasses.replace(
        IMAGES,
        name=NAME,
        rate=rate,
        prepare=_prepare,
        quantize=_quantize,
        preview=preview,
        dtype=np.int16,
        metrics=("fd_log_mel",),
        thorough_metrics=("fd_log_mel", "nearest_log_mel"),
        write=functools.partial(_write, rate=rate),
        suffix=".wav",
        sheets={".wav": functools.partial(_write_all, rate=rate)},
        key="sound",
        preview_size=16,
        measured=500,
        flips=False,
        interpolates=False,
    )


def _prepare(batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
    del rng, range
    refuse_flip(flip, "sounds")
    return {**batch, "sound": of_int16(batch["sound"])}


def _quantize(samples: np.ndarray, range: Range) -> np.ndarray:
    del range
    return to_int16(samples)


def _write(path: Path, sample: np.ndarray, rate: int) -> None:
    path.write_bytes(sound.wav_bytes(sample, rate))


def _write_all(path: Path, samples: np.ndarray, rate: int) -> None:
    sound.write_wav(path, sound.in_turn(samples, rate), rate)
