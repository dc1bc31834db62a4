"""The Fréchet distance between clips' features: what stays in a clip, and how much it changes."""

from jaxgan.metrics.clip_features import clip_features, frame_features
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.metric import VIDEOS, Comparison, Found, Metric


def _compute(comparison: Comparison) -> Found:
    real, made = (
        clip_features(frame_features(one)) for one in (comparison.real, comparison.generated)
    )
    return {"distance": frechet_distance_of_features(real, made)}, {}


METRIC = Metric(
    name="fd_clips",
    about="Fréchet distance between means and changes of frames' features; not FVD",
    compute=_compute,
    values={"distance": "lower"},
    title=lambda distance: f"{distance} of clips",
    modalities=frozenset({VIDEOS}),
)
