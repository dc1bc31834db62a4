"""Mean distance between two generated samples, in features: a look for mode collapse.

A generator that draws few different images has a much smaller one than held-out real images have. A
larger one does not make it better: noise has a large one too.
"""

import numpy as np
from scipy.spatial.distance import pdist

from jaxgan.errors import UserError
from jaxgan.metrics.features import checked
from jaxgan.metrics.metric import Comparison, Found, Metric

MOST = 2000
"""Samples whose distances are measured at most: two million pairs."""


def mean_pairwise_distance(features: np.ndarray, *, most: int = MOST, seed: int = 0) -> float:
    """Mean Euclidean distance over all pairs of different rows of ``features`` ``[n, d]``.

    Args:
      features: of the samples.
      most: of more rows, so many are drawn at random.
      seed: of that draw.

    Raises:
      UserError: fewer than two rows, or NaN or infinity.
    """
    features = checked(features, "features")
    if len(features) < 2:
        raise UserError("A distance between two samples needs two; score more of them.")
    if len(features) > most:
        features = features[np.random.default_rng(seed).choice(len(features), most, replace=False)]
    return float(pdist(features.astype(np.float64)).mean())


def _compute(comparison: Comparison) -> Found:
    return {"distance": mean_pairwise_distance(comparison.generated.features)}, {}


METRIC = Metric(
    name="pairwise",
    about="mean distance between two samples, a look for mode collapse",
    compute=_compute,
    values={"distance": ""},
    title=lambda distance: f"pairwise-{distance.removeprefix('FD-')}",
    parameters=lambda comparison: {"most": MOST},
    against="",
)
