"""The Fréchet distance between sounds' log-mel features; see ``log_mels``."""

from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.log_mels import PRECISION, check_rates, features, parameters
from jaxgan.metrics.metric import SOUNDS, Comparison, Found, Metric


def _compute(comparison: Comparison) -> Found:
    check_rates(comparison)
    real, made = features(comparison.real), features(comparison.generated)
    return {"distance": frechet_distance_of_features(real, made)}, {}


METRIC = Metric(
    name="fd_log_mel",
    about="Fréchet distance between statistics of log-mel spectrograms; not the FAD",
    compute=_compute,
    values={"distance": "lower"},
    title=lambda distance: "FD-log-mel",
    network="",
    modalities=frozenset({SOUNDS}),
    parameters=parameters,
    precision=PRECISION,
    keeps="samples",
)
