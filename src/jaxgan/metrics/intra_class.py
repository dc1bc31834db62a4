"""The Fréchet distance within each class.

Miyato and Koyama 2018, "cGANs with projection discriminator", section 4: their intra-FID is the
mean over classes. With few samples per class it is mostly the estimator's bias: compare it with
real against real at the same numbers only.
"""

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Metric, labels_of


def intra_class_distances(
    real: np.ndarray, real_labels: np.ndarray, fake: np.ndarray, fake_labels: np.ndarray
) -> dict[int, float]:
    """The squared Fréchet distance of each class that the real data have.

    Args:
      real: features ``[n, d]``.
      real_labels: integers ``[n]``.
      fake: features ``[m, d]``.
      fake_labels: integers ``[m]``: what the generator was asked for.

    Returns:
      class -> distance; their mean is the intra-class distance.

    Raises:
      UserError: labels and features differ in number, or a class has fewer than two samples.
    """
    real, fake = np.asarray(real), np.asarray(fake)
    real_labels, fake_labels = np.asarray(real_labels), np.asarray(fake_labels)
    for features, labels, name in ((real, real_labels, "real"), (fake, fake_labels, "generated")):
        if labels.shape != features.shape[:1]:
            raise UserError(
                f"{labels.shape} labels do not fit {len(features)} rows of {name} features."
            )
    distances = {}
    for label in np.unique(real_labels):
        reals, fakes = real[real_labels == label], fake[fake_labels == label]
        if min(len(reals), len(fakes)) < 2:
            raise UserError(
                f"Class {label} has {len(reals)} real and {len(fakes)} generated samples; each "
                "class needs 2 of both."
            )
        distances[int(label)] = frechet_distance_of_features(reals, fakes)
    return distances


def _compute(comparison: Comparison) -> Found:
    real, generated = comparison.real, comparison.generated
    found = intra_class_distances(
        real.features, labels_of(real), generated.features, labels_of(generated)
    )
    classes = {str(label): value for label, value in found.items()}
    return {"mean": float(np.mean(list(found.values())))}, {"classes": classes}


METRIC = Metric(
    name="intra-fd",
    about="Fréchet distance within each class, mean over classes",
    compute=_compute,
    values={"mean": "lower"},
    modalities=frozenset({IMAGES}),
    title=lambda distance: f"intra-class-{distance}",
    labels=True,
)
