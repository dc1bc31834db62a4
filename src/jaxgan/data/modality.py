"""What is asked of samples, whatever they are: images, points, pairs, sound, text.

A modality is one value. The training step asks it to turn rows of data into what networks see;
the sampler, the evaluation and the report ask it to quantize, show and write samples. Nothing
else in jaxgan looks at the rank of a sample.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.rng import Rng
from jaxgan.types import Batch
from jaxgan.viz import pictures
from jaxgan.vocabulary import Vocabulary

Range = tuple[float, float]
"""Values of black and white in the samples that networks see."""


@dataclasses.dataclass(frozen=True)
class Modality:
    """What is asked of samples.

    Attributes:
      name: e.g. ``images``; the metrics that fit it name it.
      prepare: ``(batch, rng, range, flip) -> batch``, inside the compiled step: rows of data as
        floats that networks see. ``rng`` is None outside training.
      quantize: ``(samples, range) -> array``: samples as they are scored and written.
      preview: ``(samples, real, columns) -> picture``: quantized samples as one uint8 picture
        ``[h, w, c]``; ``real`` are rows of data beside them or None, ``columns`` the samples in a
        row or None.
      dtype: of quantized samples.
      metrics: names of what is scored during training if nothing is asked.
      thorough_metrics: names of what ``jaxgan evaluate`` scores if nothing is asked.
      write: ``(path, sample)``: writes one quantized sample as a file; None if only arrays can be
        written.
      suffix: of such a file, e.g. ``.png``.
      sheets: ``suffix -> (path, samples)``: writes quantized samples as one file beside the
        preview, where a picture is not all: clips as a GIF, sounds as WAV, which the training
        saves, too.
      key: of the batch's entry that generated samples imitate.
      preview_size: samples that a preview shows.
      measured: samples that a report measures with if nothing is asked.
      flips: whether ``--flip`` makes sense.
      interpolates: whether a walk between latents makes a picture.
      rate: samples of a second, of sound.
      vocabulary: what tokens stand for, of text.
    """

    name: str
    prepare: Callable[[Batch, Rng | None, Range, bool], Batch]
    quantize: Callable[[np.ndarray, Range], np.ndarray]
    preview: Callable[[np.ndarray, Mapping[str, np.ndarray] | None, int | None], np.ndarray]
    dtype: Any
    metrics: tuple[str, ...] = ()
    thorough_metrics: tuple[str, ...] = ()
    write: Callable[[Path, np.ndarray], None] | None = None
    suffix: str = ".npy"
    sheets: Mapping[str, Callable[[Path, np.ndarray], None]] = dataclasses.field(
        default_factory=dict
    )
    key: str = "image"
    preview_size: int = 64
    measured: int = 1000
    flips: bool = False
    interpolates: bool = False
    rate: int | None = None
    vocabulary: Vocabulary | None = None

    def seen(self, batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
        """What a game sees: ``prepare``'s batch, with the samples as ``image`` too.

        That is their name in the forward passes of ``jaxgan.forward``, whatever they are. Where
        ``prepare`` gives an ``image`` itself, it stays.
        """
        prepared = self.prepare(batch, rng, range, flip)
        return prepared if "image" in prepared else {**prepared, "image": prepared[self.key]}


def to_float(images: jax.Array, low: float = -1.0, high: float = 1.0) -> jax.Array:
    """Pixels 0..255 as float32 in ``[low, high]``; floating samples pass unchanged.

    Args:
      images: uint8 ``[batch, height, width, channels]``, or floating ``[batch, ...]``.
      low: what 0 becomes.
      high: what 255 becomes.
    """
    if jnp.issubdtype(images.dtype, jnp.floating):
        return images
    return images.astype(jnp.float32) * ((high - low) / 255.0) + low


def to_uint8(images, low: float = -1.0, high: float = 1.0):
    """The inverse of ``to_float``: rounds to the nearest of 256 levels, clips what lies outside.

    NumPy arrays stay NumPy arrays. Not-a-number becomes 0.
    """
    xp = np if isinstance(images, np.ndarray) else jnp
    levels = (xp.asarray(images, dtype=xp.float32) - low) * (255.0 / (high - low))
    levels = xp.where(xp.isnan(levels), 0.0, levels)
    return xp.clip(xp.round(levels), 0.0, 255.0).astype(xp.uint8)


def random_flip(rng: Rng, images: jax.Array) -> jax.Array:
    """Mirrors each image left to right with probability one half.

    The coin belongs to the sample (its row in the global batch), so that one device and eight
    flip the same images. Images that are aligned share it if they share ``rng``.

    Args:
      rng: per-sample randomness of these rows.
      images: ``[batch, height, width, channels]``, any dtype.
    """
    flips = rng.named("flip").bernoulli(0.5)
    return jnp.where(flips[:, None, None, None], images[:, :, ::-1], images)


def refuse_flip(flip: bool, samples: str) -> None:
    """Raises ``UserError`` if ``--flip`` is asked of samples that are no images."""
    if flip:
        raise UserError(f"--flip: {samples} are not images; omit it.")


def _prepare_images(batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
    images = to_float(batch["image"], *range)
    if flip and rng is not None:
        images = random_flip(rng, images)
    return {**batch, "image": images}


def _quantize_images(samples: np.ndarray, range: Range) -> np.ndarray:
    return np.asarray(to_uint8(np.asarray(samples), *range))


def _preview_images(
    samples: np.ndarray, real: Mapping[str, np.ndarray] | None, columns: int | None
) -> np.ndarray:
    del real
    magnify = pictures.magnification(samples)
    return pictures.grid(samples, columns).repeat(magnify, 0).repeat(magnify, 1)


def write_image(path: Path, sample: np.ndarray) -> None:
    """Writes a uint8 ``[h, w, c]`` image as PNG."""
    pictures.to_pillow(sample).save(path)


IMAGES = Modality(
    name="images",
    prepare=_prepare_images,
    quantize=_quantize_images,
    preview=_preview_images,
    dtype=np.uint8,
    metrics=("fd",),
    thorough_metrics=("fd", "kid", "prdc"),
    write=write_image,
    suffix=".png",
    flips=True,
    interpolates=True,
)
"""Images uint8 ``[height, width, channels]``; a grid shows them."""


def _prepare_points(batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
    del rng, range
    refuse_flip(flip, "points")
    return batch


def _preview_points(
    samples: np.ndarray, real: Mapping[str, np.ndarray] | None, columns: int | None
) -> np.ndarray:
    del columns
    return pictures.scatter(samples, None if real is None else real["image"])


POINTS = Modality(
    name="points",
    prepare=_prepare_points,
    quantize=lambda samples, range: np.asarray(samples, np.float32),
    preview=_preview_points,
    dtype=np.float32,
    metrics=("modes",),
    thorough_metrics=("modes",),
    preview_size=2000,
    measured=2500,
)
"""Points float32 ``[2]`` in the plane; a scatter plot shows them over real ones."""


def _prepare_pairs(batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
    return _prepare_two(batch, rng, rng, range, flip)


def _prepare_unpaired(batch: Batch, rng: Rng | None, range: Range, flip: bool) -> Batch:
    other = None if rng is None else rng.named("source")
    return _prepare_two(batch, other, rng, range, flip)


def _prepare_two(
    batch: Batch, source_rng: Rng | None, target_rng: Rng | None, range: Range, flip: bool
) -> Batch:
    prepared = dict(batch)
    for key, rng in (("source", source_rng), ("target", target_rng)):
        images = to_float(batch[key], *range)
        prepared[key] = images if rng is None or not flip else random_flip(rng, images)
    return prepared


PAIRS = dataclasses.replace(
    IMAGES,
    name="pairs",
    prepare=_prepare_pairs,
    metrics=("l1",),
    thorough_metrics=("l1", "psnr", "ssim", "fd"),
    key="target",
    preview_size=16,
    measured=500,
    interpolates=False,
)
"""Pairs of images that show the same: rows have a ``source`` and its ``target``, both uint8
``[height, width, channels]``, and a generator turns one into the other. Both are flipped or none.
"""

UNPAIRED = dataclasses.replace(
    PAIRS,
    name="unpaired",
    prepare=_prepare_unpaired,
    metrics=("fd",),
    thorough_metrics=("fd", "kid", "prdc"),
)
"""Images of two kinds, ``source`` and ``target``, that a row holds by chance."""
