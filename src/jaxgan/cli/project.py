"""``jaxgan project``: the styles whose image is nearest to one of your own."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from jaxgan.cli.flags import check_count, check_seed, parsed
from jaxgan.cli.progress import Counting
from jaxgan.errors import UserError
from jaxgan.files import replacing, writing
from jaxgan.viz.pictures import grid, magnification, save_image


@dataclasses.dataclass(frozen=True)
class Project:
    """Look for the styles of a StyleGAN whose images are nearest to images of your own.

    Of each image NAME, the folder gets NAME.png, the image beside what was found, and NAME.npz with
    its styles.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    files: tyro.conf.Positional[tuple[Path, ...]]
    """Image files; they are cropped to squares and resized."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")]
    """Folder for the results."""
    steps: int = 500
    """Of the search for each image."""
    each_layer: bool = False
    """Look for a style of each layer (W+): nearer to the image, farther from what the generator
    knows."""
    label: int | None = None
    """Class whose average style the search begins with; of all classes if not given."""
    seed: int = 0
    """Seed of the noise of the search."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best; the newest if not given."""
    overwrite: bool = False
    """Replace results that are there already."""


def project(arguments: Sequence[str]) -> int:
    """``jaxgan project RUN IMAGE... --out DIR``; returns the exit code.

    Raises:
      UserError: a flag, the run or an image is at fault, before anything is written.
    """
    asked = parsed(Project, prog="jaxgan project", args=list(arguments))
    check_seed(asked.seed)
    check_count("--steps", asked.steps, 1)
    places = places_of(asked)
    from jaxgan.sampling.load import load  # after the flags: JAX takes a second to import
    from jaxgan.sampling.project import project as search
    from jaxgan.sampling.styles import style_space

    sampler = load(asked.run, asked.weights, asked.step)
    space = style_space(sampler)
    targets = [read_target(file, sampler.task.shape) for file in asked.files]
    with writing(str(asked.out), "Choose another --out."), Counting() as counting:
        asked.out.mkdir(parents=True, exist_ok=True)
        for file, place, target in zip(asked.files, places, targets, strict=True):
            with counting(file.name, asked.steps) as advance:
                found = search(
                    space, target, asked.steps, asked.seed, asked.each_layer, asked.label, advance
                )
            pair = np.stack([target, found.image])
            save_image(place, grid(pair, 2), magnification(pair))
            with replacing(place.with_suffix(".npz")) as part, part.open("wb") as stored:
                np.savez_compressed(
                    stored, styles=found.styles, image=found.image, distances=found.distances
                )
            first, last = float(found.distances[0]), float(found.distances[-1])
            print(f"{file}: distance {first:.4g} to {last:.4g}: {place}")
    return 0


def places_of(asked: Project) -> list[Path]:
    """Where the results go.

    Raises:
      UserError: a file is missing, two have one name, or results are there already.
    """
    if not asked.files:
        raise UserError("Name at least one image to project.")
    names = [file.stem for file in asked.files]
    for file in asked.files:
        if not file.is_file():
            raise UserError(f"There is no image {file}. Check its path.")
        if names.count(file.stem) > 1:
            raise UserError(f"Two images are named {file.stem}; project them one by one.")
    places = [asked.out / f"{name}.png" for name in names]
    for place in places:
        if (place.exists() or place.with_suffix(".npz").exists()) and not asked.overwrite:
            raise UserError(f"{place} exists; choose another --out, or add --overwrite.")
    return places


def read_target(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """An image as a sample would be, uint8 ``[h, w, c]``.

    Raises:
      UserError: it cannot be decoded.
    """
    from jaxgan.data.sources.decode import UnreadableError, decode

    try:
        return decode(file, shape[-1], shape[0])
    except UnreadableError as error:
        raise UserError(f"{file} cannot be read: {error}. Leave it out.") from error
