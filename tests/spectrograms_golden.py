"""Writes mel_filters.npz: filter banks of librosa, of which most numbers are zero.

    python tests/spectrograms_golden.py

Needs librosa.
"""

from pathlib import Path

import librosa
import numpy as np

SETTINGS = {
    "telephone": (8000, 256, 40, 0, 4000),
    "hifigan": (22_050, 1024, 80, 0, 8000),
    "band": (16_000, 512, 20, 40, 7800),
}

banks = {}
for name, (rate, size, mels, low, high) in SETTINGS.items():
    bank = librosa.filters.mel(sr=rate, n_fft=size, n_mels=mels, fmin=low, fmax=high).T
    banks[name] = bank[:: 4 if name == "hifigan" else 1].astype(np.float32)
np.savez_compressed(Path(__file__).with_name("mel_filters.npz"), **banks)
