"""Sound as WAV files, and as pictures of its spectrum."""

import io
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from jaxgan.files import replacing
from jaxgan.viz.pictures import grid

PAUSE = 0.25
"""Seconds of silence between two sounds of one file."""

WINDOW = 0.02
"""Seconds of a spectrum's window, about."""

SIZE = (96, 160)
"""Height and width of a spectrogram in pixels."""

DECIBELS = 80.0
"""From the loudest of a picture to black."""


def wav_bytes(samples: np.ndarray, rate: int) -> bytes:
    """A WAV file of int16 ``[samples]``."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def write_wav(path: Path, samples: np.ndarray, rate: int) -> None:
    """Writes int16 ``[samples]`` as a WAV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(wav_bytes(samples, rate))


def in_turn(sounds: np.ndarray, rate: int) -> np.ndarray:
    """Sounds ``[n, samples]`` one after the other, with pauses, ``[all samples]``."""
    padded = np.pad(sounds, ((0, 0), (0, round(PAUSE * rate))))
    return padded.ravel()[: -round(PAUSE * rate)]


def spectrograms(sounds: np.ndarray, rate: int, columns: int | None = None) -> np.ndarray:
    """A grid of spectrograms of int16 ``[n, samples]``, uint8 ``[h, w, 3]``.

    Each has time to the right and frequency upward, from 0 to half the rate; colors are decibels
    below the loudest of all.
    """
    from matplotlib import colormaps

    levels = np.stack([_decibels(one, rate) for one in sounds.astype(np.float64) / 32768.0])
    shown = np.clip(1 + (levels - levels.max()) / DECIBELS, 0, 1)
    return grid((colormaps["magma"](shown)[..., :3] * 255).astype(np.uint8), columns, gap=4)


def _decibels(samples: np.ndarray, rate: int) -> np.ndarray:
    """Power in decibels at ``SIZE`` places of time and frequency."""
    window = 2 ** round(np.log2(max(WINDOW * rate, 16)))
    transform = ShortTimeFFT(hann(window, sym=False), hop=window // 4, fs=rate)
    power = transform.spectrogram(np.pad(samples, (0, max(0, window - len(samples)))))
    height, width = SIZE
    rows = np.linspace(power.shape[0] - 1, 0, height).round().astype(int)
    columns = np.linspace(0, power.shape[1] - 1, width).round().astype(int)
    return 10 * np.log10(power[np.ix_(rows, columns)] + 1e-10)
