"""What every data route becomes: a number of samples and a function that reads them."""

import concurrent.futures
import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jaxgan.data.modality import IMAGES, POINTS, Modality


class RowSpec(NamedTuple):
    """Shape and dtype of one entry of one row."""

    shape: tuple[int, ...]
    dtype: Any


Rows = dict[str, np.ndarray]
"""``image`` uint8 ``[n, height, width, channels]`` (toys: float32 ``[n, 2]``) and, where the
data have labels, ``label`` int32 ``[n]``."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Samples that can be read in any order.

    Attributes:
      name: what the data are called, e.g. ``fashion_mnist``, ``folder:flowers``, ``ring``.
      split: the split that was asked for, e.g. ``train`` or ``train[:90%]``.
      size: number of samples.
      shape: shape of one sample, e.g. ``(28, 28, 1)``.
      read: reads the samples at the given places, int ``[n]``, in the given order. Safe to call
        from several threads. Raises ``UserError`` for a file that cannot be read.
      fingerprint: sha256 (hex) that identifies the samples and how they are decoded; a run that
        is resumed compares it.
      classes: number of classes; None without labels.
      class_names: their names, where they are known.
      dtype: dtype of ``image``.
      load: reads all samples in order, where there is a faster way than ``read``.
      preparation: what was done to the images beside decoding them, in words.
      modality: what the samples are.
      rows: shape and dtype of every entry of one row; by default those of the sample and of its
        label.
      channels_of: of stacked images, split -> the data set that every channel is a sample of; a
        label's decimal digits are the channels' labels.
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
    modality: Modality = IMAGES
    rows: Mapping[str, RowSpec] | None = None

    @property
    def spec(self) -> dict[str, RowSpec]:
        """Shape and dtype of every entry of one row."""
        if self.rows is not None:
            return dict(self.rows)
        found = {self.modality.key: RowSpec(self.shape, self.dtype)}
        if self.classes is not None:
            found["label"] = RowSpec((), np.int32)
        return found

    def __len__(self) -> int:
        return self.size

    @property
    def nbytes(self) -> int:
        """Bytes of all samples when decoded, labels included."""
        one = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        return self.size * (one + (4 if self.classes is not None else 0))

    def arrays(self) -> Rows:
        """All samples in order, in memory."""
        return self.load() if self.load is not None else read_all(self)


SMALL = 2**14
"""Bytes of a decoded sample below which threads do not help: so little of the time is spent
outside Python's lock that 28x28 images are decoded 40 % slower by four threads than by one."""


def useful_threads(shape: tuple[int, ...]) -> int:
    """How many threads should decode samples of this shape."""
    return 1 if math.prod(shape) < SMALL else min(8, os.cpu_count() or 1)


def read_all(source: Source) -> Rows:
    """All samples through ``source.read``, by several threads where that helps."""
    threads = useful_threads(source.shape)
    if threads == 1:
        return source.read(np.arange(source.size))
    out: Rows = {"image": np.empty((source.size, *source.shape), source.dtype)}
    if source.classes is not None:
        out["label"] = np.empty(source.size, np.int32)

    def fill(places: np.ndarray) -> None:
        for key, values in source.read(places).items():
            out[key][places] = values

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
    modality: Modality | None = None,
) -> Source:
    """A source over arrays in memory; the fingerprint is that of their content.

    Args:
      name: what the data are called.
      split: the split they are.
      rows: arrays ``[n, ...]`` by key: the samples, ``label`` if there are labels, and whatever
        else the modality has.
      classes: number of classes; by default the largest label plus one.
      class_names: the names of the classes.
      modality: what the samples are; by default images, or points where they have no pixels.
    """
    rows = {key: np.ascontiguousarray(value) for key, value in rows.items()}
    if "label" in rows and classes is None:
        classes = int(rows["label"].max()) + 1
    if modality is None:
        modality = IMAGES if rows["image"].ndim == 4 else POINTS
    samples = rows[modality.key]
    return Source(
        name=name,
        split=split,
        size=len(samples),
        shape=samples.shape[1:],
        read=lambda places: {key: value[places] for key, value in rows.items()},
        fingerprint=digest(rows),
        classes=classes if "label" in rows else None,
        class_names=class_names,
        dtype=samples.dtype,
        modality=modality,
        rows={key: RowSpec(value.shape[1:], value.dtype) for key, value in rows.items()},
    )


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
            total.update(json.dumps(part, sort_keys=True, default=str).encode())
        total.update(b"\0")
    return total.hexdigest()
