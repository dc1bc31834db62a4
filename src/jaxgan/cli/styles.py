"""``jaxgan styles``: style mixing grids, and walks through styles."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from jaxgan.cli.flags import check_count, check_psi, check_seed, parsed
from jaxgan.errors import UserError
from jaxgan.files import writing
from jaxgan.viz.moving import write_gif, write_mp4
from jaxgan.viz.pictures import grid, magnification, save_image

if TYPE_CHECKING:
    from jaxgan.sampling.styles import StyleSpace, Truncation

MOVING = (".gif", ".mp4")


@dataclasses.dataclass(frozen=True)
class Styles:
    """Mix the styles of samples of a StyleGAN in a grid, or walk from one to the next.

    Samples are named by their numbers, as jaxgan sample draws them: 0:6, or 0,3,8.
    """

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Annotated[Path, tyro.conf.arg(metavar="FILE")] = Path("styles.png")
    """NAME.png for a grid of mixed styles; NAME.gif or NAME.mp4 for a walk in W through the samples
    of --rows and back."""
    rows: str = "0:4"
    """Samples whose styles the rows of a grid have, or that a walk leads through."""
    columns: str = "4:10"
    """Samples from which the columns of a grid take some layers."""
    layers: str = ""
    """Layers that are the column's, e.g. 0:4 for coarse ones, 4:8, or 8: for colors; the first four
    if not given."""
    frames: int = 30
    """Of a walk from each sample to the next."""
    psi: float | None = None
    """How far styles lie from the average, as a share of how far they would (truncation)."""
    cutoff: int | None = None
    """How many layers, the first ones, --psi truncates; all if not given."""
    label: int | None = None
    """Class of the samples; each class in turn if not given."""
    seed: int = 0
    """Seed of the latents."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best; the newest if not given."""
    overwrite: bool = False
    """Replace what --out already holds."""


def styles(arguments: Sequence[str]) -> int:
    """``jaxgan styles RUN``; returns the exit code.

    Raises:
      UserError: a flag is at fault, or the run's generator has no styles.
    """
    asked = parsed(Styles, prog="jaxgan styles", args=list(arguments))
    moving = asked.out.suffix.lower() in MOVING
    check(asked, moving)
    rows, columns = numbers(asked.rows, "--rows"), numbers(asked.columns, "--columns")
    from jaxgan.sampling.load import load  # after the flags: JAX takes a second to import
    from jaxgan.sampling.styles import Truncation, style_space, truncated

    sampler = load(asked.run, asked.weights, asked.step)
    truncation = Truncation(asked.psi, asked.cutoff)
    truncated(sampler, truncation)  # refuses a cutoff that cannot be
    space = style_space(sampler)
    with writing(str(asked.out), "Choose another --out."):
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        if moving:
            walk(asked, space, rows, truncation)
        else:
            mix(asked, space, rows, columns, truncation)
    print(f"Styles of {asked.run} (step {sampler.step}, {asked.weights}): {asked.out}")
    return 0


def check(asked: Styles, moving: bool) -> None:
    """Refuses flags that make no sense.

    Raises:
      UserError: naming the flag.
    """
    check_seed(asked.seed)
    check_count("--frames", asked.frames, 1)
    check_psi(asked.psi, asked.cutoff)
    if not moving and asked.out.suffix.lower() != ".png":
        raise UserError(f"--out {asked.out}: give a name that ends in .png, .gif or .mp4.")
    if asked.out.exists() and not asked.overwrite:
        raise UserError(f"{asked.out} exists; choose another --out, or add --overwrite.")
    idle = ("columns", "layers") if moving else ("frames",)
    for name in idle:
        if getattr(asked, name) != getattr(Styles, name):
            kind = "a walk" if moving else "a grid"
            raise UserError(f"--{name} changes nothing of {kind}; omit it.")


def numbers(words: str, flag: str) -> np.ndarray:
    """Samples by their numbers, ``0:6`` or ``0,3,8``.

    Raises:
      UserError: they are written otherwise, or are too many, or numbers from 100,000 on.
    """
    if match := re.fullmatch(r"(\d{1,5}):(\d{1,5})", words):
        found = np.arange(int(match[1]), int(match[2]))
    elif re.fullmatch(r"\d{1,5}(,\d{1,5})*", words):
        found = np.array([int(word) for word in words.split(",")])
    else:
        raise UserError(f"{flag} {words}: write numbers of samples as 0:6 or 0,3,8.")
    if not 1 <= len(found) <= 100:
        raise UserError(f"{flag} {words}: give 1 to 100 samples.")
    return found


def taken(words: str, layers: int) -> slice:
    """Layers, ``0:4``, ``4:`` or ``:4``; the first four if none are named.

    Raises:
      UserError: they are written otherwise, or there are none of them.
    """
    match = re.fullmatch(r"(\d*):(\d*)", words or "0:4")
    if match is None:
        raise UserError(f"--layers {words}: write them as 0:4, 4:8 or 8:.")
    first, last = (int(word) if word else None for word in match.groups())
    found = slice(first, last)
    if not range(layers)[found]:
        raise UserError(f"--layers {words}: this generator has layers 0 to {layers - 1}.")
    return found


def mix(
    asked: Styles,
    space: "StyleSpace",
    rows: np.ndarray,
    columns: np.ndarray,
    truncation: "Truncation",
) -> None:
    """Writes a grid: the columns' samples above, the rows' at the left, mixed ones between."""
    own, other = (
        space.of_samples(each, asked.seed, asked.label, truncation) for each in (rows, columns)
    )
    mixed = space.mixed(own, other, taken(asked.layers, space.layers))
    made = space.images(np.concatenate([other, own, mixed.reshape(-1, *mixed.shape[2:])]))
    above, left = made[: len(columns)], made[len(columns) :][: len(rows)]
    between = made[len(columns) + len(rows) :].reshape(len(rows), len(columns), *made.shape[1:])
    blank = np.full_like(above[:1], 255)
    lines = [np.concatenate([blank, above])]
    lines += [np.concatenate([left[i : i + 1], between[i]]) for i in range(len(rows))]
    save_image(asked.out, grid(np.concatenate(lines), len(columns) + 1), magnification(blank))


def walk(asked: Styles, space: "StyleSpace", rows: np.ndarray, truncation: "Truncation") -> None:
    """Writes a moving picture that walks through styles."""
    stations = space.of_samples(rows, asked.seed, asked.label, truncation)
    frames = space.images(space.walk(stations, asked.frames))
    write = write_gif if asked.out.suffix.lower() == ".gif" else write_mp4
    magnify = magnification(frames)
    write(asked.out, frames.repeat(magnify, 1).repeat(magnify, 2))
