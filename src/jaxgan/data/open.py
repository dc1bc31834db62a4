"""Opens a data set by the name that the command line takes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from jaxgan.data.modality import Modality
from jaxgan.data.source import Source
from jaxgan.errors import UserError

Unreadable = Literal["refuse", "skip"]


def open_source(
    spec: str,
    split: str = "train",
    *,
    data_dir: str | None = None,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Unreadable = "refuse",
    modality: Modality | None = None,
) -> Source:
    """Opens a data set by its name.

    Args:
      spec: a TFDS name (``fashion_mnist``, ``my_set/config:1.0.0``), ``folder:PATH`` or an existing
        folder, ``npz:PATH`` or a path that ends in ``.npz``, or a toy: ``ring``, ``grid``,
        ``swiss_roll``; or ``stacked_mnist`` (``stacked_mnist:COUNT``), digits as channels.
      split: TFDS's split syntax, on every route: ``train``, ``test``, ``train[:90%]``.
      data_dir: TFDS's data folder; by default ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.
      resolution: center crop to a square and resize to this side, with Lanczos filtering; None
        keeps the size that the images have.
      channels: 1 or 3; None for what the data have (folders: 3).
      unreadable: for images of a folder that cannot be decoded: ``refuse`` the folder, or ``skip``
        them.
      modality: what the samples of an npz file are; None for images or points.

    Raises:
      UserError: the data are unknown, missing or damaged; the message says what to do.
    """
    if resolution is not None and resolution < 1:
        raise UserError(f"The resolution {resolution} is not a positive number of pixels.")
    if channels not in (None, 1, 3):
        raise UserError(f"Images can have 1 or 3 channels, not {channels}.")
    source = _opened(spec, split, data_dir, resolution, channels, unreadable, modality)
    if resolution is None or source.preparation != "none":
        return source
    return dataclasses.replace(source, preparation=f"center crop, Lanczos to {resolution}, uint8")


def optional_split(opened: Callable[[str], Source], split: str) -> Source | None:
    """The split, or None if the data have none of this name."""
    try:
        return opened(split)
    except UserError:
        return None


def held_out_rows(opened: Callable[[str], Source], trained: str) -> Source:
    """The rows that samples are made from where they are made from data.

    The split ``test`` where there is one, else the split of the training.
    """
    return optional_split(opened, "test") or opened(trained)


def path_of(spec: str) -> tuple[Literal["folder", "npz"], Path] | None:
    """The format and the path of data that are named by their path; None for all other data.

    A TFDS name never has a leading dot or slash; a folder that happens to be called like a data set
    needs ``./`` or ``folder:`` before it.
    """
    kind, colon, path = spec.partition(":")
    if colon and kind == "folder":
        return "folder", Path(path)
    if colon and kind == "npz":
        return "npz", Path(path)
    if spec.endswith(".npz"):
        return "npz", Path(spec)
    if spec.startswith((".", "/", "~")) or ("/" in spec and Path(spec).is_dir()):
        return "folder", Path(spec)
    return None


def _opened(
    spec: str,
    split: str,
    data_dir: str | None,
    resolution: int | None,
    channels: int | None,
    unreadable: Unreadable,
    modality: Modality | None,
) -> Source:
    match path_of(spec):
        case "folder", path:
            from jaxgan.data.sources.folder import open_folder

            return open_folder(
                path,
                split,
                resolution=resolution,
                channels=channels,
                unreadable=unreadable,
                data_dir=data_dir,
            )
        case "npz", path:
            from jaxgan.data.sources.npz import open_npz

            return open_npz(
                path, split, resolution=resolution, channels=channels, modality=modality
            )
    kind, _, count = spec.partition(":")
    if kind == "stacked_mnist":
        from jaxgan.data.sources.stacked import open_stacked

        if channels not in (None, 3):
            raise UserError("stacked_mnist has 3 channels; leave out --channels.")
        if count and not count.isdecimal():
            raise UserError(f"stacked_mnist:{count}: give a number of triples, or none.")
        return open_stacked(int(count) if count else None, split, data_dir, resolution=resolution)
    from jaxgan.data.sources.toy import TOYS, open_toy

    if spec in TOYS:
        if resolution is not None or channels is not None:
            raise UserError(f"{spec} consists of points: leave out --resolution and --channels.")
        return open_toy(spec, split)
    if not spec:
        raise UserError("No data set is named. Give a TFDS name, folder:PATH, npz:PATH or ring.")
    from jaxgan.data.sources.tfds import open_tfds

    return open_tfds(spec, split, data_dir, resolution=resolution, channels=channels)
