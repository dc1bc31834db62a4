"""The nearest real recording of each generated sound, by log-mel features; see ``log_mels``."""

import numpy as np

from jaxgan.metrics.log_mels import PRECISION, check_rates, features, parameters
from jaxgan.metrics.metric import SOUNDS, Comparison, Found, Metric
from jaxgan.metrics.neighbors import nearest_neighbors


def _compute(comparison: Comparison) -> Found:
    check_rates(comparison)
    near = nearest_neighbors(features(comparison.real), features(comparison.generated))
    return {
        "median_distance": float(np.median(near.distances)),
        "copies": float(np.mean(near.distances == 0.0)),
    }, {}


METRIC = Metric(
    name="nearest_log_mel",
    about="distance to the nearest training recording, a look for memorization",
    compute=_compute,
    values={"median_distance": "", "copies": "lower"},
    title=lambda distance: "nearest-real-log-mel",
    network="",
    modalities=frozenset({SOUNDS}),
    parameters=parameters,
    precision=PRECISION,
    keeps="samples",
)
