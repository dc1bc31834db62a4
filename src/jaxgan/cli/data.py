"""``jaxgan data``: prepares data sets, and lists those that are prepared."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from jaxgan.cli.flags import parsed
from jaxgan.errors import UserError, one_of
from jaxgan.runs.exit_codes import EXIT_FAULT


@dataclasses.dataclass(frozen=True)
class Prepare:
    """Download a data set, or import files that you have."""

    name: tyro.conf.Positional[str]
    """Data set, e.g. fashion_mnist, cifar10, glyphs/32, emoji, cycle_gan/horse2zebra, or any of
    TFDS; or folder:DIR, images of your own, which are decoded and resized once."""
    source_dir: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Folder of the original files (IDX, CIFAR binary, fonts, emoji, CycleGAN's archive or its four
    folders), instead of a download."""
    data_dir: str | None = None
    """Folder for the result; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    debian: bool = False
    """If the download fails, take Fashion-MNIST from Debian's package."""
    resolution: int | None = None
    """Of folder:DIR: side in pixels that images are cropped and resized to."""
    channels: Literal[1, 3] | None = None
    """Of folder:DIR: 1 for gray, 3 for color; color if not given."""
    unreadable: Literal["refuse", "skip"] = "refuse"
    """Of folder:DIR: what to do with a file that cannot be decoded."""


@dataclasses.dataclass(frozen=True)
class List:
    """Show the data sets that are prepared, and those that can be, with license and source."""

    data_dir: str | None = None
    """Folder to look in; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""


def data(arguments: Sequence[str]) -> int:
    """``jaxgan data prepare NAME`` and ``jaxgan data list``; returns the exit code."""
    commands = {"prepare": prepare_data, "list": list_data}
    if not arguments or arguments[0] in ("-h", "--help"):
        print(
            "usage: jaxgan data prepare NAME [--from DIR] [--data-dir DIR] [--debian]\n"
            "       jaxgan data prepare folder:DIR --resolution PIXELS [--data-dir DIR]\n"
            "       jaxgan data list [--data-dir DIR]"
        )
        return 0 if arguments else EXIT_FAULT
    return commands[one_of(arguments[0], commands, "command data")](arguments[1:])


def prepare_data(arguments: Sequence[str]) -> int:
    """``jaxgan data prepare NAME``."""
    asked = parsed(Prepare, prog="jaxgan data prepare", args=list(arguments))
    kind, _, path = asked.name.partition(":")
    if kind == "folder":
        return _prepare_folder(asked, Path(path))
    if (asked.resolution, asked.channels, asked.unreadable) != (None, None, "refuse"):
        raise UserError(
            "--resolution, --channels and --unreadable are for folder:DIR; other data are "
            "prepared as they are, and resized when they are read."
        )
    from jaxgan.data.prepare.prepare import prepare

    folder = prepare(
        asked.name, data_dir=asked.data_dir, source_dir=asked.source_dir, debian=asked.debian
    )
    print(f"{asked.name} is ready in {folder}")
    return 0


def _prepare_folder(asked: Prepare, images: Path) -> int:
    """``jaxgan data prepare folder:DIR --resolution PIXELS``."""
    if asked.resolution is None:
        raise UserError(f"{asked.name}: say how large its images become, e.g. --resolution 128.")
    if asked.source_dir is not None or asked.debian:
        raise UserError(f"{asked.name}: leave out --from and --debian.")
    from jaxgan.data.prepare.folders import prepare_folder

    name, folder = prepare_folder(
        images,
        asked.resolution,
        channels=asked.channels,
        unreadable=asked.unreadable,
        data_dir=asked.data_dir,
    )
    print(f"{name} is ready in {folder}")
    return 0


def list_data(arguments: Sequence[str]) -> int:
    """``jaxgan data list``."""
    asked = parsed(List, prog="jaxgan data list", args=list(arguments))
    from jaxgan.data.prepare.listing import list_prepared, unprepared

    prepared = list_prepared(asked.data_dir)
    if not prepared:
        from jaxgan.data.sources.tfds import resolve_data_dir

        folder = resolve_data_dir(asked.data_dir)
        fault = "holds no prepared data set" if folder.is_dir() else "is not a folder"
        print(f"{folder} {fault}; jaxgan data prepare NAME makes one, --data-dir names another.")
    more = unprepared(prepared)
    width = 2 + max(len(name) for name in [*(found.name for found in prepared), *more])
    for found in prepared:
        splits = ", ".join(f"{split} {size:,}" for split, size in found.splits.items())
        print(f"{found.name:<{width}}{found.format:<14}{splits}")
        if found.recipe is not None:
            print(f"    {found.recipe.terms}")
    if more:
        print("Not prepared yet (jaxgan data prepare NAME; any other of TFDS by its name):")
    for name, recipe in more.items():
        print(f"{name:<{width}}{recipe.about}\n    {recipe.terms}")
    return 0
