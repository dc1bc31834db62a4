"""The mean of what is measured of each sample, and how well it is known."""

import math

import numpy as np


def summary(scores: np.ndarray) -> dict[str, float]:
    """``mean`` and ``standard_error`` of scores ``[n]``, in float64; 0 for the error of one."""
    scores = scores.astype(np.float64)
    deviation = float(scores.std(ddof=1)) if len(scores) > 1 else 0.0
    return {"mean": float(scores.mean()), "standard_error": deviation / math.sqrt(len(scores))}
