"""Scores of images that were made from others and whose true targets are known.

Each generated image is compared with the true one of its own row; a distance between distributions
does not see whether the two show the same.
"""

from collections.abc import Callable

import numpy as np

from jaxgan.metrics.mean import summary
from jaxgan.metrics.metric import IMAGES, PAIRS, Comparison, Found

MODALITIES = frozenset({IMAGES, PAIRS})
"""Images that are completed, and pairs."""

BLOCK = 256
"""Pairs that are compared at once."""

Score = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""``(true, generated) -> scores``: uint8 ``[n, h, w, c]`` twice, floating ``[n]``."""


def mean_of(score: Score) -> Callable[[Comparison], Found]:
    """A metric's ``compute``: the mean of ``score`` over pairs, and its standard error.

    The sources themselves, left as they are, are a control, where they have the shape of targets.
    """

    def compute(comparison: Comparison) -> Found:
        true, made = comparison.real.array(), comparison.generated.array()
        origins, details = comparison.generated.origins(), {}
        if origins is not None and origins.shape == true.shape:
            details["controls"] = {"the sources unchanged": _summary(score, true, origins)}
        return _summary(score, true, made), details

    return compute


def _summary(score: Score, true: np.ndarray, made: np.ndarray) -> dict[str, float]:
    parts = [
        score(true[at : at + BLOCK], made[at : at + BLOCK]) for at in range(0, len(true), BLOCK)
    ]
    return summary(np.concatenate(parts))
