import jax
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.cas import classification_accuracy_score
from jaxgan.metrics.extractors.classifier import (
    Training,
    accuracy,
    classifier_extractor,
    predictions,
    train_classifier,
)

SHORT = Training(steps=50, batch=16, learning_rate=3e-3)


def quadrants(seed: int, n: int):
    """Noise with one bright quarter; which one is the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(4, size=n)
    images = rng.integers(0, 120, (n, 4, 4, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[label // 2 * 2 :, label % 2 * 2 :][:2, :2] += 130
    return images, labels


def train(images, labels):
    variables = train_classifier(jax.random.key(0), images, labels, 4, SHORT)
    return classifier_extractor(variables, "quadrants")


@pytest.fixture(scope="module")
def extractor():
    return train(*quadrants(0, 400))


def test_it_learns_its_classes_and_names_its_weights(extractor):
    images, labels = quadrants(1, 130)
    assert accuracy(extractor, images, labels) > 0.9
    np.testing.assert_array_equal(
        predictions(extractor, images, batch=50), predictions(extractor, images)
    )
    assert extractor.features(images).shape == (130, extractor.dimension)
    assert extractor.name == f"classifier-quadrants-{extractor.weights_sha256[:8]}"
    again = train(*quadrants(0, 400))
    assert again.weights_sha256 == extractor.weights_sha256
    assert train(*quadrants(2, 400)).weights_sha256 != extractor.weights_sha256


def test_the_accuracy_score_of_good_and_of_useless_fakes():
    def classify(images, labels):
        trained = train(images, labels)
        return lambda images: predictions(trained, images)

    reals = quadrants(1, 200)
    good, labels = quadrants(3, 400)
    assert classification_accuracy_score(classify, good, labels, *reals) > 0.9
    useless = np.random.default_rng(0).integers(0, 256, good.shape, dtype=np.uint8)
    assert classification_accuracy_score(classify, useless, labels, *reals) < 0.6


def test_faults_are_refused():
    images, labels = quadrants(0, 20)
    for call in (
        lambda: train(images / 255, labels),
        lambda: train(images, labels + 1),
        lambda: train(images, labels[:5]),
        lambda: train(images, labels / 1.0),
    ):
        with pytest.raises(UserError):
            call()
