"""What the data sets of image pairs have in common that TFDS does not know."""

from typing import Any

import tensorflow_datasets as tfds


class PairBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """TFDS's description of image pairs; ``write.without_tensorflow`` gives a subclass its samples.

    A sample is a ``source`` and its ``target``, images of one size, and the ``code`` of what both
    show.
    """

    VERSION = tfds.core.Version("1.0.0")

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

    # TFDS asks for both of every builder, also of one that only reads.
    def _split_generators(self, dl_manager: Any) -> Any:
        raise NotImplementedError

    def _generate_examples(self) -> Any:
        raise NotImplementedError
