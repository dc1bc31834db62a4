"""The Fréchet distance between features of single frames, all frames of all clips together."""

import numpy as np

from jaxgan.metrics.clip_features import frame_features
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.metric import VIDEOS, Comparison, Found, Metric, Samples


def _frames(samples: Samples) -> np.ndarray:
    """The features of all frames, ``[n t, d]``."""
    found = frame_features(samples)
    return found.reshape(-1, found.shape[-1])


def _compute(comparison: Comparison) -> Found:
    real, made = _frames(comparison.real), _frames(comparison.generated)
    return {"distance": frechet_distance_of_features(real, made)}, {}


METRIC = Metric(
    name="fd_frames",
    about="Fréchet distance between features of single frames",
    compute=_compute,
    values={"distance": "lower"},
    title=lambda distance: f"{distance} of frames",
    modalities=frozenset({VIDEOS}),
)
