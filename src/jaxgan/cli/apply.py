"""``jaxgan apply``: a translation, a completion or a vocoder on a person's own files."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import tyro

from jaxgan.cli.flags import check_count, check_seed, parsed
from jaxgan.errors import UserError
from jaxgan.files import writing
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.viz.pictures import save_image
from jaxgan.viz.sound import write_wav

if TYPE_CHECKING:
    from jaxgan.sampling.apply import Applier

MASK = ".mask.png"
"""Ending of the file that says what of the image beside it is completed; see ``read_mask``."""


@dataclasses.dataclass(frozen=True)
class Apply:
    """Run a translation or completion model on your own images, or a vocoder on your recordings.

    What is to be completed of photo.jpg is white in photo.mask.png beside it, or painted in any one
    color but black on a transparent ground.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    files: tyro.conf.Positional[tuple[Path, ...]]
    """Images or recordings, and folders of them."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the results, a PNG or a WAV file of the same name for each file."""
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
    asked = parsed(Apply, prog="jaxgan apply", args=list(arguments))
    check_seed(asked.seed)
    if asked.resolution is not None:
        check_count("--resolution", asked.resolution, 1)
    heard = "rate" in read_description(RunFolder(asked.run))["data"]
    if heard and asked.resolution is not None:
        raise UserError("--resolution: recordings have none; leave it out.")
    kind = recordings() if heard else images()
    files = files_of(asked.files, kind)
    places = places_of(files, asked.out, kind, asked.overwrite)
    from jaxgan.sampling.apply import applier  # after the flags: JAX takes a second to import
    from jaxgan.sampling.load import load

    model = applier(load(asked.run, asked.weights, asked.step), asked.reverse)
    to_images = functools.partial(write_images, resolution=asked.resolution)
    write = write_sounds if heard else to_images
    write(model, files, places, model.sampler.latents(len(files), asked.seed), asked.out)
    count = f"{len(files)} {kind.name}{'s' * (len(files) != 1)}"
    print(f"{count} by {asked.run} (step {model.sampler.step}): {asked.out}")
    return 0


def write_images(
    model: "Applier",
    files: Sequence[Path],
    places: Sequence[Path],
    latents: np.ndarray,
    out: Path,
    resolution: int | None,
) -> None:
    """Makes an image of each file.

    Raises:
      UserError: one cannot be read or does not fit, before anything is written.
    """
    takes = functools.cache(model.takes)  # of most folders all images have one size
    for file in files:
        image, _ = read_image(model, file, resolution)
        check_size(model, file, takes(image.shape), image.shape)
    with writing(str(out), "Choose another --out."):
        for number, (file, place) in enumerate(zip(files, places, strict=True)):
            image, mask = read_image(model, file, resolution)
            save_image(place, model(image, latents[number : number + 1], mask))


def write_sounds(
    model: "Applier", files: Sequence[Path], places: Sequence[Path], latents: np.ndarray, out: Path
) -> None:
    """Makes a sound of each recording, at the rate of the training.

    Raises:
      UserError: one cannot be read, before anything is written.
    """
    from jaxgan.data.sources.sound_files import read_sound

    rate = model.sampler.task.modality.rate
    assert rate is not None, "sounds have a rate"
    for file in files:
        readable(read_sound, file, rate)
    with writing(str(out), "Choose another --out."):
        for number, (file, place) in enumerate(zip(files, places, strict=True)):
            recording, _ = readable(read_sound, file, rate)
            write_wav(place, model.sound(recording, latents[number : number + 1]), rate)


@dataclasses.dataclass(frozen=True)
class Kind:
    """Files that a model is run on.

    Attributes:
      name: of one, in messages.
      suffixes: of those that are taken from a folder.
      result: suffix of what is made of one.
    """

    name: str
    suffixes: tuple[str, ...]
    result: str


def images() -> Kind:
    """Files of images; see ``Kind``."""
    from jaxgan.data.sources.folder import SUFFIXES

    return Kind("image", SUFFIXES, ".png")


def recordings() -> Kind:
    """Files of sound; see ``Kind``."""
    from jaxgan.data.sources.sound_files import SUFFIXES

    return Kind("recording", SUFFIXES, ".wav")


def files_of(named: Sequence[Path], kind: Kind) -> list[Path]:
    """The files that are named, and those in folders, without masks.

    Raises:
      UserError: there is no such file, or none in a folder.
    """
    if not named:
        raise UserError(f"No {kind.name} is named; give files or a folder after the run.")
    found: list[Path] = []
    for path in named:
        if not path.exists():
            raise UserError(f"There is no file {path}; check the path.")
        files = [path]
        if path.is_dir():
            fitting = [one for one in sorted(path.iterdir()) if one.suffix.lower() in kind.suffixes]
            files = [one for one in fitting if not is_mask(one)]
            if not files:
                kinds = ", ".join(suffix[1:] for suffix in kind.suffixes)
                raise UserError(f"{path} holds no {kind.name}s ({kinds}).")
        found += files
    return found


def is_mask(file: Path) -> bool:
    """Whether a file is the mask of another."""
    return file.name.lower().endswith(MASK)


def places_of(files: Sequence[Path], out: Path, kind: Kind, overwrite: bool) -> list[Path]:
    """Where the result of each file goes.

    Raises:
      UserError: two would be written to one place, or there is something already.
    """
    places = [out / f"{file.stem}{kind.result}" for file in files]
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
            raise UserError(f"{place} is one of the {kind.name}s; choose another --out.")
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


def readable(read: Callable[..., Any], file: Path, *options: int | None) -> Any:
    """What ``read`` makes of a file.

    Raises:
      UserError: it cannot be read.
    """
    from jaxgan.data.sources.decode import UnreadableError

    try:
        return read(file, *options)
    except UnreadableError as error:
        raise UserError(f"{file} cannot be read ({error}); leave it out.") from error
