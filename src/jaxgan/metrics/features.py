"""What every metric asks of the features it is given, and the Gaussian fitted to them."""

import dataclasses

import numpy as np

from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Gaussian:
    """A Gaussian by its mean ``[d]`` and a factor ``[d, rank]`` of its covariance, float64."""

    mean: np.ndarray
    factor: np.ndarray


def checked(features: np.ndarray, name: str, least: int = 1) -> np.ndarray:
    """``features`` as a NumPy array, if it can be scored.

    Args:
      features: ``[n, d]``, floating.
      name: what messages call it: ``real features``, ``generated features``.
      least: how many rows the metric needs.

    Raises:
      UserError: not a table of numbers, too few rows, or rows with NaN or infinity.
    """
    features = np.asarray(features)
    if features.ndim != 2:
        raise UserError(
            f"The {name} have shape {features.shape}; they must be [samples, features]."
        )
    if len(features) < least:
        raise UserError(f"There are {len(features)} rows of {name}; this metric needs {least}.")
    bad = ~np.isfinite(features).all(axis=1)
    if bad.any():
        raise UserError(
            f"{bad.sum()} of {len(features)} rows of the {name} hold NaN or infinity "
            f"(first: row {bad.argmax()}). The generator or the extractor has diverged."
        )
    return features


def alike(first: np.ndarray, second: np.ndarray) -> None:
    """Refuses two sets of features of different width.

    Raises:
      UserError: they come from different extractors or layers.
    """
    if first.shape[-1] != second.shape[-1]:
        raise UserError(
            f"Features of {first.shape[-1]} and of {second.shape[-1]} dimensions cannot be "
            "compared; take both from one extractor."
        )
