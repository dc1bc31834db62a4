"""``jaxgan sample``: draws samples from a run folder."""

import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from jaxgan.cli.flags import check_count, check_psi, check_seed, check_truncation, parsed
from jaxgan.errors import UserError
from jaxgan.files import replacing, replacing_folder, writing
from jaxgan.viz.pictures import beside, save_image

if TYPE_CHECKING:
    from jaxgan.data.modality import Modality
    from jaxgan.sampling.sampler import Sampler

MEMORY = 16 * 2**30
"""Bytes that samples may take in memory."""

COLUMNS = 10
"""Steps of an interpolation."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples from a run folder."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Annotated[str, tyro.conf.arg(metavar="PATH")] = "samples.png"
    """NAME.png for a grid, NAME.npz for arrays, a folder for one file per sample; of clips also
    NAME.gif and NAME.mp4, of sounds NAME.wav, of text NAME.txt."""
    num: int = 64
    """Number of samples (with --interpolate: of pairs of latents)."""
    seed: int = 0
    """Seed of the latents; sample i of a seed is always the same."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    label: int | None = None
    """Class to draw; each class in turn if not given."""
    truncation: float | None = None
    """Draw latents closer to the mean, above 0 to 10: less variety, fewer bad samples."""
    psi: float | None = None
    """Of a StyleGAN, how far styles lie from the average, as a share of how far they would
    (truncation in W)."""
    cutoff: int | None = None
    """How many layers, the first ones, --psi truncates; all if not given."""
    interpolate: bool = False
    """Interpolate along straight lines between pairs of latents."""
    overwrite: bool = False
    """Replace what --out already holds; of a folder, its numbered pictures."""


def sample(arguments: Sequence[str]) -> int:
    """``jaxgan sample RUN``; returns the exit code.

    Raises:
      UserError: a flag is at fault, or the samples cannot be drawn or written.
    """
    asked = parsed(Sample, prog="jaxgan sample", args=list(arguments))
    check(asked)
    with writing(asked.out, "Choose another --out."):
        out, kind = destination(asked.out, asked.overwrite)
    from jaxgan.sampling.load import load  # after the flags: JAX takes a second to import

    sampler = load(asked.run, asked.weights, asked.step)
    if asked.psi is not None:
        from jaxgan.sampling.styles import Truncation, truncated

        sampler = truncated(sampler, Truncation(asked.psi, asked.cutoff))
    if asked.interpolate and sampler.gan.forward.origin is not None:
        raise UserError("--interpolate: these samples are made from images; omit it.")
    count = asked.num * (COLUMNS if asked.interpolate else 1)
    if (rows := sampler.rows) is not None and count > rows.size:
        raise UserError(
            f"--num {count}: samples are made from the {rows.size} rows of {rows.name} "
            f"{rows.split}; lower it."
        )
    modality = sampler.task.modality
    if kind == "sheet" and out.suffix.lower() not in modality.sheets:
        kinds = ", ".join((".png", *modality.sheets))
        raise UserError(f"--out {out}: {modality.name} are written as {kinds} or .npz.")
    if kind == "folder" and modality.write is None:
        raise UserError(
            f"--out {out}: {modality.name} are not written one by one; use .npz or .png."
        )
    if kind != "folder" or asked.interpolate:
        check_memory(sampler, asked, count, kind)
    with writing(asked.out, "Choose another --out."):
        if kind == "folder":
            write_folder(out, drawn(sampler, asked), modality)
        else:
            write_file(out, sampler, asked, count)
    print(f"{count} samples of {asked.run} (step {sampler.step}, {asked.weights}): {out}")
    return 0


def check(asked: Sample) -> None:
    """Refuses numbers that make no sense.

    Raises:
      UserError: naming the flag.
    """
    check_count("--num", asked.num, 1)
    check_seed(asked.seed)
    check_truncation(asked.truncation)
    check_psi(asked.psi, asked.cutoff)
    if asked.interpolate and asked.truncation is not None:
        raise UserError("--truncation does not apply to --interpolate; give one of them.")


Kind = Literal["png", "npz", "folder", "sheet"]
"""A form of the result; a sheet is a file of the modality's own."""

SHEETS = (".gif", ".mp4", ".wav", ".txt")
"""Suffixes of sheets; which of them there are depends on the modality."""


def destination(out: str, overwrite: bool) -> tuple[Path, Kind]:
    """Where to write samples, and in which form.

    Raises:
      UserError: the name says no form, or something is there already.
    """
    path = Path(out)
    if not out:
        raise UserError("--out is empty; give NAME.png, NAME.npz or a folder.")
    kinds: dict[str, Kind] = {".png": "png", ".npz": "npz", "": "folder"}
    kinds |= dict.fromkeys(SHEETS, "sheet")
    kind = "folder" if path.is_dir() else kinds.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"--out {out}: give a name that ends in .png or .npz, or a folder.")
    occupied = any(path.iterdir()) if path.is_dir() else path.exists()
    if occupied and not overwrite:
        raise UserError(f"{out} exists; choose another --out, or add --overwrite.")
    return path, kind


def check_memory(sampler: "Sampler", asked: Sample, count: int, kind: str) -> None:
    """Refuses more samples than fit in memory.

    Raises:
      UserError: with the memory that they need.
    """
    from jaxgan.data.modality import IMAGES

    shape, modality = sampler.task.shape, sampler.task.modality
    size = math.prod(shape) * np.dtype(modality.dtype).itemsize
    if asked.interpolate:
        size += 4 * sampler.latents(1).shape[-1]
    if kind == "png" and modality is IMAGES:  # the grid, in which small images are enlarged
        size += (max(64, shape[0]) + 2) ** 2 * shape[-1]
    if count * size > MEMORY:
        folder = modality.write is not None and not asked.interpolate
        raise UserError(
            f"--num {asked.num} needs {count * size / 2**30:,.0f} GiB of memory, more than "
            f"{MEMORY / 2**30:,.0f}; draw fewer{', or name a folder as --out' * folder}."
        )


def drawn(sampler: "Sampler", asked: Sample) -> Iterator[np.ndarray]:
    """The samples one by one; all at once only where they are interpolated."""
    if asked.interpolate:
        yield from sampler.interpolate(asked.num, COLUMNS, asked.seed, asked.label)
    else:
        for batch in sampler.batches(asked.num, asked.seed, asked.label, asked.truncation):
            yield from batch


def write_file(out: Path, sampler: "Sampler", asked: Sample, count: int) -> None:
    """Writes the samples as a PNG or an npz, as the name of ``out`` says."""
    if asked.interpolate:
        samples = sampler.interpolate(asked.num, COLUMNS, asked.seed, asked.label)
        labels = sampler.walk_labels(asked.num, COLUMNS, asked.label)
    elif out.suffix.lower() != ".npz" and sampler.gan.forward.origin is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        save_image(out, beside(*sampler.beside(count, asked.seed, asked.truncation)))
        return
    else:
        samples = sampler(count, asked.seed, asked.label, asked.truncation)
        labels = sampler.labels(count, asked.label)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".npz":
        arrays = {sampler.task.modality.key: samples}
        if labels is not None:
            arrays["label"] = labels
        with replacing(out) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    elif write := sampler.task.modality.sheets.get(out.suffix.lower()):
        write(out, samples)
    else:
        columns = COLUMNS if asked.interpolate else None
        save_image(out, sampler.task.modality.preview(samples, None, columns))


def write_folder(out: Path, samples: Iterable[np.ndarray], modality: "Modality") -> None:
    """Writes a file per sample in the place of those of an earlier call, which stay on an error."""
    assert modality.write is not None
    earlier = re.compile(r"\d{6,}" + re.escape(modality.suffix))
    before = [path for path in out.glob(f"*{modality.suffix}") if earlier.fullmatch(path.name)]
    with replacing_folder(out) as part:
        for number, image in enumerate(samples):
            modality.write(part / f"{number:06d}{modality.suffix}", image)
        now = {path.name for path in part.iterdir()}
    for old in before:
        if old.name not in now:
            old.unlink()
