"""``jaxgan import``: a run folder of weights that a paper's authors publish."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import tyro

from jaxgan.cli.flags import parsed
from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Import:
    """Read official weights, a network pickle of the authors, into a run folder.

    Nothing in the file is executed: its arrays alone are read. Then sample from the run, project
    images into it, or train on with ``jaxgan train ... --init-from``.
    """

    kind: tyro.conf.Positional[Literal["stylegan2", "r3gan"]]
    """Whose weights: of StyleGAN2-ADA's authors, or of R3GAN's."""
    file: tyro.conf.Positional[Path]
    """The file, e.g. ffhq.pkl."""
    workdir: Path
    """Folder for the run."""
    experiment: Path | None = None
    """The experiment file whose networks they are; experiments/stylegan2_ada.py or
    experiments/r3gan.py if not given."""


def import_(arguments: Sequence[str]) -> int:
    """``jaxgan import KIND FILE --workdir DIR``; returns the exit code.

    Raises:
      UserError: a flag or the file is at fault; nothing is written then.
    """
    asked = parsed(Import, prog="jaxgan import", args=list(arguments))
    if asked.workdir.exists():
        raise UserError(f"{asked.workdir} exists; choose another --workdir.")
    from jaxgan.experiment import load_experiment  # after the flags: JAX takes a second to import
    from jaxgan.official.pickles import read_networks
    from jaxgan.official.r3gan import r3gan
    from jaxgan.official.run import write_run
    from jaxgan.official.stylegan2 import stylegan2

    imported = {"stylegan2": stylegan2, "r3gan": r3gan}[asked.kind](read_networks(asked.file))
    experiment = asked.experiment or Path("experiments") / f"{imported.experiment}.py"
    folder = write_run(imported, load_experiment(experiment), asked.file, asked.workdir)
    height, width, channels = imported.shape
    kinds = "" if imported.classes is None else f", {imported.classes} classes"
    print(f"{folder.path}: images of {height} x {width} x {channels}{kinds}.")
    print(f"  to sample    jaxgan sample {folder.path} --out samples.png")
    flags = " ".join(map(_flag, imported.flags, imported.flags.values()))
    size = f"--data folder:DIR --resolution {height}"
    print(f"  to train on  jaxgan train {experiment} {size} --init-from {folder.path} {flags}")
    return 0


def _flag(name: str, value: Any) -> str:
    """A flag as it is typed."""
    words = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{words}" if value else f"--no-{words}"
    return f"--{words} {' '.join(map(str, value)) if isinstance(value, tuple) else value}"
