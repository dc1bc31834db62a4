"""A folder of image files, with class subfolders as labels."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from jaxgan.data.cache import CACHE_BYTES
from jaxgan.data.hashes import kept
from jaxgan.data.source import Rows, Source, digest
from jaxgan.data.sources.decode import UnreadableError, decode
from jaxgan.data.sources.verify import (
    check_all,
    decode_all,
    first_shape,
    refusal,
    say_what_is_skipped,
)
from jaxgan.data.splits import split_indices
from jaxgan.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SPLITS = ("train", "test", "validation", "val")


def open_folder(
    folder: Path,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Literal["refuse", "skip"] = "refuse",
    data_dir: str | None = None,
) -> Source:
    """Opens a folder of jpg, png, webp and bmp files.

    Subfolders named ``train``, ``test``, ``validation`` or ``val`` are splits; without them all
    files are the split ``train``. Below that, the first level of subfolders are the classes, in
    sorted order; files directly in the folder, or in a single subfolder, have no labels.

    Every file is decoded once when the folder is opened, so that an unreadable one is found then
    and not hours into training. Up to 1 GiB the decoded images are kept (in memory, and under the
    data folder for the next start); beyond that, only whether a file can be decoded and its hash.

    Args:
      folder: the folder.
      split: TFDS's split syntax.
      resolution: see ``decode.fit``.
      channels: 1 or 3, which is the default.
      unreadable: if some files cannot be decoded, ``refuse`` the folder, or ``skip`` them with a
        message.
      data_dir: where the results of decoding are kept.

    Raises:
      UserError: no such folder or split, no images, unreadable files, or images of several sizes
        without a resolution.
    """
    from jaxgan.data.sources.tfds import resolve_data_dir

    if unreadable not in ("refuse", "skip"):
        raise UserError(f"Unreadable images can be refused or skipped, not: {unreadable}.")
    folder = folder.expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Check the path after folder:.")
    names = [name for name in SPLITS if (folder / name).is_dir()]
    roots = {name: folder / name for name in names} if "train" in names else {"train": folder}
    listed = {name: _list(root) for name, root in roots.items()}
    depth = 1 if len(roots) > 1 or roots["train"] != folder else 0
    parts = (
        split_indices(split, {name: len(files) for name, files in listed.items()})
        if any(listed.values())
        else []
    )
    if not parts:
        raise UserError(
            f"{folder} holds no images. Put {', '.join(s[1:] for s in SUFFIXES)} files there."
        )
    class_names = _classes(folder, [f for files in listed.values() for f in files], depth, roots)
    asked = [listed[name][place] for name, indices in parts for place in indices]
    channels = channels or 3
    where = resolve_data_dir(data_dir)

    first = first_shape(asked, resolution, channels)
    nbytes = len(asked) * math.prod(first) if first else 0
    if nbytes <= CACHE_BYTES:
        files, image, key = decode_all(asked, nbytes, resolution, channels, unreadable, where)
        shape = image.shape[1:]

        def fingerprint() -> str:
            everything = _labeled({"image": image}, labels, np.arange(len(files)))
            return kept([key, class_names], lambda: digest(everything))

        def read(indices: np.ndarray) -> Rows:
            return _labeled({"image": image[indices]}, labels, indices)

    else:
        files, shape, hashes = check_all(asked, resolution, channels, unreadable, where)

        def fingerprint() -> str:
            return digest(hashes, labels, resolution, channels)

        def read(indices: np.ndarray) -> Rows:
            images = np.empty((len(indices), *shape), np.uint8)
            for i, place in enumerate(indices):
                try:
                    images[i] = decode(files[place], channels, resolution)
                except UnreadableError as error:
                    raise UserError(refusal([(files[place], str(error))])) from error
            return _labeled({"image": images}, labels, indices)

    readable = set(files)
    say_what_is_skipped([file for file in asked if file not in readable], len(asked))
    labels = _labels(files, class_names, depth, folder)
    return Source(
        name=f"folder:{folder.resolve().name}",
        split=split,
        size=len(files),
        shape=shape,
        read=read,
        fingerprint=fingerprint(),
        classes=len(class_names) if class_names else None,
        class_names=class_names,
    )


def _list(root: Path) -> list[Path]:
    """Image files below ``root`` in the order of their paths; hidden ones are left out."""
    found: list[Path] = []
    seen: set[str] = set()
    # Linked folders are followed (data are often linked together), each only once.
    for path, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(path)
        folders[:] = [f for f in folders if not f.startswith(".")] if real not in seen else []
        if real in seen:
            continue
        seen.add(real)
        found += [
            Path(path, name)
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found, key=lambda file: file.relative_to(root).as_posix())


def _classes(
    folder: Path, files: Sequence[Path], depth: int, roots: dict[str, Path]
) -> tuple[str, ...]:
    names = {_class_of(file, depth, folder) for file in files}
    if None in names and len(names) > 1:
        loose = next(file for file in files if _class_of(file, depth, folder) is None)
        raise UserError(
            f"{folder} has class subfolders, but {loose.name} lies beside them. Move such files "
            "into a class, or out of the folder."
        )
    known = sorted(name for name in names if name is not None)
    return tuple(known) if len(known) > 1 else ()


def _class_of(file: Path, depth: int, folder: Path) -> str | None:
    parts = file.relative_to(folder).parts[depth:]
    return parts[0] if len(parts) > 1 else None


def _labels(
    files: Sequence[Path], classes: tuple[str, ...], depth: int, folder: Path
) -> np.ndarray | None:
    if not classes:
        return None
    numbers = {name: i for i, name in enumerate(classes)}
    return np.array([numbers[str(_class_of(file, depth, folder))] for file in files], np.int32)


def _labeled(rows: Rows, labels: np.ndarray | None, indices: np.ndarray) -> Rows:
    return rows if labels is None else {**rows, "label": labels[indices]}
