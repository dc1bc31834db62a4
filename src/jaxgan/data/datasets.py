"""The data sets that experiments name: what each is called, and what one of its rows is."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxgan.data.modality import IMAGES, PAIRS, POINTS, UNPAIRED, Modality
from jaxgan.data.sounds import sounds
from jaxgan.data.source import RowSpec, Source
from jaxgan.data.tokens import tokens
from jaxgan.data.videos import VIDEOS
from jaxgan.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True)
class DataSpec:
    """A data set, before it is opened.

    Attributes:
      name: as ``--data`` takes it.
      shape: of one sample.
      classes: number of classes; None without labels.
      modality: what its samples are.
      rows: shape and dtype of one row's every entry; by default those of the sample and of its
        label.
      open: ``split -> Source``, for data that are not opened by their name: a Python file may
        bring its own.
    """

    name: str
    shape: tuple[int, ...]
    classes: int | None = None
    modality: Modality = IMAGES
    rows: Mapping[str, RowSpec] | None = None
    open: Callable[[str], Source] | None = None

    @property
    def spec(self) -> dict[str, RowSpec]:
        """Shape and dtype of every entry of one row."""
        if self.rows is not None:
            return dict(self.rows)
        found = {self.modality.key: RowSpec(self.shape, self.modality.dtype)}
        if self.classes is not None:
            found["label"] = RowSpec((), np.int32)
        return found


def rows_of_noise(spec: Mapping[str, RowSpec], classes: int | None, count: int) -> dict[str, Any]:
    """Random rows of these shapes, for a run that only shows that everything works."""
    random = np.random.default_rng(0)
    rows: dict[str, Any] = {}
    for key, (shape, dtype) in spec.items():
        size = (count, *shape)
        if np.issubdtype(dtype, np.floating):
            rows[key] = random.normal(size=size).astype(dtype)
        elif dtype == np.int16:
            rows[key] = random.integers(-(2**15), 2**15, size).astype(dtype)
        else:
            high = 256 if dtype == np.uint8 else classes or 2
            rows[key] = random.integers(0, high, size).astype(dtype)
    return rows


MNIST = DataSpec("mnist", (28, 28, 1), 10)
"""Handwritten digits, gray."""

FASHION_MNIST = DataSpec("fashion_mnist", (28, 28, 1), 10)
"""Garments, gray."""

CIFAR10 = DataSpec("cifar10", (32, 32, 3), 10)
"""Photographs of ten kinds of things."""

FOLDER = DataSpec("folder:images", (64, 64, 3))
"""A folder of images, cropped and resized to 64 pixels by default."""

RING = DataSpec("ring", (2,), 8, POINTS)
"""Eight Gaussians on a circle."""

GRID = DataSpec("grid", (2,), 25, POINTS)
"""25 Gaussians on a grid."""

SWISS_ROLL = DataSpec("swiss_roll", (2,), None, POINTS)
"""A spiral in the plane."""


def _pairs(
    name: str, source: tuple[int, ...], target: tuple[int, ...], modality: Modality
) -> DataSpec:
    """Images of two kinds, of these shapes."""
    rows = {"source": RowSpec(source, np.uint8), "target": RowSpec(target, np.uint8)}
    return DataSpec(name, target, None, modality, rows)


GLYPHS = _pairs("glyphs", (64, 64, 1), (64, 64, 1), PAIRS)
"""Characters in two typefaces, Ming and Kai."""

GLYPHS_32 = _pairs("glyphs/32", (32, 32, 1), (32, 32, 1), PAIRS)
"""The same at 32 pixels."""

UNPAIRED_GLYPHS_32 = _pairs("unpaired:glyphs/32", (32, 32, 1), (32, 32, 1), UNPAIRED)
"""The same at 32 pixels, of which no pair is trained on."""

EMOJI = _pairs("emoji", (64, 64, 3), (64, 64, 3), PAIRS)
"""Emoji in two styles."""

FACADES = _pairs("pairs:facades", (256, 256, 3), (256, 256, 3), PAIRS)
"""Labels and photographs of facades, a folder as pix2pix has it."""

CLIPS = DataSpec("clips:videos", (32, 64, 64, 3), None, VIDEOS)
"""A folder of clips: 32 frames of 64 pixels."""

PROMPTS = DataSpec("prompts", (8192,), None, sounds(8_000))
"""A studio voice at 8 kHz, 8192 samples at a time."""

SC09 = DataSpec("sc09", (16_384,), 10, sounds(16_000))
"""Spoken digits of Speech Commands, about a second at 16 kHz."""

HORSE2ZEBRA = _pairs("cycle_gan/horse2zebra", (256, 256, 3), (256, 256, 3), UNPAIRED)
"""Photographs of horses and of zebras."""


def shape_motion(frames: int = 32, resolution: int = 64) -> DataSpec:
    """A colored shape that moves up or to the left; ``frames`` of 32, evenly apart."""
    name = "shape_motion" if frames == 32 else f"shape_motion:{frames}"
    return DataSpec(name, (frames, resolution, resolution, 3), 2, VIDEOS)


def moving_mnist(frames: int = 20, resolution: int = 64) -> DataSpec:
    """Two moving digits; the first ``frames`` of 20."""
    name = "moving_mnist" if frames == 20 else f"moving_mnist:{frames}"
    return DataSpec(name, (frames, resolution, resolution, 1), None, VIDEOS)


def syllables(samples: int = 8192) -> DataSpec:
    """Spoken Mandarin syllables at 16 kHz; the first ``samples`` of 8192."""
    name = "syllables" if samples == 8192 else f"syllables:{samples}"
    return DataSpec(name, (samples,), 10, sounds(16_000))


def sounds_folder(samples: int, rate: int, folder: str = "sounds") -> DataSpec:
    """Sound files of a folder at ``rate`` samples a second, ``samples`` of them at a time."""
    return DataSpec(f"sounds:{samples}@{rate}:{folder}", (samples,), None, sounds(rate))


def oracle(words: str = "", length: int = 20, vocabulary: int = 5000) -> DataSpec:
    """Sentences of an oracle: ``words`` follow the colon of ``--data oracle:``."""
    name = f"oracle:{words}" if words else "oracle"
    return DataSpec(name, (length,), None, tokens(Vocabulary(vocabulary)))


def sentences(name: str, words: int = 5000, length: int = 20, between: str = " ") -> DataSpec:
    """Text as rows of ``length`` tokens of the ``words`` most frequent ones.

    Their words are known when the data are opened.
    """
    return DataSpec(name, (length,), None, tokens(Vocabulary(words + 1, (), between)))


def stacked_mnist(triples: int, resolution: int = 28) -> DataSpec:
    """Three digits of MNIST as the channels of one image, ``triples`` of them.

    At a ``resolution`` of 32 they have a black border; an experiment says so, too.
    """
    return DataSpec(f"stacked_mnist:{triples}", (resolution, resolution, 3), 1000)
