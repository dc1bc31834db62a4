"""The classification accuracy score: how well a classifier trained on fakes sorts real images.

Ravuri and Vinyals 2019, "Classification accuracy score for conditional generative models", train a
ResNet-50 on ImageNet-sized fakes. Which classifier, and its accuracy when trained on as many real
images, belong beside the number.
"""

from collections.abc import Callable

import jax
import numpy as np

from jaxgan.metrics.extractors.classifier import classifier_extractor, predictions, train_classifier
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Metric, Samples, held_out_of, labels_of


def classification_accuracy_score(
    train: Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]],
    fakes: np.ndarray,
    fake_labels: np.ndarray,
    reals: np.ndarray,
    real_labels: np.ndarray,
) -> float:
    """Trains on generated images, and returns the top-1 accuracy on real ones.

    Args:
      train: (images, labels) -> the trained classifier, (images) -> integer labels ``[n]``.
      fakes: uint8 ``[n, h, w, c]``.
      fake_labels: integers ``[n]``: what the generator was asked for.
      reals: uint8 ``[m, h, w, c]``, held out of the generator's training.
      real_labels: integers ``[m]``.
    """
    classify = train(fakes, fake_labels)
    return float(np.mean(classify(reals) == np.asarray(real_labels)))


def _accuracy(comparison: Comparison, teacher: Samples) -> Found:
    """The accuracy on held-out images of a classifier that learned from ``teacher``."""
    test = held_out_of(comparison)
    classes = int(max(labels_of(comparison.real).max(), labels_of(teacher).max())) + 1

    def train(images: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        variables = train_classifier(jax.random.key(0), images, labels, classes)
        learned = classifier_extractor(variables, "cas")
        return lambda images: predictions(learned, images)

    value = classification_accuracy_score(
        train, teacher.array(), labels_of(teacher), test.array(), labels_of(test)
    )
    return {"accuracy": value}, {}


METRIC = Metric(
    name="cas",
    about="accuracy on real images of a classifier trained on generated ones",
    compute=lambda comparison: _accuracy(comparison, comparison.generated),
    values={"accuracy": "higher"},
    title=lambda distance: "CAS-small-classifier",
    modalities=frozenset({IMAGES}),
    network="",
    parameters=lambda comparison: {"classifier": "2 convolutions, 2000 steps of 128"},
    real_score=lambda comparison: _accuracy(comparison, comparison.real),
    against="held out",
    precision="float32 (HIGHEST)",
    keeps="samples",
    labels=True,
)
