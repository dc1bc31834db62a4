r"""The Fréchet distance between Gaussians fitted to two sets of features.

.. math:: d^2 = |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^{1/2})

Dowson and Landau 1982, "The Fréchet distance between multivariate normal distributions"; over
the features of one particular Inception network it is the FID of Heusel et al. 2017 ("GANs
trained by a two time-scale update rule converge to a local Nash equilibrium"). Over any other
features it has another name.

With ``C = R R^T``, the last trace is the sum of the singular values of ``R_1^T R_2``. That holds
for every factor ``R``, also a thin one. So no matrix square root of an unsymmetric product is
taken, which is what turns complex or NaN elsewhere, and few samples make the work smaller
instead of worse. All of it is float64 on the host.
"""

import dataclasses

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.features import Gaussian, alike, checked
from jaxgan.metrics.metric import Comparison, Found, Metric

BLOCK = 4096
"""Rows that are converted to float64 at once."""

WELL_CONDITIONED = 1e-4
"""Smallest over largest pivot for which a Cholesky factor is taken; below, ``eigh``."""


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Mean and covariance of features.

    Attributes:
      count: number of samples they were computed from.
      mean: float64 ``[d]``.
      covariance: float64 ``[d, d]``, with ``count - 1`` in the denominator (``ddof=1``, as in
        ``np.cov``; StyleGAN's code divides by ``count``).
    """

    count: int
    mean: np.ndarray
    covariance: np.ndarray


def statistics(features: np.ndarray, name: str = "features") -> Statistics:
    """Count, mean and covariance of ``features`` ``[n, d]``, accumulated in float64.

    Raises:
      UserError: fewer than two rows, or NaN or infinity among them; says ``name``.
    """
    features = checked(features, name, least=2)
    mean = features.mean(axis=0, dtype=np.float64)
    moment = np.zeros((len(mean), len(mean)))
    for start in range(0, len(features), BLOCK):
        centered = features[start : start + BLOCK] - mean
        moment += centered.T @ centered
    return Statistics(len(features), mean, moment / (len(features) - 1))


def frechet_distance(real: Statistics, fake: Statistics) -> float:
    """The squared Fréchet distance (what is reported as FID) between two sets' statistics.

    Raises:
      UserError: the dimensions differ, or a statistic is NaN or infinite; says which.
    """
    alike(real.mean, fake.mean)
    return between(gaussian(real, "real statistics"), gaussian(fake, "generated statistics"))


def frechet_distance_of_features(real: np.ndarray, fake: np.ndarray) -> float:
    """The squared Fréchet distance between features ``[n, d]`` and ``[m, d]``.

    A set with no more samples than dimensions is its own factor: the same value as through
    covariances, but exact and cheaper.

    Raises:
      UserError: the dimensions differ, too few rows, or NaN or infinity; says which set.
    """
    alike(np.asarray(real), np.asarray(fake))
    return between(
        gaussian_of_features(real, "real features"),
        gaussian_of_features(fake, "generated features"),
    )


def between(first: Gaussian, second: Gaussian) -> float:
    """The squared Fréchet distance between two Gaussians, never below zero."""
    traces = np.sum(first.factor**2) + np.sum(second.factor**2)
    coupling = np.linalg.svd(first.factor.T @ second.factor, compute_uv=False).sum()
    offset = first.mean - second.mean
    return max(float(offset @ offset + traces - 2 * coupling), 0.0)


def gaussian(statistics: Statistics, name: str = "statistics") -> Gaussian:
    """The Gaussian with these statistics.

    Raises:
      UserError: NaN or infinity among them; says ``name``.
    """
    mean = np.asarray(statistics.mean, np.float64)
    covariance = np.asarray(statistics.covariance, np.float64)
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise UserError(f"The {name} hold NaN or infinity. Recompute them from sound features.")
    return Gaussian(mean, _factor(covariance))


def gaussian_of_features(features: np.ndarray, name: str = "features") -> Gaussian:
    """The Gaussian fitted to ``features`` ``[n, d]``, by the cheaper of two exact routes.

    Raises:
      UserError: fewer than two rows, or NaN or infinity among them; says ``name``.
    """
    features = checked(features, name, least=2)
    count, dimension = features.shape
    if count > dimension:
        return gaussian(statistics(features, name))
    features = features.astype(np.float64)
    mean = features.mean(axis=0)
    return Gaussian(mean, (features - mean).T / np.sqrt(count - 1))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """``R`` with ``R R^T = covariance``; without columns for directions of zero variance."""
    try:
        factor = np.linalg.cholesky(covariance)  # a twentieth of the time of eigh
        pivots = np.diagonal(factor)
        if pivots.min() > WELL_CONDITIONED * pivots.max():
            return factor
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    # Rounding leaves null directions at about this size, of either sign; their roots, which are
    # 1e-8 of the largest and not 1e-16, would add up.
    kept = values > len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    return vectors[:, kept] * np.sqrt(values[kept])


def _compute(comparison: Comparison) -> Found:
    distance = between(comparison.real.gaussian, comparison.generated.gaussian)
    return {"distance": distance}, {}


METRIC = Metric(
    name="fd",
    about="Fréchet distance between Gaussians fitted to features",
    compute=_compute,
    values={"distance": "lower"},
    title=lambda distance: distance,
    keeps="",
)
