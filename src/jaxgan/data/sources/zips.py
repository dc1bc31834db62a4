"""A ZIP archive of images, as StyleGAN's dataset tool writes them."""

import hashlib
import json
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from jaxgan.data.source import Source
from jaxgan.data.sources.folder import SUFFIXES
from jaxgan.data.sources.image_files import Unreadable, read_files
from jaxgan.data.splits import split_indices
from jaxgan.errors import UserError

LABELS = "dataset.json"
"""The member with the labels: ``{"labels": [["00000/img00000000.png", 6], ...]}``, or null."""


MOST_LABELS, MOST_CLASSES = 2**28, 100_000
"""Bytes of that member, and classes, beyond which it is something else."""

DAMAGED = (
    *(OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile),
    *(zlib.error, lzma.LZMAError),
)
"""What a damaged, encrypted or unknown archive raises; RuntimeError, of passwords and nesting."""


def open_zip(
    file: Path,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Unreadable = "refuse",
    data_dir: str | None = None,
) -> Source:
    """Opens an archive of image files, unpacked once below TFDS's data folder.

    The classes are those of ``dataset.json``, if there is one (Karras et al. 2020, StyleGAN2-ADA's
    dataset_tool.py); all images are the split ``train``.

    Args:
      file: the archive.
      split: TFDS's split syntax.
      resolution: see ``decode.fit``.
      channels: 1 or 3, which is the default.
      unreadable: see ``read_files``.
      data_dir: TFDS's data folder.

    Raises:
      UserError: no such archive, a damaged one, one whose members do not stay inside, no room to
        unpack it, no images, or labels that are no class numbers.
    """
    from jaxgan.data.sources.tfds import resolve_data_dir

    file = file.expanduser()
    where = resolve_data_dir(data_dir)
    folder, names, numbers = _unpacked(file, where)
    places = [place for _, part in split_indices(split, {"train": len(names)}) for place in part]
    images = read_files(
        [folder / names[place] for place in places],
        resolution=resolution,
        channels=channels or 3,
        unreadable=unreadable,
        where=where,
    )
    labels, classes = _labels(images.files, folder, numbers, file)
    return images.source(f"zip:{file.name}", split, labels, tuple(map(str, range(classes))))


def _unpacked(file: Path, where: Path) -> tuple[Path, list[str], Any]:
    """The folder with an archive's images, their names in order, and the labels as they are stored.

    Raises:
      UserError: see ``open_zip``.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = [one for one in archive.infolist() if _is_image(one)]
            stored = _stored_labels(archive, file)
            if not members:
                raise UserError(f"{file} holds no images ({', '.join(SUFFIXES)}). Check its path.")
            for member in members:
                _check_inside(member, file)
            folder = where / "unpacked" / f"{file.stem}-{_key(members)}"
            if not folder.is_dir():
                _unpack(archive, members, folder, file)
    except FileNotFoundError as error:
        raise UserError(f"There is no archive {file}. Check its path.") from error
    except DAMAGED as error:
        raise UserError(f"{file} is no sound ZIP archive ({error}). Fetch it again.") from error
    numbers = stored.get("labels") if isinstance(stored, dict) else None
    return folder, sorted(member.filename for member in members), numbers


def _stored_labels(archive: zipfile.ZipFile, file: Path) -> Any:
    """What ``dataset.json`` holds; an empty dictionary without it.

    Raises:
      UserError: it is too large to be one.
    """
    if LABELS not in archive.namelist():
        return {}
    if archive.getinfo(LABELS).file_size > MOST_LABELS:
        raise UserError(f"{file}: its {LABELS} is larger than {MOST_LABELS / 2**20:.0f} MiB.")
    return json.loads(archive.read(LABELS))


def _is_image(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename).name.lower()
    return name.endswith(SUFFIXES) and not name.startswith(".")


def _check_inside(member: zipfile.ZipInfo, file: Path) -> None:
    """Refuses a member that would be written somewhere else.

    Raises:
      UserError: names it.
    """
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise UserError(f"{file}: {member.filename!r} would lie outside of it. Do not use it.")


def _key(members: Sequence[zipfile.ZipInfo]) -> str:
    """A digest of what the archive says of its images."""
    listed = [(one.filename, one.CRC, one.file_size) for one in members]
    return hashlib.sha256(repr(sorted(listed)).encode()).hexdigest()[:16]


def _unpack(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path, file: Path
) -> None:
    """Unpacks images into a folder that is there only when all of them are.

    Raises:
      UserError: there is no room for them.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="unpacking-", dir=folder.parent))
    except OSError as error:
        raise UserError(
            f"Cannot write {folder.parent}: {error.strerror}. Name another --data-dir."
        ) from error
    try:
        _fill(archive, members, scratch, file)
        scratch.chmod(0o755)
        if not folder.is_dir():  # another process may have been faster
            os.replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _fill(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path, file: Path
) -> None:
    """Writes the members into a folder.

    Raises:
      UserError: there is no room for them.
    """
    needed, free = sum(one.file_size for one in members), shutil.disk_usage(folder.parent).free
    if needed > free:
        raise UserError(
            f"{file} needs {needed / 2**30:.1f} GiB when unpacked, and {folder.parent} has "
            f"{free / 2**30:.1f}; name another --data-dir."
        )
    for member in members:
        archive.extract(member, folder)


def _labels(
    files: Sequence[Path], folder: Path, stored: Any, file: Path
) -> tuple[np.ndarray | None, int]:
    """The class of each image, int32 ``[n]`` or None, and the number of classes.

    Raises:
      UserError: some have no class, or labels are something else.
    """
    if not stored:
        return None, 0
    try:
        numbers: Mapping[str, Any] = {str(name).replace("\\", "/"): one for name, one in stored}
    except (TypeError, ValueError) as error:
        raise UserError(f"{file}: {LABELS} has no pairs of a name and a class.") from error
    if not all(type(one) is int and 0 <= one < MOST_CLASSES for one in numbers.values()):
        raise UserError(f"{file}: labels of {LABELS} are no class numbers; remove that file.")
    names = [path.relative_to(folder).as_posix() for path in files]
    missing = next((name for name in names if name not in numbers), None)
    if missing is not None:
        raise UserError(f"{file}: {LABELS} has no class for {missing}. Add it, or remove the file.")
    return np.array([numbers[name] for name in names], np.int32), max(numbers.values()) + 1
