"""What every data set becomes: a number of samples and a function that reads them."""

import concurrent.futures
import dataclasses
import functools
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data.modality import IMAGES, POINTS, Modality
from jaxgan.errors import UserError
from jaxgan.oracle import Oracle


class RowSpec(NamedTuple):
    """Shape and dtype of one entry of one row."""

    shape: tuple[int, ...]
    dtype: Any


Rows = dict[str, np.ndarray]
"""A batch of samples: key -> ``[n, ...]``. Images are uint8 ``image`` ``[n, height, width,
channels]``, clips ``[n, frames, height, width, channels]``, pairs of images ``source`` and
``target``, text ``tokens`` ``[n, length]``, points float32 ``image`` ``[n, dim]``; class labels are
int32 ``label`` ``[n]``. A data set may have other keys, of any dtype."""


@dataclasses.dataclass(frozen=True, eq=False)
class Mixture:
    """An equal mixture of round Gaussians, which the samples are known to come from.

    Attributes:
      centers: float32 ``[modes, dim]``.
      deviation: standard deviation of each coordinate.
    """

    centers: np.ndarray
    deviation: float


@dataclasses.dataclass(frozen=True)
class Source:
    """Samples that can be read in any order.

    Attributes:
      name: what the data are called, e.g. ``fashion_mnist``, ``folder:flowers``, ``ring``.
      split: the split that was asked for, e.g. ``train`` or ``train[:90%]``.
      size: number of samples.
      shape: shape of one sample, e.g. ``(28, 28, 1)``.
      read: reads the samples with the given indices, int ``[n]``, in the given order, as
        ``{key: [n, ...]}``. Safe to call from several threads. Raises ``UserError`` for a file
        that cannot be read.
      fingerprint: sha256 (hex) of all decoded samples in order, ``digest(source.arrays())``. Of
        data beyond 1 GiB when decoded, which would take too long, it is that of the stored files'
        content, of the split and of how the images are prepared; of data that are put together of
        others, a digest of their fingerprints. A run that is resumed compares it.
      classes: number of classes; None without labels.
      class_names: their names, where they are known.
      dtype: dtype of one sample.
      load: reads all samples in order, where there is a faster way than ``read``.
      preparation: what was done to the images besides decoding them, in words.
      channels_of: of stacked images, split -> the data set that every channel is a sample of; a
        label's decimal digits are the channels' labels.
      mixture: the distribution of the samples, where it is a known mixture of Gaussians.
      oracle: the distribution of sequences of tokens, where it is known.
      modality: what the samples are.
      names: of image files, their names without the suffix; empty for other data.
    """

    name: str
    split: str
    size: int
    shape: tuple[int, ...]
    read: Callable[[np.ndarray], Rows]
    fingerprint: str
    classes: int | None = None
    class_names: tuple[str, ...] = ()
    dtype: Any = np.uint8
    load: Callable[[], Rows] | None = None
    preparation: str = "none"
    channels_of: "Callable[[str], Source] | None" = None
    mixture: Mixture | None = None
    oracle: Oracle | None = None
    modality: Modality = IMAGES
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.size

    @functools.cached_property
    def spec(self) -> dict[str, RowSpec]:
        """Shape and dtype of one row of every key, without the batch axis.

        Reads the first sample, once.
        """
        row = self.read(np.arange(1))
        return {key: RowSpec(a.shape[1:], a.dtype) for key, a in row.items()}

    @property
    def row_bytes(self) -> int:
        """Bytes of one decoded sample with all its keys."""
        return sum(
            math.prod(row.shape) * np.dtype(row.dtype).itemsize for row in self.spec.values()
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all samples when decoded, with all their keys."""
        return self.size * self.row_bytes

    def arrays(self) -> Rows:
        """All samples in order, in memory."""
        return self.load() if self.load is not None else read_all(self)


def subset(source: Source, places: np.ndarray) -> Source:
    """The samples at ``places``, integers ``[n]``, in that order; with the whole's fingerprint."""
    return dataclasses.replace(
        source,
        size=len(places),
        read=lambda indices: source.read(places[indices]),
        load=None,
        names=names_at(source, places),
    )


def names_at(source: Source, places: np.ndarray) -> tuple[str, ...]:
    """The names of the samples at ``places``, integers ``[n]``; empty if they have none."""
    return tuple(source.names[place] for place in places) if source.names else ()


SMALL = 2**14
"""Bytes of a decoded sample below which threads do not help: so little of the time is spent
outside Python's lock that 28x28 images are decoded 40 % slower by four threads than by one."""


def useful_threads(row_bytes: int) -> int:
    """How many threads should decode samples of this many bytes."""
    return 1 if row_bytes < SMALL else min(8, os.cpu_count() or 1)


def read_all(source: Source) -> Rows:
    """All samples through ``source.read``, by several threads where that helps."""
    threads = useful_threads(source.row_bytes)
    if threads == 1:
        return source.read(np.arange(source.size))
    out = {key: np.empty((source.size, *row.shape), row.dtype) for key, row in source.spec.items()}

    def fill(indices: np.ndarray) -> None:
        for key, values in source.read(indices).items():
            out[key][indices] = values

    blocks = np.array_split(np.arange(source.size), -(-source.size // 64))
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(fill, blocks):
            pass
    return out


def from_arrays(
    name: str,
    split: str,
    rows: Mapping[str, np.ndarray],
    *,
    classes: int | None = None,
    class_names: tuple[str, ...] = (),
    mixture: Mixture | None = None,
    modality: Modality | None = None,
) -> Source:
    """A source over arrays in memory; the fingerprint is the sha256 of their content.

    Args:
      name: what the data are called.
      split: the split they are.
      rows: key -> ``[n, ...]``, of any keys and dtypes. The modality's ``key`` gives the source
        its shape and dtype; ``label`` holds class labels.
      classes: number of classes; by default the largest label plus one.
      class_names: the names of the classes.
      mixture: the distribution of the samples, if it is a mixture of Gaussians.
      modality: what the samples are; None for images, or for points where they have no pixels.

    Raises:
      UserError: the rows lack the modality's key.
    """
    rows = {key: np.ascontiguousarray(value) for key, value in rows.items()}
    if "label" in rows and classes is None:
        classes = int(rows["label"].max()) + 1
    if modality is None:
        modality = IMAGES if np.ndim(rows.get("image", ())) == 4 else POINTS
    if modality.key not in rows:
        raise UserError(
            f"{name} has no {modality.key}; give from_arrays a modality whose key is one of "
            f"{', '.join(rows)}."
        )
    sample = rows[modality.key]
    return Source(
        name=name,
        split=split,
        size=len(sample),
        shape=sample.shape[1:],
        read=lambda indices: {key: value[indices] for key, value in rows.items()},
        fingerprint=digest(rows),
        classes=classes if "label" in rows else None,
        class_names=class_names,
        dtype=sample.dtype,
        mixture=mixture,
        modality=modality,
    )


def refuse_picture_flags(
    spec: str, samples: str, resolution: int | None, channels: int | None
) -> None:
    """Raises ``UserError`` if a flag asks for a size or for channels of what are no pictures.

    Args:
      spec: how the data are named.
      samples: what they consist of, e.g. ``sounds``.
      resolution: as ``open_source`` takes it.
      channels: likewise.
    """
    if resolution is not None or channels is not None:
        raise UserError(f"{spec} consists of {samples}: leave out --resolution and --channels.")


def digest(*parts: Any) -> str:
    """A sha256 (hex) of arrays (dtype, shape and content), mappings of them, and plain values."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(f"{part.dtype.str}{part.shape}".encode())
            total.update(np.ascontiguousarray(part).data)
        elif isinstance(part, Mapping) and any(isinstance(v, np.ndarray) for v in part.values()):
            for key in sorted(part):
                total.update(key.encode())
                total.update(digest(part[key]).encode())
        else:
            total.update(json.dumps(part, sort_keys=True, default=_plain).encode())
        total.update(b"\0")
    return total.hexdigest()


def _plain(value: Any) -> str:
    # Arrays inside plain values: their str() leaves out all but a few elements.
    return digest(value) if isinstance(value, np.ndarray) else str(value)
