"""Folders of image pairs, as pix2pix and CycleGAN have them, and as a person has them."""

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from jaxgan.data.source import Source
from jaxgan.data.sources.folder import (
    SPLITS,
    files_of,
    list_images,
    open_folder,
    split_folders,
)
from jaxgan.data.sources.image_files import ImageFiles, Unreadable, read_files
from jaxgan.data.sources.pairs import aligned, chosen, unaligned
from jaxgan.data.sources.tfds import resolve_data_dir
from jaxgan.errors import UserError


def open_pairs(
    folder: Path,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Unreadable = "refuse",
    data_dir: str | None = None,
) -> Source:
    """Opens a folder of pairs.

    Either each file shows both images side by side, the source on the left and the target on the
    right, as in pix2pix's data sets; then subfolders may be splits, as in any folder
    (``open_folder``). Or the folder has two subfolders, ``A`` with the sources and ``B`` with the
    targets, each of them a folder with or without splits, in which the files of a pair have the
    same name; their suffixes may differ. Class subfolders give no labels.

    Args:
      folder: the folder.
      split: TFDS's split syntax.
      resolution: see ``decode.fit``; the same crop for both images of a pair.
      channels: 1 or 3, which is the default; of both images.
      unreadable: if some files cannot be decoded, ``refuse`` the folder, or ``skip`` their pairs
        with a message.
      data_dir: where the results of decoding are kept.

    Raises:
      UserError: no such folder or split, no images, a file without a partner or of another shape
        than its partner, odd widths, unreadable files, or images of several sizes without a
        resolution.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Check its path.")
    name = f"pairs:{folder.resolve().name}"
    read = functools.partial(
        read_files,
        resolution=resolution,
        channels=channels or 3,
        unreadable=unreadable,
        where=resolve_data_dir(data_dir),
    )
    sides = (folder / "A", folder / "B")
    there = [side.is_dir() for side in sides]
    if all(there):
        return _of_two_folders(*sides, split, name, read, cropped=resolution is not None)
    if any(there):
        raise UserError(f"{folder} has only one of the folders A and B. Add the other one.")
    listed = {one: list_images(root) for one, root in split_folders(folder).items()}
    files = files_of(split, listed, folder)
    left, right = (read(files, half=half).source(name, split) for half in ("left", "right"))
    return aligned(left, right, name)


def _of_two_folders(
    a: Path, b: Path, split: str, name: str, read: Callable[..., ImageFiles], *, cropped: bool
) -> Source:
    """Pairs of the files of equal names in two folders; ``read`` decodes a list of files."""
    first, second = _partners(a, b)
    sources, targets = files_of(split, first, a), files_of(split, second, b)
    if cropped:
        _check_shapes(sources, targets)
    images, others = read(sources), read(targets)
    readable = {*images.files}, {*others.files}
    both = [(a in readable[0], b in readable[1]) for a, b in zip(sources, targets, strict=True)]
    if not any(a and b for a, b in both):
        raise UserError(f"{a.parent} has no pair of which both images can be read.")
    return aligned(
        _where(images.source(name, split), [b for a, b in both if a]),
        _where(others.source(name, split), [a for a, b in both if b]),
        name,
    )


def open_unpaired(
    folders: Sequence[Path],
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Unreadable = "refuse",
    data_dir: str | None = None,
) -> Source:
    """Opens images of two kinds.

    Args:
      folders: one of sources and one of targets (see ``open_folder``), or a single one with
        CycleGAN's subfolders ``trainA``, ``trainB``, ``testA`` and ``testB``.
      split: TFDS's split syntax, of both kinds.
      resolution: see ``decode.fit``.
      channels: 1 or 3, which is the default; of both kinds.
      unreadable: see ``open_folder``.
      data_dir: where the results of decoding are kept.

    Raises:
      UserError: as ``open_folder``, and for a single folder without these subfolders.
    """
    if len(folders) == 2:
        opened = functools.partial(
            open_folder,
            split=split,
            resolution=resolution,
            channels=channels,
            unreadable=unreadable,
            data_dir=data_dir,
        )
        source, target = map(opened, folders)
        names = ",".join(folder.expanduser().resolve().name for folder in folders)
        return unaligned(source, target, f"unpaired:{names}")
    folder = folders[0].expanduser()
    name = f"unpaired:{folder.resolve().name}"

    def side(letter: str) -> Source:
        if not (folder / f"train{letter}").is_dir():
            raise UserError(
                f"{folder} has no folder train{letter}. Give CycleGAN's trainA, trainB (testA, "
                "testB), or two folders: unpaired:DIR_A,DIR_B."
            )
        roots = {one: folder / f"{one}{letter}" for one in SPLITS}
        listed = {one: list_images(root) for one, root in roots.items() if root.is_dir()}
        images = read_files(
            files_of(split, listed, folder),
            resolution=resolution,
            channels=channels or 3,
            unreadable=unreadable,
            where=resolve_data_dir(data_dir),
        )
        return images.source(name, split)

    return unaligned(side("A"), side("B"), name)


def _partners(a: Path, b: Path) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    """Split -> files of two folders, in the same order of names.

    Raises:
      UserError: a file or a split is in one of them only.
    """
    first, second = split_folders(a), split_folders(b)
    if strange := sorted(first.keys() ^ second.keys()):
        has, lacks = (a, b) if strange[0] in first else (b, a)
        raise UserError(
            f"{has} has a split {strange[0]} and {lacks} has not. Add it, or remove it."
        )
    found: tuple[dict[str, list[Path]], dict[str, list[Path]]] = ({}, {})
    for split in first:
        sources, targets = _by_name(first[split]), _by_name(second[split])
        if strange := sorted(sources.keys() ^ targets.keys()):
            alone = (sources | targets)[strange[0]]
            other = second[split] if strange[0] in sources else first[split]
            more = f", and {len(strange) - 1} more like it" if len(strange) > 1 else ""
            raise UserError(
                f"{alone} has no partner of its name in {other}{more}. Add it, or remove this one."
            )
        found[0][split] = [sources[name] for name in sorted(sources)]
        found[1][split] = [targets[name] for name in sorted(targets)]
    return found


def _by_name(root: Path) -> dict[str, Path]:
    """Path below ``root`` without its suffix -> file."""
    found: dict[str, Path] = {}
    for file in list_images(root):
        name = os.path.splitext(file.relative_to(root).as_posix())[0]
        if name in found:
            raise UserError(f"{found[name]} and {file} have one name. Remove one of them.")
        found[name] = file
    return found


def _check_shapes(sources: Sequence[Path], targets: Sequence[Path]) -> None:
    """Raises ``UserError`` if the two images of a pair would not be cropped alike."""
    for source, target in zip(sources, targets, strict=True):
        one, other = _size(source), _size(target)
        # Two sizes of one shape, but for the rounding of the smaller one.
        if abs(one[0] * other[1] - one[1] * other[0]) > max(*one, *other):
            raise UserError(
                f"{source} is {one[0]}x{one[1]} and {target} is {other[0]}x{other[1]}: a crop "
                "would not show the same of both. Give them one shape."
            )


def _size(file: Path) -> tuple[int, int]:
    """Width and height, from the file's head alone; (0, 0), which fits all, if it is unreadable."""
    try:
        with Image.open(file) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            width, height = image.size
            return (height, width) if turned else (width, height)
    except Exception:  # Pillow's plug-ins raise nearly anything on damaged files
        return (0, 0)


def _where(source: Source, keep: Sequence[bool]) -> Source:
    """The images to keep; the source itself if they are all."""
    return source if all(keep) else chosen(source, "image", np.flatnonzero(keep))
