"""The small classifier of a data set."""

import dataclasses
from typing import Any

import flax.traverse_util
import jax
import numpy as np

from jaxgan.data.source import Source
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
from jaxgan.metrics.metric import IMAGES
from jaxgan.metrics.modes import stacked_labels

LARGEST_CLASS_SET = 100_000
"""Images that the small classifier is trained on at most; they must fit on the device."""


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """The small classifier of a data set.

    Attributes:
      extractor: the network.
      accuracy: on images it was not trained on; of stacked images, on single channels.
      channels: whether it sees each channel by itself, whose classes are a label's digits.
    """

    extractor: Extractor
    accuracy: float
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
      UserError: the data have no labels, are no images, or are too large for it.
    """
    if train.classes is None or test.classes is None or train.modality.name != IMAGES:
        raise UserError(f"{train.name} has no labeled images to train a classifier on.")
    if train.size > LARGEST_CLASS_SET or train.nbytes > 2**31:
        raise UserError(
            f"{train.name} is too large for the small classifier ({train.size:,} images); choose "
            "another extractor or other metrics."
        )

    def make() -> dict[str, np.ndarray]:
        rows, images, classes = train.arrays(), train.modality.key, train.classes
        assert classes is not None
        variables = train_classifier(jax.random.key(0), rows[images], rows["label"], classes)
        extractor = classifier_extractor(variables, train.name)
        held_out = test.arrays()
        found = accuracy(extractor, held_out[images], held_out["label"])
        flat: Any = flax.traverse_util.flatten_dict(jax.device_get(variables), sep="/")
        return {**flat, "accuracy": np.array([found])}

    key = {
        "train": train.fingerprint,
        "test": test.fingerprint,
        "training": dataclasses.asdict(Training()),
        **computed_by(),
    }
    arrays = dict(cached("classifier", key, make) if jax.process_count() == 1 else make())
    found = arrays.pop("accuracy").item()
    variables = flax.traverse_util.unflatten_dict(arrays, sep="/")
    return Classifier(classifier_extractor(variables, train.name), found)
