"""The small classifier of a data set."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import flax.traverse_util
import jax
import numpy as np

from jaxgan.data.source import Rows, Source
from jaxgan.errors import UserError
from jaxgan.evaluation.cache import cached
from jaxgan.evaluation.features import computed_by
from jaxgan.metrics.extractors.classifier import (
    Training,
    accuracy,
    classifier_extractor,
    predictions,
    train_classifier,
)
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.extractors.sounds import of_sounds, pictures
from jaxgan.metrics.metric import IMAGES, SOUNDS
from jaxgan.metrics.modes import stacked_labels

LARGEST_CLASS_SET = 100_000
"""Images that the small classifier is trained on at most; they must fit on the device."""


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """The small classifier of a data set.

    Attributes:
      extractor: the network; its accuracy is that on single channels where images are stacked.
      channels: whether it sees each channel by itself, whose classes are a label's digits.
    """

    extractor: Extractor
    channels: bool = False

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The class of each image, integers ``[n]``."""
        if not self.channels:
            return predictions(self.extractor, images)
        side = images.shape[1]
        border = (side - 28) // 2  # of the padding, which the digits alone do not have
        inner = images[:, border : side - border, border : side - border]
        digits = [predictions(self.extractor, inner[..., n : n + 1]) for n in range(3)]
        return stacked_labels(np.stack(digits, axis=1))


def classifier_of(train: Source, test: Source) -> Classifier:
    """Trains the small classifier of a data set, or takes it from the cache.

    Raises:
      UserError: the data have no labels, are neither images nor sounds, or are too large for it.
    """
    seen = SEEN.get(train.modality.name)
    if train.classes is None or test.classes is None or seen is None:
        raise UserError(f"{train.name} has no labeled images or sounds to train a classifier on.")
    if train.size > LARGEST_CLASS_SET or train.nbytes > 2**31:
        raise UserError(
            f"{train.name} is too large for the small classifier ({train.size:,} images); choose "
            "another extractor or other metrics."
        )

    def make() -> dict[str, np.ndarray]:
        rows, held_out, classes = train.arrays(), test.arrays(), train.classes
        assert classes is not None
        key, images = jax.random.key(0), seen.images(train, rows)
        variables = train_classifier(key, images, rows["label"], classes, seen.training)
        extractor = classifier_extractor(variables, train.name)
        found = accuracy(extractor, seen.images(test, held_out), held_out["label"])
        flat: Any = flax.traverse_util.flatten_dict(jax.device_get(variables), sep="/")
        return {**flat, "accuracy": np.array([found])}

    key = {
        "train": train.fingerprint,
        "test": test.fingerprint,
        "training": dataclasses.asdict(seen.training),
        **computed_by(),
    }
    arrays = dict(cached("classifier", key, make) if jax.process_count() == 1 else make())
    found = arrays.pop("accuracy").item()
    variables = flax.traverse_util.unflatten_dict(arrays, sep="/")
    extractor = classifier_extractor(variables, train.name)
    return Classifier(seen.extractor(train, dataclasses.replace(extractor, accuracy=found)))


@dataclasses.dataclass(frozen=True)
class Seen:
    """How the classifier sees the samples of a modality.

    Attributes:
      images: uint8 images of rows.
      extractor: that of samples, made of that of images.
      training: how long it is trained.
    """

    images: Callable[[Source, Rows], np.ndarray]
    extractor: Callable[[Source, Extractor], Extractor]
    training: Training


def _sounds_as_images(source: Source, rows: Rows) -> np.ndarray:
    rate, every = _rate(source), rows[source.modality.key]
    see = jax.jit(lambda sounds: pictures(sounds, rate).astype(np.uint8))
    parts = [every[at : at + 256] for at in range(0, len(every), 256)]
    return np.concatenate([np.asarray(see(part)) for part in parts])


def _rate(source: Source) -> int:
    assert source.modality.rate is not None, "sounds have a rate"
    return source.modality.rate


SEEN: Mapping[str, Seen] = {
    IMAGES: Seen(
        lambda source, rows: rows[source.modality.key],
        lambda source, extractor: extractor,
        Training(),
    ),
    # A log-mel spectrogram has three times the pixels of a digit.
    SOUNDS: Seen(
        _sounds_as_images,
        lambda source, extractor: of_sounds(extractor, _rate(source)),
        Training(steps=600),
    ),
}
"""Modalities that can be classified."""
