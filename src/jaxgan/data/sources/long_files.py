"""Folders of files that vary in length, such as clips and recordings, each decoded once."""

import concurrent.futures
import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from jaxgan.data.cache import CACHE_BYTES
from jaxgan.data.hashes import hash_file
from jaxgan.data.sources.decode import UnreadableError
from jaxgan.data.sources.folder import split_folders
from jaxgan.data.splits import split_indices
from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Listed:
    """Files of one split.

    Attributes:
      files: in the order of their paths.
      labels: the number of each file's class, int32 ``[n]``; None without classes.
      class_names: in sorted order; empty without classes.
    """

    files: list[Path]
    labels: np.ndarray | None
    class_names: tuple[str, ...]


def list_split(
    folder: Path,
    split: str,
    list_files: Callable[[Path], list[Path]],
    nothing: Callable[[Path], str],
) -> Listed:
    """The files of a split, whose classes are the first level of folders that hold some.

    Subfolders ``train``, ``test``, ``validation`` and ``val`` are splits, as of a folder of images.

    Args:
      folder: the folder.
      split: TFDS's split syntax.
      list_files: the files below a folder.
      nothing: what is said of a folder that has none.

    Raises:
      UserError: there are none, or there is no such split.
    """
    roots = split_folders(folder)
    listed = {name: list_files(root) for name, root in roots.items()}
    if not any(listed.values()):
        raise UserError(nothing(folder))
    every = {_class_of(roots[name], file) for name, files in listed.items() for file in files}
    names = tuple(sorted(every)) if len(every) > 1 else ()
    parts = split_indices(split, {name: len(files) for name, files in listed.items()})
    asked = [(roots[name], listed[name][place]) for name, places in parts for place in places]
    labels = [names.index(_class_of(*one)) for one in asked] if names else None
    return Listed(
        [file for _, file in asked],
        None if labels is None else np.array(labels, np.int32),
        names,
    )


def _class_of(root: Path, file: Path) -> str:
    """The first folder below the split, or nothing for a file that lies in the split itself."""
    parts = file.relative_to(root).parts
    return parts[0] if len(parts) > 1 else ""


@dataclasses.dataclass(frozen=True)
class Decoded:
    """Files that were all decoded once.

    Attributes:
      shapes: of each file's array.
      hashes: sha256 of the content of each file; of a folder of files, of each of them.
      read: the array of the file with a number.
    """

    shapes: list[tuple[int, ...]]
    hashes: list[list[str]]
    read: Callable[[int], np.ndarray]


def decode_once(
    files: Sequence[Path],
    decode: Callable[[Path], np.ndarray],
    contents: Callable[[Path], Sequence[Path]],
) -> Decoded:
    """Decodes every file once; the arrays stay in memory up to 1 GiB.

    Args:
      files: files, or folders that ``decode`` takes for one.
      decode: makes an array of a file.
      contents: the files that ``decode`` reads.

    Raises:
      UserError: one is unreadable.
    """

    def load(path: Path) -> np.ndarray:
        try:
            return decode(path)
        except UnreadableError as error:
            raise UserError(f"{path} cannot be read ({error}). Repair or remove it.") from error

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        shapes, held, nbytes = [], [], 0
        for array in pool.map(load, files):
            shapes.append(array.shape)
            nbytes += array.nbytes
            held.append(array)
            if nbytes > CACHE_BYTES:
                held.clear()
        hashes = list(pool.map(lambda path: [hash_file(one) for one in contents(path)], files))
    if len(held) == len(files):
        return Decoded(shapes, hashes, held.__getitem__)
    return Decoded(shapes, hashes, functools.lru_cache(64)(lambda number: load(files[number])))
