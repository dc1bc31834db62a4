"""The Fréchet distance extrapolated to infinitely many generated samples.

Its bias is about proportional to 1/N (Chong and Forsyth 2020, "Effectively unbiased FID and
Inception score and where to find them", section 4), so a line through distances at several N
gives the value at 1/N = 0. The reference is fixed: its own bias stays.
"""

import dataclasses

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.features import Gaussian, alike, checked
from jaxgan.metrics.frechet import between, gaussian_of_features
from jaxgan.metrics.metric import Comparison, Found, Metric

POINTS = 15
"""Numbers of samples through whose distances the line is drawn; as in dgm-eval."""


@dataclasses.dataclass(frozen=True)
class Extrapolation:
    """A line through distances over 1/N.

    Attributes:
      value: the distance at 1/N = 0. Noise can take it below zero.
      slope: its increase per 1/N.
      counts: the N, ``[points]``.
      distances: the distance at each of them.
    """

    value: float
    slope: float
    counts: np.ndarray
    distances: np.ndarray


def frechet_infinity(
    real: Gaussian,
    fake: np.ndarray,
    *,
    seed: int = 0,
    points: int = POINTS,
    smallest: int | None = None,
) -> Extrapolation:
    """Extrapolates the squared Fréchet distance of ``fake`` ``[n, d]`` from ``real``.

    Args:
      real: the reference (``frechet.gaussian`` or ``frechet.gaussian_of_features``).
      fake: generated features.
      seed: draws the subsets, one per N, without replacement.
      points: how many N, evenly spaced from ``smallest`` to n; 15 as in dgm-eval.
      smallest: least N; None for 5,000 or a tenth of n, whichever is less.

    Raises:
      UserError: too few samples for so many points, NaN, or other dimensions.
    """
    fake = checked(fake, "generated features", least=2)
    alike(real.mean, fake)
    smallest = min(5000, len(fake) // 10) if smallest is None else smallest
    counts = np.linspace(smallest, len(fake), points).astype(int)
    if points < 2 or smallest < 2 or len(set(counts)) < points:
        raise UserError(
            f"{len(fake)} samples from {smallest} up do not give {points} different numbers; "
            "generate more samples or ask for fewer points (at least 2)."
        )
    rng = np.random.default_rng(seed)
    distances = np.array(
        [between(real, gaussian_of_features(rng.permutation(fake)[:n])) for n in counts]
    )
    slope, value = np.polyfit(1 / counts, distances, 1)
    return Extrapolation(float(value), float(slope), counts, distances)


def _compute(comparison: Comparison) -> Found:
    line = frechet_infinity(comparison.real.gaussian, comparison.generated.features)
    points = {"counts": line.counts.tolist(), "distances": line.distances.tolist()}
    return {"distance": line.value, "slope": line.slope}, points


METRIC = Metric(
    name="fd-infinity",
    about="Fréchet distance extrapolated to infinitely many samples",
    compute=_compute,
    values={"distance": "lower", "slope": ""},
    title=lambda distance: f"{distance}-infinity",
    parameters=lambda comparison: {"points": POINTS},
    least=20,
)
