"""How near completed images are to the originals, beside what needs no network.

Mean L1 and L2 errors in percent, of values in [0, 1], and the peak signal-to-noise ratio in dB
(Pathak et al. 2016, "Context encoders", their table of inpainting). Sample ``i`` is the completion
of real sample ``i``. Two controls fill the same holes: the mean color of all that is known, and of
each missing pixel the nearest known one.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.ndimage

from jaxgan.holes import central_hole
from jaxgan.metrics.metric import IMAGES, Better, Comparison, Found, Metric
from jaxgan.metrics.psnr import ROUNDING

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``(images [n, h, w, c], hole [h, w]) -> images``, the same but where the hole is."""


@dataclasses.dataclass(frozen=True)
class Errors:
    """Means over images: ``l1`` and ``l2`` in percent, ``psnr`` in dB, of each image's ``l2``."""

    l1: float
    l2: float
    psnr: float


def errors(real: np.ndarray, completed: np.ndarray, hole: np.ndarray) -> Errors:
    """Errors within the hole, over its pixels and channels.

    Args:
      real: uint8 ``[n, h, w, c]``.
      completed: as ``real``, in the same order.
      hole: bool ``[h, w]``.
    """
    pairs = zip(real[:, hole], completed[:, hole], strict=True)
    found = np.array([_errors(*pair) for pair in pairs])
    ratios = -10 * np.log10(np.maximum(found[:, 1], ROUNDING / 255**2))
    l1, l2 = 100 * found.mean(axis=0)
    return Errors(float(l1), float(l2), float(ratios.mean()))


def _errors(real: np.ndarray, completed: np.ndarray) -> tuple[float, float]:
    difference = (completed.astype(np.float64) - real) / 255
    return float(np.abs(difference).mean()), float(np.square(difference).mean())


def mean_color(images: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The images with the hole in the mean color of all their known pixels."""
    filled = images.copy()
    filled[:, hole] = np.round(images[:, ~hole].mean(axis=(0, 1), dtype=np.float64))
    return filled


def nearest_border(images: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """The images with every missing pixel a copy of the nearest known one, or of one of them."""
    places = scipy.ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    rows, columns = np.asarray(places)
    return images[:, rows, columns]


CONTROLS: dict[str, Fill] = {"the mean color": mean_color, "the nearest border": nearest_border}
"""What fills the holes beside the generator."""


ERRORS: dict[str, Better] = {"l1": "lower", "l2": "lower", "psnr": "higher"}
"""What is measured, and which of it is better."""


def hole(overlap: int) -> Metric:
    """The metric of images whose central square was completed, within its hidden part.

    ``overlap`` is how many pixels of the square were known, from each side. A run with a smaller
    one is scored within the same pixels.
    """

    def compute(comparison: Comparison) -> Found:
        real, completed = comparison.real.array(), comparison.generated.array()
        height, width, _ = comparison.generated.shape
        missing = central_hole(height, width, overlap)

        def found(filled: np.ndarray) -> dict[str, float]:
            return dataclasses.asdict(errors(real, filled, missing))

        controls = {name: found(fill(real, missing)) for name, fill in CONTROLS.items()}
        return found(completed), {"controls": controls}

    def parameters(comparison: Comparison) -> dict[str, str]:
        height, width, _ = comparison.generated.shape
        rows, columns = np.nonzero(central_hole(height, width, overlap))
        return {"hole": f"central {np.ptp(rows) + 1} x {np.ptp(columns) + 1} pixels"}

    return Metric(
        name="hole",
        about="errors within the hole that was completed, beside two controls",
        compute=compute,
        values=ERRORS,
        title=lambda distance: "mean L1 of the hole, %",
        network="",
        modalities=frozenset({IMAGES}),
        parameters=parameters,
        real_score="",
        keeps="samples",
        paired=True,
    )
