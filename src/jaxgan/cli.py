"""The ``jaxgan`` command."""

import dataclasses
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from jaxgan import launch
from jaxgan.errors import UserError

USAGE = """usage: jaxgan COMMAND ...

  train FILE       train an experiment file, e.g. experiments/dcgan_fashion_mnist.py
  sample RUN       draw samples from a run folder
  export RUN       write a generator's weights (safetensors) and a model card
  data prepare     download or import a data set
  data list        show the data sets that are prepared

jaxgan COMMAND --help tells more.
"""


def main() -> None:
    """Runs the command line and exits."""
    sys.exit(launch.guarded(lambda: dispatch(sys.argv[1:])))


def dispatch(arguments: Sequence[str]) -> int:
    """Runs one command; returns the exit code.

    Raises:
      UserError: there is no such command, or its input is at fault.
    """
    commands = {"train": train, "sample": sample, "export": export, "data": data}
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else launch.EXIT_FAULT
    if arguments[0] == "--version":
        from importlib.metadata import version

        print(version("jaxgan"))
        return 0
    return commands[known(arguments[0], list(commands), "command")](arguments[1:])


def known(word: str, words: Sequence[str], kind: str) -> str:
    """``word``, if it is one of ``words``.

    Raises:
      UserError: it is not; the message has the nearest.
    """
    if word in words:
        return word
    near = difflib.get_close_matches(word, words, n=1)
    hint = f"did you mean {near[0]}?" if near else f"use {', '.join(words)}."
    raise UserError(f"No {kind} {word}; {hint}")


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
    out: Path = Path("samples.png")
    """NAME.png for a grid, NAME.npz for arrays, a folder for one PNG per sample."""
    num: int = 64
    """Number of samples (with --interpolate: of walks)."""
    seed: int = 0
    """Seed of the latents; sample i of a seed is always the same."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | None = None
    """Step of the checkpoint; the newest if not given."""
    label: int | None = None
    """Class to draw; all in turn if not given."""
    truncation: float | None = None
    """Draw latents nearer to the middle: less variety, fewer failures."""
    interpolate: bool = False
    """Walk in straight lines between pairs of latents."""
    overwrite: bool = False
    """Replace what --out already holds."""


def sample(arguments: Sequence[str]) -> int:
    """``jaxgan sample RUN``."""
    asked = tyro.cli(Sample, prog="jaxgan sample", args=list(arguments))
    if asked.num < 1:
        raise UserError(f"--num {asked.num}: must be at least 1.")
    if asked.truncation is not None and not asked.truncation > 0:
        raise UserError(f"--truncation {asked.truncation}: must be above 0.")
    if asked.interpolate and asked.truncation is not None:
        raise UserError("--truncation does not apply to --interpolate; give one of them.")
    occupied = any(asked.out.iterdir()) if asked.out.is_dir() else asked.out.exists()
    if occupied and not asked.overwrite:
        raise UserError(f"{asked.out} exists; choose another --out, or add --overwrite.")
    from jaxgan.sampling import load

    sampler = load(asked.run, asked.weights, asked.step)
    if asked.interpolate:
        samples, columns = sampler.interpolate(asked.num, 10, asked.seed, asked.label), 10
    else:
        samples, columns = sampler(asked.num, asked.seed, asked.label, asked.truncation), None
    try:
        write_samples(asked.out, samples, columns)
    except OSError as error:
        raise UserError(
            f"Cannot write {asked.out}: {error.strerror}. Choose another --out."
        ) from error
    print(
        f"{len(samples)} samples of {asked.run} (step {sampler.step}, {asked.weights}): {asked.out}"
    )
    return 0


def write_samples(out: Path, samples: np.ndarray, columns: int | None = None) -> None:
    """Writes a PNG grid, an npz, or a folder of PNGs, as the name of ``out`` says."""
    from jaxgan import report

    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".npz":
        np.savez_compressed(out, image=samples)
    elif out.suffix == ".png" and samples.ndim == 4:
        report.save_image(out, report.grid(samples, columns), report.magnification(samples))
    elif out.suffix == ".png":
        report.save_image(out, report.scatter(samples))
    elif out.suffix:
        raise UserError(f"--out {out}: ends in .png or .npz, or names a folder.")
    elif samples.ndim != 4:
        raise UserError(f"--out {out}: these samples are points, not images; use .npz or .png.")
    else:
        for number, image in enumerate(samples):
            report.save_image(out / f"{number:06d}.png", image)


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a generator's weights (safetensors) with a model card."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path
    """A new or empty folder."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | None = None
    """Step of the checkpoint; the newest if not given."""


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
    from jaxgan.data.listing import list_prepared

    for found in list_prepared(asked.data_dir):
        splits = ", ".join(f"{split} {size:,}" for split, size in found.splits.items())
        print(f"{found.name:<28}{found.format:<14}{splits}")
    return 0
