"""Peak signal-to-noise ratio to the true image, in decibels."""

import numpy as np

from jaxgan.metrics.metric import Metric
from jaxgan.metrics.paired import MODALITIES, mean_of

ROUNDING = 1.0 / 12.0
"""The mean squared error that rounding to integers makes: no smaller one is told from it, so equal
images have 58.9 dB and not infinitely many."""


def psnr(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    """``10 log10(255^2 / mean squared error)`` of each pair of images, float64 ``[n]``.

    Args:
      true: uint8 ``[n, h, w, c]``.
      made: as ``true``.
    """
    squares = np.square(true.astype(np.float64) - made.astype(np.float64))
    error = np.maximum(squares.mean(axis=(1, 2, 3)), ROUNDING)
    return 10.0 * np.log10(255.0**2 / error)


METRIC = Metric(
    name="psnr",
    about="peak signal-to-noise ratio to the true image, dB, mean over images",
    compute=mean_of(psnr),
    values={"mean": "higher", "standard_error": ""},
    title=lambda distance: "PSNR dB",
    network="",
    modalities=MODALITIES,
    real_score="",
    keeps="samples",
    paired=True,
)
