"""A study: what is varied, with which seeds, for how long, and by what trials are ranked."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError, one_of
from jaxgan.experiment import load_declared


@dataclasses.dataclass(frozen=True)
class Variant:
    """An experiment with flags of its own.

    Attributes:
      file: the experiment file; in a study file, relative to that file.
      preset: the name of one of its presets; empty for the first.
      flags: flags of ``jaxgan train`` by name, e.g. ``{"r1": 0.1, "batch_size": 64}``.
    """

    file: str | Path
    preset: str = ""
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Study:
    """What a study file declares, and what the flags of ``jaxgan sweep`` say.

    Every variant is trained with every combination of levels and every seed.

    Attributes:
      variants: the experiments by name.
      seeds: of training.
      flags: of every trial, beside those of its variant.
      grid: values to try of each flag.
      random: distributions that values of a flag are drawn from, as ``--random`` takes them:
        ``{"r1": "loguniform(1e-3,10)x20"}``.
      random_seed: of those draws.
      ablations: names of ``Experiment.ablations`` to compare with the experiment as it is.
      d_steps: the budget in updates of the discriminator, in place of ``steps``: methods with
        several of them in a step train fewer steps. None for the flag or the experiment's own.
      scored: the score that trials are ranked by, e.g. ``modes/captured``; the first of those that
        are taken while training if empty.
      baseline: name of the variant, with its levels, that the others are compared with:
        ``NS``, or ``NS,r1=0``; the experiment as it is, if empty and among them.
    """

    variants: Mapping[str, Variant]
    seeds: Sequence[int] = (0,)
    flags: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    grid: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)
    random: Mapping[str, str] = dataclasses.field(default_factory=dict)
    random_seed: int = 0
    ablations: Sequence[str] = ()
    d_steps: int | None = None
    scored: str = ""
    baseline: str = ""


def load_study(path: Path, name: str = "") -> Study | None:
    """The study that the file at ``path`` declares; None if it declares an experiment.

    Args:
      path: a file that declares a ``STUDY``, or several by name as ``STUDIES``.
      name: of one of several; the first if empty.

    Raises:
      UserError: there is no such file or study, it fails to run, or it declares neither.
    """
    study = load_declared(path, ("STUDY", "STUDIES", "EXPERIMENT"))
    if isinstance(study, Mapping) and study:
        study = study[one_of(name, study, "study") if name else next(iter(study))]
    elif isinstance(study, Study) and name:
        raise UserError(f"{path} declares one study, which names its presets; omit {name}.")
    if not isinstance(study, Study):
        return None
    if not study.variants:
        raise UserError(f"{path}: STUDY has no variants; name at least one.")
    variants = {
        name: dataclasses.replace(variant, file=path.parent / variant.file)
        for name, variant in study.variants.items()
    }
    return dataclasses.replace(study, variants=variants)
