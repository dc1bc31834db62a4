"""``jaxgan sample``: draws from a run folder."""

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from jaxgan.errors import UserError
from jaxgan.files import replacing
from jaxgan.viz.pictures import grid, magnification, save_image, scatter

MEMORY = 16 * 2**30
"""Bytes that samples may take before they are written."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples from a run folder."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Annotated[str, tyro.conf.arg(metavar="PATH")] = "samples.png"
    """NAME.png for a grid, NAME.npz for arrays, a folder for one PNG per sample."""
    num: int = 64
    """Number of samples (with --interpolate: of walks)."""
    seed: int = 0
    """Seed of the latents; sample i of a seed is always the same."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    label: int | None = None
    """Class to draw; all in turn if not given."""
    truncation: float | None = None
    """Draw latents nearer to the middle, above 0 to 10: less variety, fewer failures."""
    interpolate: bool = False
    """Walk in straight lines between pairs of latents."""
    overwrite: bool = False
    """Replace what --out already holds; of a folder, its numbered pictures."""


def sample(arguments: Sequence[str]) -> int:
    """``jaxgan sample RUN``."""
    asked = tyro.cli(Sample, prog="jaxgan sample", args=list(arguments))
    if asked.num < 1:
        raise UserError(f"--num {asked.num}: must be at least 1.")
    # Beyond 10 nothing is cut off in float32, and infinity has no inverse.
    if asked.truncation is not None and not 0 < asked.truncation <= 10:
        raise UserError(
            f"--truncation {asked.truncation}: must be above 0 and at most 10; omit it for none."
        )
    if asked.interpolate and asked.truncation is not None:
        raise UserError("--truncation does not apply to --interpolate; give one of them.")
    with _writing(asked.out):
        out, kind = destination(asked.out, asked.overwrite)
    from jaxgan.sampling.load import load

    sampler = load(asked.run, asked.weights, asked.step)
    columns = 10 if asked.interpolate else None
    count = asked.num * (columns or 1)
    if kind == "folder" and len(sampler.data.shape) != 3:
        raise UserError(f"--out {out}: these samples are points, not images; use .npz or .png.")
    if kind != "folder" or columns:
        _check_memory(sampler, asked, count, kind)
    if columns:
        labels = sampler.walk_labels(asked.num, columns, asked.label)
        samples = sampler.interpolate(asked.num, columns, asked.seed, asked.label)
    else:
        labels = sampler.labels(1 if kind == "folder" else count, asked.label)
        drawing = (count, asked.seed, asked.label, asked.truncation)
        samples = sampler.batches(*drawing) if kind == "folder" else sampler(*drawing)
    with _writing(asked.out):
        if kind == "folder":
            parts = [samples] if isinstance(samples, np.ndarray) else samples
            write_folder(out, (image for part in parts for image in part))
        else:
            assert isinstance(samples, np.ndarray)
            write_samples(out, samples, columns, labels if sampler.labelled else None)
    print(f"{count} samples of {asked.run} (step {sampler.step}, {asked.weights}): {out}")
    return 0


@contextlib.contextmanager
def _writing(out: str) -> Iterator[None]:
    """Says of an error of the disk that it is one."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"Cannot write {out}: {reason}. Choose another --out.") from error


def destination(out: str, overwrite: bool) -> tuple[Path, Literal["png", "npz", "folder"]]:
    """Where samples go, and as what.

    Raises:
      UserError: the name does not say as what, or something is there.
    """
    path = Path(out)
    if not out:
        raise UserError("--out is empty; give NAME.png, NAME.npz or a folder.")
    kinds: dict[str, Literal["png", "npz", "folder"]]
    kinds = {".png": "png", ".npz": "npz", "": "folder"}
    kind = "folder" if path.is_dir() else kinds.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"--out {out}: ends in .png or .npz, or names a folder.")
    occupied = any(path.iterdir()) if path.is_dir() else path.exists()
    if occupied and not overwrite:
        raise UserError(f"{out} exists; choose another --out, or add --overwrite.")
    return path, kind


def _check_memory(sampler, asked: Sample, count: int, kind: str) -> None:
    """Refuses more samples than the memory holds.

    Raises:
      UserError: with the memory that they need.
    """
    height, *rest = sampler.data.shape
    size = math.prod(sampler.data.shape) * (1 if rest[1:] else 4)
    if asked.interpolate:
        size += 4 * sampler.latents(1).shape[-1]
    if kind == "png" and rest[1:]:  # the sheet, each picture as large as it will be shown
        size += (max(64, height) + 2) ** 2 * rest[-1]
    if count * size > MEMORY:
        instead = "draw fewer" if asked.interpolate else "draw fewer, or name a folder as --out"
        raise UserError(
            f"--num {asked.num} needs {count * size / 2**30:,.0f} GiB of memory, more than "
            f"{MEMORY / 2**30:,.0f}; {instead if rest[1:] else 'draw fewer'}."
        )


def write_samples(
    out: Path,
    samples: np.ndarray,
    columns: int | None = None,
    labels: np.ndarray | None = None,
) -> None:
    """Writes a PNG grid or an npz, as the name of ``out`` says; whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".npz":
        arrays = {"image": samples} if labels is None else {"image": samples, "label": labels}
        with replacing(out) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    elif samples.ndim == 4:
        save_image(out, grid(samples, columns), magnification(samples))
    else:
        save_image(out, scatter(samples))


def write_folder(out: Path, samples: Iterable[np.ndarray]) -> None:
    """Writes a PNG per sample, in the place of those that an earlier call wrote."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        if re.fullmatch(r"\d{6,}\.png", old.name):
            old.unlink()
    for number, image in enumerate(samples):
        save_image(out / f"{number:06d}.png", image)
