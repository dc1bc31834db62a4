"""The mean absolute difference to the true image, in percent of the range of pixels.

It is what the L1 term of pix2pix minimizes (Isola et al. 2017, equation 3), and what inpainting
papers print (Pathak et al. 2016).
"""

import numpy as np

from jaxgan.metrics.metric import Metric
from jaxgan.metrics.paired import MODALITIES, mean_of


def l1(true: np.ndarray, made: np.ndarray) -> np.ndarray:
    """Percent of 255 for each pair of images uint8 ``[n, h, w, c]``, float64 ``[n]``."""
    difference = np.abs(true.astype(np.float64) - made.astype(np.float64))
    return 100.0 / 255.0 * difference.mean(axis=(1, 2, 3))


METRIC = Metric(
    name="l1",
    about="mean absolute difference to the true image, % of the range",
    compute=mean_of(l1),
    values={"mean": "lower", "standard_error": ""},
    title=lambda distance: "L1 %",
    network="",
    modalities=MODALITIES,
    real_score="",
    keeps="samples",
    paired=True,
)
