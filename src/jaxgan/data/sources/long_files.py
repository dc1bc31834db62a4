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
from jaxgan.data.sources.folder import classes_of, depth_of, files_of, labels_of, split_folders
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
    """The files of a split, and their classes, as of a folder of images; see ``open_folder``.

    Args:
      folder: the folder.
      split: TFDS's split syntax.
      list_files: the files below a folder.
      nothing: what is said of a folder that has none.

    Raises:
      UserError: there are none, there is no such split, or files lie in classes and beside them.
    """
    roots = split_folders(folder)
    listed = {name: list_files(root) for name, root in roots.items()}
    every = [file for files in listed.values() for file in files]
    if not every:
        raise UserError(nothing(folder))
    files, depth = files_of(split, listed, folder), depth_of(roots, folder)
    names = classes_of(folder, every, depth)
    return Listed(files, labels_of(files, names, depth, folder), names)


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
