"""What the data sets of sound have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.data.prepare.builder import OwnBuilder
from jaxgan.data.sources.decode import UnreadableError
from jaxgan.data.sources.sound_files import read_sound
from jaxgan.errors import UserError


class SoundBuilder(OwnBuilder, skip_registration=True):
    """A sample is a ``sound``, its ``rate`` in samples a second, and what else is known of it."""

    def sounds(self, samples: int, about: str, license: str, known: Mapping[str, Any]) -> Any:
        """What ``_info`` returns.

        Args:
          samples: of a sound.
          about: what the data set holds.
          license: of the data.
          known: further features by their names.
        """
        # Not TFDS's feature of sound, which imports TensorFlow even to be read. Without an
        # encoding every negative sample would take ten bytes.
        sound = tfds.features.Tensor(
            shape=(samples,), dtype=np.int16, encoding=tfds.features.Encoding.ZLIB
        )
        rate = tfds.features.Scalar(np.int32)
        features = tfds.features.FeaturesDict({"sound": sound, "rate": rate, **known})
        return tfds.core.DatasetInfo(
            builder=self, description=about, features=features, license=license
        )


def recording(file: Path | BinaryIO, rate: int, name: str = "") -> np.ndarray:
    """The samples of a file of a data set, at ``rate``, int16 ``[n]``.

    Args:
      file: the file, or what it is read from.
      rate: samples a second.
      name: of the file, for messages; by default its path.

    Raises:
      UserError: it is damaged.
    """
    try:
        return read_sound(file, rate)[0]
    except UnreadableError as error:
        raise UserError(f"{name or file} is damaged ({error}). Fetch it again.") from error


def segments(recording: np.ndarray, samples: int) -> list[np.ndarray]:
    """As many parts of ``samples`` as fit into a recording, one after another, each int16.

    A shorter recording is one part, followed by silence.
    """
    if len(recording) < samples:
        return [np.pad(recording, (0, samples - len(recording)))]
    starts = range(0, len(recording) - samples + 1, samples)
    return [recording[start : start + samples] for start in starts]


def rows(sounds: Sequence[np.ndarray], rate: int) -> dict[str, np.ndarray]:
    """Sounds of equal length with their rate."""
    return {"sound": np.stack(sounds), "rate": np.full(len(sounds), rate, np.int32)}
