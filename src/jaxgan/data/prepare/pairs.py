"""What the data sets of image pairs have in common that TFDS does not know."""

from typing import Any

import tensorflow_datasets as tfds

from jaxgan.data.prepare.builder import OwnBuilder


class PairBuilder(OwnBuilder, skip_registration=True):
    """A sample is a ``source`` and its ``target``, images of one size, and the ``code`` of both."""

    def pairs(self, pixels: int, channels: int, about: str, license: str) -> Any:
        """What ``_info`` returns.

        Args:
          pixels: side of the images.
          channels: 1 or 3.
          about: what the data set holds.
          license: of the data.
        """
        shape = (pixels, pixels, channels)
        return tfds.core.DatasetInfo(
            builder=self,
            description=about,
            features=tfds.features.FeaturesDict(
                {
                    "source": tfds.features.Image(shape=shape, encoding_format="png"),
                    "target": tfds.features.Image(shape=shape, encoding_format="png"),
                    "code": tfds.features.Text(),
                }
            ),
            license=license,
        )
