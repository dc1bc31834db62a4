"""What the data sets of text have in common."""

from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.data.prepare.builder import OwnBuilder
from jaxgan.data.prepare.recipe import Loaded, divided


class TextBuilder(OwnBuilder, skip_registration=True):
    """A sample is a ``sentence``, and the ``kind`` of its tokens."""

    def sentences(self, about: str, license: str) -> Any:
        """What ``_info`` returns."""
        text = tfds.features.Text()
        features = tfds.features.FeaturesDict({"sentence": text, "kind": text})
        return tfds.core.DatasetInfo(
            builder=self, description=about, features=features, license=license
        )


def sentences_of(texts: list[str], kind: str) -> Loaded:
    """Different texts in splits."""
    different = list(dict.fromkeys(texts))
    rows = {"sentence": np.array(different), "kind": np.full(len(different), kind)}
    return divided(rows, different)
