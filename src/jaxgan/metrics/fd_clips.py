"""The Fréchet distance between clips' features: what stays in a clip, and how much it changes."""

from jaxgan.metrics.clip_features import clip_features, distance, frame_features
from jaxgan.metrics.metric import VIDEOS, Comparison, Found, Metric


def _compute(comparison: Comparison) -> Found:
    return distance(
        clip_features(frame_features(comparison.real)),
        clip_features(frame_features(comparison.generated)),
    )


METRIC = Metric(
    name="fd_clips",
    about="Fréchet distance between means and changes of frames' features; not FVD",
    compute=_compute,
    values={"distance": "lower"},
    title=lambda distance: f"{distance} of clips",
    modalities=frozenset({VIDEOS}),
)
