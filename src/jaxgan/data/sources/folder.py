"""A folder of image files, with class subfolders as labels."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jaxgan.data.source import Source
from jaxgan.data.sources.image_files import Unreadable, read_files
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
    unreadable: Unreadable = "refuse",
    data_dir: str | None = None,
) -> Source:
    """Opens a folder of jpg, png, webp and bmp files.

    Subfolders named ``train``, ``test``, ``validation`` or ``val`` are splits; without them all
    files are the split ``train``. Below that, the first level of subfolders are the classes, in
    sorted order; files directly in the folder, or in a single subfolder, have no labels.

    Every file is decoded once when the folder is opened (``read_files``), so that an unreadable one
    is found then and not hours into training.

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

    folder = folder.expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Check its path.")
    roots = split_folders(folder)
    listed = {name: list_images(root) for name, root in roots.items()}
    asked = files_of(split, listed, folder)
    depth = depth_of(roots, folder)
    class_names = classes_of(folder, [f for files in listed.values() for f in files], depth)
    images = read_files(
        asked,
        resolution=resolution,
        channels=channels or 3,
        unreadable=unreadable,
        where=resolve_data_dir(data_dir),
    )
    labels = labels_of(images.files, class_names, depth, folder)
    return images.source(f"folder:{folder.resolve().name}", split, labels, class_names)


def split_folders(folder: Path) -> dict[str, Path]:
    """Split -> its folder: subfolders of these names if ``train`` is one, or all for ``train``."""
    names = [name for name in SPLITS if (folder / name).is_dir()]
    return {name: folder / name for name in names} if "train" in names else {"train": folder}


def depth_of(roots: Mapping[str, Path], folder: Path) -> int:
    """How many folders lie between a folder and its classes, given its ``split_folders``."""
    return 0 if roots.get("train") == folder else 1


def files_of(split: str, listed: Mapping[str, Sequence[Path]], folder: Path) -> list[Path]:
    """The files that a split consists of.

    Args:
      split: TFDS's split syntax.
      listed: the files of each existing split.
      folder: where they lie, for messages.

    Raises:
      UserError: there are none, or there is no such split.
    """
    if not any(listed.values()):
        raise UserError(
            f"{folder} holds no images. Put {', '.join(s[1:] for s in SUFFIXES)} files there."
        )
    parts = split_indices(split, {name: len(files) for name, files in listed.items()})
    return [listed[name][place] for name, indices in parts for place in indices]


def list_images(root: Path) -> list[Path]:
    """Image files below ``root`` in the order of their paths; hidden ones are left out."""
    return list_files(root, SUFFIXES)


def list_files(root: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files of these suffixes below ``root`` in the order of their paths, without hidden ones."""
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
            if name.lower().endswith(suffixes) and not name.startswith(".")
        ]
    return sorted(found, key=lambda file: file.relative_to(root).as_posix())


def classes_of(folder: Path, files: Sequence[Path], depth: int) -> tuple[str, ...]:
    """The first level of folders that hold files, in sorted order; empty if it is one or none.

    Args:
      folder: the folder.
      files: all files in it.
      depth: 1 if its subfolders are splits, else 0.

    Raises:
      UserError: files lie in classes and beside them.
    """
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


def labels_of(
    files: Sequence[Path], classes: tuple[str, ...], depth: int, folder: Path
) -> np.ndarray | None:
    """The number of each file's class, int32 ``[n]``; None without classes. See ``classes_of``."""
    if not classes:
        return None
    numbers = {name: i for i, name in enumerate(classes)}
    return np.array([numbers[str(_class_of(file, depth, folder))] for file in files], np.int32)
