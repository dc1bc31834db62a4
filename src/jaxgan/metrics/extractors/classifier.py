"""A small classifier of the data set at hand: features and classes for MNIST-like images.

ImageNet's features say little about digits. This network is trained on the real images, in about
a minute on two CPU cores, and then is an extractor like the others: it counts modes (stacked
MNIST), scores classes, and gives a Fréchet distance that is named after it. Its weights differ
from training to training, so their sum is part of every result; compare only within one.
"""

import dataclasses
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.extractors.weights import sha256_of_tensors
from jaxgan.rng import named
from jaxgan.types import Key

FEATURES = 128


class SmallClassifier(nn.Module):
    """Two 5x5 convolutions that halve, and a hidden layer of ``FEATURES``."""

    classes: int

    @nn.compact
    def __call__(self, images: jax.Array) -> Output:
        """Images of 0 to 255 ``[n, h, w, c]`` -> the hidden layer and logits."""
        x = images.astype(jnp.float32) / 127.5 - 1
        for width in (32, 64):
            conv = nn.Conv(width, (5, 5), (2, 2), precision=lax.Precision.HIGHEST)
            x = nn.relu(conv(x))
        x = x.reshape(len(x), -1)
        features = nn.relu(nn.Dense(FEATURES, precision=lax.Precision.HIGHEST)(x))
        return Output(features, nn.Dense(self.classes, precision=lax.Precision.HIGHEST)(features))


@dataclasses.dataclass(frozen=True)
class Training:
    """How it is trained: Adam on the cross-entropy, batches drawn with replacement.

    Attributes:
      steps: number of batches.
      batch: images in each.
      learning_rate: at the start; it falls to 0 along half a cosine.
    """

    steps: int = 2000
    batch: int = 128
    learning_rate: float = 1e-3

    @property
    def optimizer(self) -> optax.GradientTransformation:
        """Adam with that schedule."""
        return optax.adam(optax.cosine_decay_schedule(self.learning_rate, self.steps))


def train_classifier(
    key: Key,
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    training: Training = Training(),
) -> Any:
    """Trains ``SmallClassifier`` and returns its variables.

    Args:
      key: a scalar typed key, of the initial weights and the batches.
      images: uint8 ``[n, h, w, c]``; all of them are put on the device.
      labels: integers ``[n]``, from 0.
      classes: number of classes.
      training: steps, batch size and learning rate.

    Raises:
      UserError: images are not uint8, or labels do not fit.
    """
    images, labels = np.asarray(images), np.asarray(labels)
    _check(images, labels, classes)
    variables = SmallClassifier(classes).init(named(key, "init"), images[:1])
    state = training.optimizer.init(variables)
    data = jnp.asarray(images), jnp.asarray(labels, jnp.int32)
    batches = named(key, "batches")
    for number in range(training.steps):
        variables, state = _step(variables, state, batches, number, *data, classes, training)
    return variables


@partial(jax.jit, static_argnames=("classes", "training"))
def _step(variables, state, key, number, images, labels, classes: int, training: Training):
    key = jax.random.fold_in(key, number)
    rows = jax.random.randint(key, (training.batch,), 0, len(images))

    def loss(variables):
        logits: Any = SmallClassifier(classes).apply(variables, images[rows])[1]
        return jnp.mean(optax.softmax_cross_entropy_with_integer_labels(logits, labels[rows]))

    updates, state = training.optimizer.update(jax.grad(loss)(variables), state)
    return optax.apply_updates(variables, updates), state


def accuracy(extractor: Extractor, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of ``images``, uint8 ``[n, h, w, c]``, whose highest logit is their label's."""
    return float(np.mean(predictions(extractor, images) == np.asarray(labels)))


def predictions(extractor: Extractor, images: np.ndarray, batch: int = 500) -> np.ndarray:
    """The class of each image, integers ``[n]``."""
    found = []
    for start in range(0, len(images), batch):
        rows = images[start : start + batch]
        count = len(rows)
        if start and count < batch:  # one shape, one compilation
            rows = np.concatenate([rows, np.repeat(rows[:1], batch - count, axis=0)])
        found.append(np.asarray(extractor.logits(rows)).argmax(axis=1)[:count])
    return np.concatenate(found)


def classifier_extractor(variables: Any, dataset: str) -> Extractor:
    """The extractor of a trained classifier.

    Args:
      variables: ``train_classifier``'s.
      dataset: what it was trained on, for its name.
    """
    leaves = jax.tree_util.tree_flatten_with_path(variables)[0]
    tensors = {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}
    total = sha256_of_tensors(tensors)
    classes = variables["params"]["Dense_1"]["bias"].size
    return Extractor(
        name=f"classifier-{dataset}-{total[:8]}",
        distance=f"FD-classifier-{dataset}-{total[:8]}",
        weights_sha256=total,
        dimension=FEATURES,
        resize="none",
        apply=SmallClassifier(classes).apply,  # type: ignore[arg-type]
        variables=variables,
    )


def _check(images: np.ndarray, labels: np.ndarray, classes: int) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
        raise UserError(
            f"A classifier is trained on uint8 images [n, h, w, c]; these are {images.dtype} "
            f"{images.shape}."
        )
    whole = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != images.shape[:1] or not whole or labels.min() < 0 or labels.max() >= classes:
        raise UserError(
            f"Labels must be {len(images)} integers from 0 to {classes - 1}; these are "
            f"{labels.dtype} {labels.shape}."
        )
