"""``jaxgan apply``: a translation or completion model on a person's own images."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from jaxgan.cli.flags import check_count, check_seed
from jaxgan.errors import UserError
from jaxgan.files import writing
from jaxgan.viz.pictures import save_image

if TYPE_CHECKING:
    from jaxgan.sampling.apply import Applier

MASK = ".mask.png"
"""Ending of the file that says what of the image beside it is completed; see ``read_mask``."""


@dataclasses.dataclass(frozen=True)
class Apply:
    """Run a translation or completion model on your own images.

    What is to be completed of photo.jpg is white in photo.mask.png beside it, or painted in any one
    color but black on a transparent ground.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    files: tyro.conf.Positional[tuple[Path, ...]]
    """Images, and folders of them."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the results, a PNG of the same name for each image."""
    resolution: int | None = None
    """Crop the images to squares and resize them to this side; by default they stay."""
    reverse: bool = False
    """From targets to sources, with a model that learned both ways (CycleGAN)."""
    seed: int = 0
    """Seed of the latents, of models that draw noise."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    overwrite: bool = False
    """Replace results that are there already."""


def apply(arguments: Sequence[str]) -> int:
    """``jaxgan apply RUN FILE... --out DIR``; returns the exit code.

    Raises:
      UserError: a flag, the run or an image is at fault, before anything is written; or the
        generator has diverged.
    """
    asked = tyro.cli(Apply, prog="jaxgan apply", args=list(arguments))
    check_seed(asked.seed)
    if asked.resolution is not None:
        check_count("--resolution", asked.resolution, 1)
    files = images_of(asked.files)
    places = places_of(files, asked.out, asked.overwrite)
    from jaxgan.sampling.apply import applier  # after the flags: JAX takes a second to import
    from jaxgan.sampling.load import load

    model = applier(load(asked.run, asked.weights, asked.step), asked.reverse)
    takes = functools.cache(model.takes)  # of most folders all images have one size
    for file in files:  # all of them before the first result is written
        image, _ = read_image(model, file, asked.resolution)
        check_size(model, file, takes(image.shape), image.shape)
    latents = model.sampler.latents(len(files), asked.seed)
    with writing(str(asked.out), "Choose another --out."):
        for number, (file, place) in enumerate(zip(files, places, strict=True)):
            image, mask = read_image(model, file, asked.resolution)
            save_image(place, model(image, latents[number : number + 1], mask))
    count = f"{len(files)} image{'s' * (len(files) != 1)}"
    print(f"{count} by {asked.run} (step {model.sampler.step}): {asked.out}")
    return 0


def images_of(named: Sequence[Path]) -> list[Path]:
    """The image files that are named, and those in folders, without masks.

    Raises:
      UserError: there is no such file, or no image in a folder.
    """
    from jaxgan.data.sources.folder import SUFFIXES

    if not named:
        raise UserError("No image is named; give files or a folder after the run.")
    found: list[Path] = []
    for path in named:
        if not path.exists():
            raise UserError(f"There is no file {path}; check the path.")
        files = [path]
        if path.is_dir():
            inside = sorted(path.iterdir())
            files = [one for one in inside if one.suffix.lower() in SUFFIXES and not is_mask(one)]
            if not files:
                kinds = ", ".join(suffix[1:] for suffix in SUFFIXES)
                raise UserError(f"{path} holds no images ({kinds}).")
        found += files
    return found


def is_mask(file: Path) -> bool:
    """Whether a file is the mask of another."""
    return file.name.lower().endswith(MASK)


def places_of(files: Sequence[Path], out: Path, overwrite: bool) -> list[Path]:
    """Where the result of each file goes.

    Raises:
      UserError: two would be written to one place, or there is something already.
    """
    places = [out / f"{file.stem}.png" for file in files]
    first: dict[Path, Path] = {}
    for file, place in zip(files, places, strict=True):
        if place in first:
            raise UserError(
                f"{first[place]} and {file} would both become {place}; rename one of them."
            )
        first[place] = file
        if place.exists() and not overwrite:
            raise UserError(f"{place} exists; choose another --out, or add --overwrite.")
        if place.exists() and place.resolve() in {one.resolve() for one in files}:
            raise UserError(f"{place} is one of the images; choose another --out.")
    return places


def check_size(model: "Applier", file: Path, taken: bool, shape: tuple[int, ...]) -> None:
    """Refuses an image ``(h, w, c)`` of a size that the model does not take.

    Raises:
      UserError: naming the file.
    """
    if not taken:
        height, width, _ = shape
        raise UserError(
            f"{file} has {width}x{height} pixels, which this model does not take; crop and resize "
            f"to the size that it was trained at: --resolution {model.shape[0]}."
        )


def read_image(
    model: "Applier", file: Path, resolution: int | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """An image uint8 ``[h, w, c]``, and its mask bool ``[h, w]`` where it has one.

    Raises:
      UserError: one cannot be read, they differ in size, the model takes no masks, or the mask may
        mean either.
    """
    from jaxgan.data.sources.decode import decode
    from jaxgan.data.sources.masks import read_mask

    image = readable(decode, file, model.shape[-1], resolution)
    path = file.with_name(file.stem + MASK)
    if not path.exists():
        return image, None
    if not model.takes_masks:
        raise UserError(f"{path}: this model takes no masks; move the file elsewhere.")
    mask = readable(read_mask, path, resolution)
    if mask.shape != image.shape[:2]:
        raise UserError(f"{path} and {file} differ in size; make the mask as large as the image.")
    return image, mask


def readable(read: Callable[..., np.ndarray], file: Path, *options: int | None) -> np.ndarray:
    """What ``read`` makes of an image file.

    Raises:
      UserError: it cannot be read.
    """
    from jaxgan.data.sources.decode import UnreadableError

    try:
        return read(file, *options)
    except UnreadableError as error:
        raise UserError(f"{file} cannot be read ({error}); leave it out.") from error
