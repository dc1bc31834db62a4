"""Image files of one size, in memory or, if they are many, decoded when they are read."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from jaxgan.data.cache import CACHE_BYTES
from jaxgan.data.hashes import kept
from jaxgan.data.source import Rows, Source, digest
from jaxgan.data.sources.decode import Half, UnreadableError, decode
from jaxgan.data.sources.verify import (
    check_all,
    decode_all,
    first_shape,
    refusal,
    say_what_is_skipped,
)
from jaxgan.errors import UserError

Unreadable = Literal["refuse", "skip"]


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """Image files that can be read.

    Attributes:
      files: the files, in order.
      shape: of one image, ``(height, width, channels)``.
      read: images with the given indices, uint8 ``[n, height, width, channels]``.
      fingerprint: ``(labels, class_names) -> sha256`` of the decoded images with their labels,
        int32 ``[n]`` or None; of files beyond 1 GiB when decoded, of the files' content.
    """

    files: list[Path]
    shape: tuple[int, ...]
    read: Callable[[np.ndarray], np.ndarray]
    fingerprint: Callable[[np.ndarray | None, tuple[str, ...]], str]

    @property
    def names(self) -> tuple[str, ...]:
        """The files' names without their suffixes."""
        return tuple(file.stem for file in self.files)

    def source(
        self,
        name: str,
        split: str,
        labels: np.ndarray | None = None,
        class_names: tuple[str, ...] = (),
    ) -> Source:
        """The images as a data set.

        Args:
          name: what it is called.
          split: the split that was asked for.
          labels: the class of each file, int32 ``[n]``; None without classes.
          class_names: of the classes.
        """

        def read(indices: np.ndarray) -> Rows:
            found = None if labels is None else labels[indices]
            return labeled({"image": self.read(indices)}, found)

        return Source(
            name=name,
            split=split,
            size=len(self.files),
            shape=self.shape,
            read=read,
            fingerprint=self.fingerprint(labels, class_names),
            classes=len(class_names) or None,
            class_names=class_names,
            names=self.names,
        )


def read_files(
    asked: Sequence[Path],
    *,
    resolution: int | None,
    channels: int,
    unreadable: Unreadable,
    where: Path,
    half: Half | None = None,
) -> ImageFiles:
    """Decodes every file once, so that an unreadable one is found now.

    Up to 1 GiB the decoded images are kept (in memory, and in ``where`` for the next start); beyond
    that, only whether a file can be decoded and its hash.

    Args:
      asked: the files, in order.
      resolution: see ``decode.fit``.
      channels: 1 or 3.
      unreadable: if some files cannot be decoded, ``refuse`` all, or ``skip`` them with a message.
      where: TFDS's data folder.
      half: the part of each file that is an image of its own; None for the whole.

    Raises:
      UserError: unreadable files, or images of several sizes without a resolution.
    """
    if unreadable not in ("refuse", "skip"):
        raise UserError(f"Unreadable images can be refused or skipped, not: {unreadable}.")
    first = first_shape(asked, resolution, channels, half)
    nbytes = len(asked) * math.prod(first) if first else 0
    if nbytes <= CACHE_BYTES:
        found = _in_memory(asked, nbytes, resolution, channels, unreadable, where, half)
    else:
        found = _when_read(asked, resolution, channels, unreadable, where, half)
    readable = set(found.files)
    say_what_is_skipped([file for file in asked if file not in readable], len(asked))
    return found


def labeled(rows: Rows, labels: np.ndarray | None) -> Rows:
    """The rows with their labels, if there are any."""
    return rows if labels is None else {**rows, "label": labels}


def _in_memory(
    asked: Sequence[Path],
    nbytes: int,
    resolution: int | None,
    channels: int,
    unreadable: Unreadable,
    where: Path,
    half: Half | None,
) -> ImageFiles:
    files, images, key = decode_all(asked, nbytes, resolution, channels, unreadable, where, half)

    def fingerprint(labels: np.ndarray | None, class_names: tuple[str, ...]) -> str:
        return kept([key, class_names], lambda: digest(labeled({"image": images}, labels)))

    return ImageFiles(files, images.shape[1:], lambda indices: images[indices], fingerprint)


def _when_read(
    asked: Sequence[Path],
    resolution: int | None,
    channels: int,
    unreadable: Unreadable,
    where: Path,
    half: Half | None,
) -> ImageFiles:
    files, shape, hashes = check_all(asked, resolution, channels, unreadable, where, half)

    def read(indices: np.ndarray) -> np.ndarray:
        images = np.empty((len(indices), *shape), np.uint8)
        for i, place in enumerate(indices):
            try:
                images[i] = decode(files[place], channels, resolution, half)
            except UnreadableError as error:
                raise UserError(refusal([(files[place], str(error))])) from error
        return images

    def fingerprint(labels: np.ndarray | None, class_names: tuple[str, ...]) -> str:
        halved = () if half is None else (half,)
        return digest(hashes, labels, resolution, channels, *halved)

    return ImageFiles(files, shape, read, fingerprint)
