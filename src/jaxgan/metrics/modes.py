r"""Mode coverage: which of the known modes a generator reaches, and how evenly.

``KL(generated || target)`` in nats, over modes, classes that were never generated adding nothing.
The literature calls this direction the reverse KL; VEEGAN (Srivastava et al. 2017), PacGAN (Lin
et al. 2018) and R3GAN (Huang et al. 2024) use it for stacked MNIST. Even a perfect sampler does
not score 0, but about ``(modes - 1) / (2 n)``: state n, and put ``kl_floor`` beside the score.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.features import alike, checked
from jaxgan.metrics.metric import IMAGES, POINTS, Comparison, Found, Metric

WITHIN = 3.0
"""Standard deviations from the nearest mode, within which a point is of high quality."""


@dataclasses.dataclass(frozen=True)
class MixtureCoverage:
    """How samples lie about the modes of a mixture.

    Attributes:
      captured: modes with at least one high-quality sample.
      high_quality: share of samples near a mode. A perfect sampler scores ``perfect_share``,
        not 1; more than that says that its modes are too narrow.
      reverse_kl: ``KL`` of the high-quality samples' modes from equal shares, nats; infinite
        without any such sample. PacGAN's table says "reverse KL"; its code computes a
        Jensen-Shannon divergence of the same counts, ``js``.
      js: that divergence, nats.
      counts: high-quality samples of each mode, ``[modes]``.
    """

    captured: int
    high_quality: float
    reverse_kl: float
    js: float
    counts: np.ndarray


@dataclasses.dataclass(frozen=True)
class ClassCoverage:
    """How labels are spread: classes seen, ``KL(labels || target)``, samples of each class."""

    captured: int
    reverse_kl: float
    counts: np.ndarray


def mixture_coverage(
    samples: np.ndarray, modes: np.ndarray, deviation: float, *, within: float = WITHIN
) -> MixtureCoverage:
    """Scores samples of an equal mixture of round Gaussians.

    PacGAN, section 4.1, after VEEGAN: a sample is of high quality if it lies within three standard
    deviations of the nearest mode; 2,500 samples.

    Args:
      samples: ``[n, d]``.
      modes: their centers ``[modes, d]``.
      deviation: standard deviation (not variance) of each coordinate: 0.01 for the ring of 8,
        0.05 for the grid of 25.
      within: how many of them count as near. In two dimensions the distance is Mahalanobis'.

    Raises:
      UserError: no samples, NaN or infinity, or other dimensions.
    """
    samples = checked(samples, "samples").astype(np.float64)
    modes = checked(modes, "modes").astype(np.float64)
    alike(samples, modes)
    distances = np.linalg.norm(samples[:, None] - modes[None], axis=-1)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) < within * deviation
    counts = np.bincount(nearest[good], minlength=len(modes))
    equal = np.full(len(modes), 1 / len(modes))
    return MixtureCoverage(
        captured=int((counts > 0).sum()),
        high_quality=float(good.mean()),
        reverse_kl=_kl_of_counts(counts, equal),
        js=_js_of_counts(counts, equal),
        counts=counts,
    )


def perfect_share(within: float = WITHIN) -> float:
    """High-quality share of a perfect sampler in the plane: ``1 - exp(-within^2/2)``, 98.89 %."""
    return 1 - math.exp(-(within**2) / 2)


def class_coverage(
    labels: np.ndarray, classes: int, target: np.ndarray | None = None
) -> ClassCoverage:
    """Scores the labels that a classifier gave to generated images.

    Args:
      labels: integers ``[n]``, from 0.
      classes: number of classes, 1,000 for stacked MNIST.
      target: their true shares ``[classes]``; None for equal ones, as in the papers (those of
        MNIST's digits are not quite equal, which costs a perfect model 0.004).

    Raises:
      UserError: no labels, labels out of range, or shares that are none.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"Labels must be integers [n]; these are {labels.dtype} {labels.shape}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise UserError(
            f"Labels run from {labels.min()} to {labels.max()}, outside {classes} classes."
        )
    counts = np.bincount(labels, minlength=classes)
    return ClassCoverage(
        captured=int((counts > 0).sum()),
        reverse_kl=_kl_of_counts(counts, _shares(classes, target)),
        counts=counts,
    )


def stacked_labels(digits: np.ndarray, base: int = 10) -> np.ndarray:
    """The class of stacked digits: ``[n, 3]`` -> ``[n]``, 0 to 999, first channel hundreds."""
    digits = np.asarray(digits)
    return digits @ base ** np.arange(digits.shape[1] - 1, -1, -1)


def kl_floor(
    count: int,
    classes: int,
    target: np.ndarray | None = None,
    *,
    shares: np.ndarray | None = None,
    draws: int = 100,
    seed: int = 0,
) -> tuple[float, float]:
    """The ``reverse_kl`` that a perfect sampler gets from ``count`` samples, by simulation.

    Args:
      count: samples per evaluation.
      classes: number of classes.
      target: shares that the KL is from; None for equal ones.
      shares: those that the perfect sampler has; None for ``target``.
      draws: simulated evaluations.
      seed: of the simulation.

    Returns:
      Mean and standard deviation over evaluations. 26,000 samples of 1,000 equal classes give
      0.0193 and 0.0009.
    """
    target = _shares(classes, target)
    shares = target if shares is None else _shares(classes, shares)
    rows = _simulated(count, shares, draws, seed)
    values = np.array([_kl_of_counts(row, target) for row in rows])
    return float(values.mean()), float(values.std())


def perfect_coverage(
    count: int, classes: int, *, draws: int = 100, seed: int = 0
) -> dict[str, float]:
    """What ``count`` samples that are all good, of equal shares, score on average.

    Args:
      count: samples per evaluation, at least one.
      classes: modes or classes.
      draws: simulated evaluations, the same as those of ``kl_floor``.
      seed: of the simulation.

    Returns:
      ``captured``, ``reverse_kl`` and ``js``, as in ``MixtureCoverage``.
    """
    equal = _shares(classes, None)
    rows = _simulated(count, equal, draws, seed)
    return {
        "captured": float((rows > 0).sum(axis=1).mean()),
        "reverse_kl": float(np.mean([_kl_of_counts(row, equal) for row in rows])),
        "js": float(np.mean([_js_of_counts(row, equal) for row in rows])),
    }


def _simulated(count: int, shares: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Counts of classes, ``[draws, classes]``."""
    return np.random.default_rng(seed).multinomial(count, shares, size=draws)


def _shares(classes: int, shares: np.ndarray | None) -> np.ndarray:
    if shares is None:
        return np.full(classes, 1 / classes)
    shares = np.asarray(shares, np.float64)
    if shares.shape != (classes,) or (shares < 0).any() or not np.isclose(shares.sum(), 1):
        raise UserError(f"The classes' shares must be {classes} numbers that sum to 1.")
    return shares


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    seen = p > 0
    with np.errstate(divide="ignore"):  # a class that must not occur: infinite, as it should be
        return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


def _kl_of_counts(counts: np.ndarray, target: np.ndarray) -> float:
    total = counts.sum()
    return _kl(counts / total, target) if total else math.inf


def _js_of_counts(counts: np.ndarray, target: np.ndarray) -> float:
    total = counts.sum()
    if not total:
        return math.log(2)
    p = counts / total
    middle = (p + target) / 2
    return (_kl(p, middle) + _kl(target, middle)) / 2


def _compute(comparison: Comparison) -> Found:
    """Modes reached: of a mixture of Gaussians, or classes as the classifier sees them."""
    generated = comparison.generated
    if generated.modality == POINTS:
        centers, deviation = _mixture(comparison)
        found = mixture_coverage(generated.array(), centers, deviation)
        values = {
            "captured": found.captured,
            "high_quality": found.high_quality,
            "reverse_kl": found.reverse_kl,
            "js": found.js,
        }
        about = _beside_points(generated.count, found.counts)
        return values, {"counts": found.counts.tolist(), **about}
    if comparison.classes is None:
        raise UserError(
            f"modes counts classes, and {comparison.real.name} has none; choose other metrics."
        )
    seen = class_coverage(generated.predictions, comparison.classes)
    values = {"captured": seen.captured, "reverse_kl": seen.reverse_kl}
    perfect = perfect_coverage(generated.count, comparison.classes)
    about = {"perfect": {name: perfect[name] for name in values}}
    return values, {"counts": seen.counts.tolist(), **about}


def _beside_points(count: int, counts: np.ndarray) -> dict[str, Any]:
    """What a perfect sampler scores with as many samples, and with as many as were of high quality.

    Of few samples the KL is high even where they are perfect. How many are good differs from score
    to score, so it is no part of the protocol, which scores of one column share.
    """
    share, good = perfect_share(), int(counts.sum())
    best = perfect_coverage(round(count * share), len(counts))
    about: dict[str, Any] = {"perfect": {**best, "high_quality": share}}
    if good:
        about["perfect_of_good"] = {"n": good, **perfect_coverage(good, len(counts))}
    return about


def _mixture(comparison: Comparison) -> tuple[np.ndarray, float]:
    if comparison.mixture is None:
        raise UserError(
            f"modes counts the modes of a mixture, which {comparison.real.name} is not; of the "
            "points only ring and grid are."
        )
    return comparison.mixture


def _parameters(comparison: Comparison) -> dict[str, Any]:
    """What a sampler that makes no mistake scores at this number of samples."""
    count = comparison.generated.count
    if comparison.generated.modality == POINTS:
        centers, deviation = _mixture(comparison)
        good = round(count * perfect_share())
        floor = kl_floor(good, len(centers))[0]
        about = {"modes": len(centers), "deviation": deviation, "within": WITHIN}
        return about | {"perfect_high_quality": perfect_share(), "perfect_kl": floor}
    if comparison.classes is None:
        return {}
    return {"classes": comparison.classes, "perfect_kl": kl_floor(count, comparison.classes)[0]}


METRIC = Metric(
    name="modes",
    about="modes reached and reverse KL: of ring and grid, or of a data set's classes",
    compute=_compute,
    values={"captured": "higher", "high_quality": "higher", "reverse_kl": "lower", "js": "lower"},
    title=lambda distance: "modes",
    network="classifier",
    modalities=frozenset({POINTS, IMAGES}),
    parameters=_parameters,
    keeps="samples",
    least=1,
)
