"""The unpaired images of CycleGAN: an archive with four folders, or these folders.

The file of an image is stored as it is, under the name that TFDS gives it, so that the result is
what TFDS makes with TensorFlow.
"""

import functools
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder
from jaxgan.data.sources.decode import UnreadableError, decode
from jaxgan.errors import UserError

SPLITS = ("trainA", "trainB", "testA", "testB")

Place: TypeAlias = Path | zipfile.Path
"""A file or a folder, on the disk or in an archive."""


def _home(place: Place, name: str) -> Place | None:
    """The folder that has the four folders: ``place``, or the one in it with the archive's name."""
    places = (place, place / name)
    return next((one for one in places if all((one / split).is_dir() for split in SPLITS)), None)


def _find(folder: Path, name: str) -> dict[str, Path]:
    archive = folder if folder.is_file() else folder / f"{name}.zip"
    if archive.is_file():
        return {"archive": archive}
    check_folder(folder)
    if _home(folder, name) is None:
        raise UserError(
            f"{folder} has neither {name}.zip nor the folders {', '.join(SPLITS)}. Put the archive "
            "or its folders there."
        )
    return {"folder": folder}


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    name = builder.builder_config.name
    place: Place = paths["folder"] if "folder" in paths else _archive(paths["archive"])
    home = _home(place, name)
    if home is None:
        raise UserError(f"{place} lacks one of the folders {', '.join(SPLITS)}. Fetch it again.")
    files = {split: list(_images(home / split)) for split in SPLITS}
    splits = {
        split: {
            "image": np.array([*found, None], object)[:-1],  # not an array of what a path holds
            "label": np.full(len(found), "AB".index(split[-1])),
        }
        for split, found in files.items()
    }
    return Loaded(splits, keys={split: [one.name for one in files[split]] for split in SPLITS})


def _archive(path: Path) -> zipfile.Path:
    try:
        return zipfile.Path(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged or no zip archive. Fetch it again.") from error


def _images(folder: Place) -> Iterator[Place]:
    """The image files of a folder by name, each of which can be decoded.

    Raises:
      UserError: one cannot.
    """
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.startswith("."):  # what a Mac or a mounted disk leaves behind
            continue
        try:
            decode(file.read_bytes(), 3, None)
        except (UnreadableError, OSError, zlib.error, zipfile.BadZipFile) as error:
            raise UserError(f"{file} is damaged or no image ({error}). Fetch it again.") from error
        yield file


def _recipe(name: str, a: str, b: str, source: str, counts: tuple[int, int, int, int]) -> Recipe:
    """The recipe of one data set.

    Args:
      name: of the archive, and of TFDS's configuration.
      a: what the images of ``trainA`` and ``testA`` are.
      b: what those of ``trainB`` and ``testB`` are.
      source: where CycleGAN's authors have them from.
      counts: number of images of each of ``SPLITS``.
    """
    return Recipe(
        about=f"unpaired, color: {counts[0]:,} {a} and {counts[1]:,} {b} in train",
        license="none stated",
        source=f"Zhu et al. 2017, University of California, Berkeley, from {source}",
        files=(f"{name}.zip or its folders {', '.join(SPLITS)}",),
        find=functools.partial(_find, name=name),
        load=_load,
        counts=dict(zip(SPLITS, counts, strict=True)),
        urls=lambda builder: {
            "archive": next(url for url in builder.url_infos if url.endswith(f"/{name}.zip"))
        },
    )


_ART = "WikiArt (A) and Flickr (B)"

CYCLE_GAN = {
    f"cycle_gan/{name}": _recipe(name, *about)
    for name, about in {
        "apple2orange": ("apples", "oranges", "ImageNet", (995, 1019, 266, 248)),
        "summer2winter_yosemite": (
            *("photographs of Yosemite in summer", "in winter", "Flickr"),
            (1231, 962, 309, 238),
        ),
        "horse2zebra": ("horses", "zebras", "ImageNet", (1067, 1334, 120, 140)),
        "monet2photo": ("paintings by Monet", "photographs", _ART, (1072, 6287, 121, 751)),
        "cezanne2photo": ("paintings by Cezanne", "photographs", _ART, (525, 6287, 58, 751)),
        "ukiyoe2photo": ("ukiyo-e prints", "photographs", _ART, (562, 6287, 263, 751)),
        "vangogh2photo": ("paintings by van Gogh", "photographs", _ART, (400, 6287, 400, 751)),
        "maps": ("aerial photographs", "maps", "Google Maps", (1096, 1096, 1098, 1098)),
        "facades": ("facades", "label maps", "the CMP Facade Database", (400, 400, 106, 106)),
        "iphone2dslr_flower": (
            *("photographs of flowers by a phone", "by a camera", "Flickr"),
            (1812, 3325, 569, 480),
        ),
    }.items()
}
"""TFDS's name of a data set -> how it is made; numbers of images are those of TFDS's catalog."""
