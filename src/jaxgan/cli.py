"""The ``jaxgan`` command."""

import contextlib
import dataclasses
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from jaxgan import launch
from jaxgan.errors import UserError, known

USAGE = """usage: jaxgan COMMAND ...

  train FILE       train an experiment file, e.g. experiments/dcgan_fashion_mnist.py
  sample RUN       draw samples from a run folder
  evaluate RUN     score samples: of a run, of files, or of two against each other
  report RUN       write a page with curves, pictures, scores and their stamps
  export RUN       write a generator's weights (safetensors) and a model card
  data prepare     download or import a data set
  data list        show the data sets that are prepared

jaxgan COMMAND --help tells more.
"""

MEMORY = 16 * 2**30
"""Bytes that samples may take before they are written."""


def main() -> None:
    """Runs the command line and exits."""
    sys.exit(launch.guarded(lambda: dispatch(sys.argv[1:])))


def dispatch(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code.

    Raises:
      UserError: there is no such command, or its input is at fault.
    """
    commands = {
        "train": train,
        "sample": sample,
        "evaluate": evaluate,
        "report": report,
        "export": export,
        "data": data,
    }
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else launch.EXIT_FAULT
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(version("jaxgan"))
        return 0
    return commands[known(arguments[0], list(commands), "command")](arguments[1:])


def train(arguments: Sequence[str]) -> int:
    """``jaxgan train FILE [flags of the experiment]``."""
    from jaxgan.experiment import load_experiment

    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: jaxgan train FILE [flags]\n\njaxgan train FILE --help shows FILE's flags.")
        return 0 if arguments else launch.EXIT_FAULT
    if arguments[0].startswith("-"):
        raise UserError(f"The experiment file comes first: jaxgan train FILE {arguments[0]} ...")
    experiment = load_experiment(arguments[0])
    return launch.run(experiment, arguments[1:], f"jaxgan train {arguments[0]}")


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
    from jaxgan.sampling import load

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
    from jaxgan import report

    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".npz":
        arrays = {"image": samples} if labels is None else {"image": samples, "label": labels}
        with report.replacing(out) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
    elif samples.ndim == 4:
        report.save_image(out, report.grid(samples, columns), report.magnification(samples))
    else:
        report.save_image(out, report.scatter(samples))


def write_folder(out: Path, samples: Iterable[np.ndarray]) -> None:
    """Writes a PNG per sample, in the place of those that an earlier call wrote."""
    from jaxgan import report

    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        if re.fullmatch(r"\d{6,}\.png", old.name):
            old.unlink()
    for number, image in enumerate(samples):
        report.save_image(out / f"{number:06d}.png", image)


def evaluate(arguments: Sequence[str]) -> int:
    """``jaxgan evaluate SUBJECT``."""
    from jaxgan.evaluation.command import evaluate as command

    return command(arguments)


def report(arguments: Sequence[str]) -> int:
    """``jaxgan report RUN``."""
    from jaxgan.page import report_command

    return report_command(arguments)


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a generator's weights (safetensors) with a model card."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path
    """A new or empty folder."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""


def export(arguments: Sequence[str]) -> int:
    """``jaxgan export RUN --out DIR``."""
    asked = tyro.cli(Export, prog="jaxgan export", args=list(arguments))
    from jaxgan.export import export as write

    write(asked.run, asked.out, asked.weights, asked.step)
    print(f"Exported {asked.run} to {asked.out}")
    return 0


@dataclasses.dataclass(frozen=True)
class Prepare:
    """Download a data set through TFDS, or import files that you have."""

    name: tyro.conf.Positional[str]
    """Data set, e.g. fashion_mnist, mnist or cifar10."""
    source_dir: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    """Folder of the original files (IDX, CIFAR binary); nothing is downloaded then."""
    data_dir: str | None = None
    """Where to; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    debian: bool = False
    """If the download is not possible, take Fashion-MNIST from Debian's package."""


@dataclasses.dataclass(frozen=True)
class List:
    """Show the data sets that are prepared."""

    data_dir: str | None = None
    """Where; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""


def data(arguments: Sequence[str]) -> int:
    """``jaxgan data prepare NAME`` and ``jaxgan data list``."""
    commands = {"prepare": prepare_data, "list": list_data}
    if not arguments or arguments[0] in ("-h", "--help"):
        print(
            "usage: jaxgan data prepare NAME [--from DIR] [--data-dir DIR] [--debian]\n"
            "       jaxgan data list [--data-dir DIR]"
        )
        return 0 if arguments else launch.EXIT_FAULT
    return commands[known(arguments[0], list(commands), "command data")](arguments[1:])


def prepare_data(arguments: Sequence[str]) -> int:
    """``jaxgan data prepare NAME``."""
    asked = tyro.cli(Prepare, prog="jaxgan data prepare", args=list(arguments))
    from jaxgan.data.prepare import prepare

    folder = prepare(
        asked.name, data_dir=asked.data_dir, source_dir=asked.source_dir, debian=asked.debian
    )
    print(f"{asked.name} is ready in {folder}")
    return 0


def list_data(arguments: Sequence[str]) -> int:
    """``jaxgan data list``."""
    asked = tyro.cli(List, prog="jaxgan data list", args=list(arguments))
    from jaxgan.data.listing import list_prepared, resolve_data_dir

    prepared = list_prepared(asked.data_dir)
    if not prepared:
        folder = resolve_data_dir(asked.data_dir)
        fault = "holds no prepared data set" if folder.is_dir() else "is not a folder"
        print(f"{folder} {fault}; jaxgan data prepare NAME makes one, --data-dir names another.")
    for found in prepared:
        splits = ", ".join(f"{split} {size:,}" for split, size in found.splits.items())
        print(f"{found.name:<28}{found.format:<14}{splits}")
    return 0
