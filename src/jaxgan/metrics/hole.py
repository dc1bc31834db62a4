"""How near completed images are to the originals, beside what needs no network.

Mean L1 and L2 errors in percent, of values in [0, 1], and the peak signal-to-noise ratio in dB
(Pathak et al. 2016, "Context encoders", their table of inpainting), of what was hidden alone.
Sample ``i`` is the completion of real sample ``i``. Two controls fill the same holes: the mean
color of all that is known, and of each missing pixel the nearest known one.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import scipy.ndimage

from jaxgan.errors import UserError
from jaxgan.metrics.metric import IMAGES, Better, Comparison, Found, Metric
from jaxgan.metrics.psnr import ROUNDING

Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``(images [n, h, w, c], holes [n, h, w]) -> images``, the same but in the holes."""


@dataclasses.dataclass(frozen=True)
class Errors:
    """Means over images: ``l1`` and ``l2`` in percent, ``psnr`` in dB, of each image's ``l2``."""

    l1: float
    l2: float
    psnr: float


def errors(real: np.ndarray, completed: np.ndarray, holes: np.ndarray) -> Errors:
    """Errors within the holes, over their pixels and channels.

    Args:
      real: uint8 ``[n, h, w, c]``.
      completed: as ``real``, in the same order.
      holes: bool ``[n, h, w]``; there is one in every image.
    """
    triples = zip(real, completed, holes, strict=True)
    found = np.array([_errors(true[hole], made[hole]) for true, made, hole in triples])
    ratios = -10 * np.log10(np.maximum(found[:, 1], ROUNDING / 255**2))
    l1, l2 = 100 * found.mean(axis=0)
    return Errors(float(l1), float(l2), float(ratios.mean()))


def _errors(real: np.ndarray, completed: np.ndarray) -> tuple[float, float]:
    difference = (completed.astype(np.float64) - real) / 255
    return float(np.abs(difference).mean()), float(np.square(difference).mean())


def mean_color(images: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """The images with the holes in the mean color of all known pixels."""
    filled = images.copy()
    filled[holes] = np.round(images[~holes].mean(axis=0, dtype=np.float64))
    return filled


def nearest_border(images: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """The images with every missing pixel a copy of the nearest known one, or of one of them."""
    return np.stack([_bordered(image, hole) for image, hole in zip(images, holes, strict=True)])


def _bordered(image: np.ndarray, hole: np.ndarray) -> np.ndarray:
    places = scipy.ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    rows, columns = np.asarray(places)
    return image[rows, columns]


CONTROLS: dict[str, Fill] = {"the mean color": mean_color, "the nearest border": nearest_border}
"""What fills the holes beside the generator."""

ERRORS: dict[str, Better] = {"l1": "lower", "l2": "lower", "psnr": "higher"}
"""What is measured, and which of it is better."""


def holes_of(comparison: Comparison) -> np.ndarray:
    """Where the generated samples complete images, bool ``[n, h, w]``.

    Raises:
      UserError: it is not known.
    """
    holes = comparison.generated.hidden()
    if holes is None:
        raise UserError(
            f"No hole is known of {comparison.generated.name}; leave hole out of --metrics."
        )
    return holes


def _compute(comparison: Comparison) -> Found:
    real, completed = comparison.real.array(), comparison.generated.array()
    holes = holes_of(comparison)

    def found(filled: np.ndarray) -> dict[str, float]:
        return dataclasses.asdict(errors(real, filled, holes))

    controls = {name: found(fill(real, holes)) for name, fill in CONTROLS.items()}
    return found(completed), {"hidden_share": float(holes.mean()), "controls": controls}


def _parameters(comparison: Comparison) -> dict[str, str]:
    """What was hidden, the same for every seed: of masks that are drawn, not how much they are."""
    first, *others = holes_of(comparison)
    if all(np.array_equal(first, other) for other in others):
        return {"hidden": f"the same {first.sum():,} of {first.size:,} pixels of each image"}
    return {"hidden": "of each image what its own mask says"}


METRIC = Metric(
    name="hole",
    about="errors within what was hidden of completed images, beside two controls",
    compute=_compute,
    values=ERRORS,
    title=lambda distance: "mean L1 of the hole, %",
    network="",
    modalities=frozenset({IMAGES}),
    parameters=_parameters,
    real_score="",
    keeps="samples",
    paired=True,
    hidden=True,
)
