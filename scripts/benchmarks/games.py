"""Games that are timed: an experiment with flags, as in a study."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from jaxgan.cli.experiment import parse
from jaxgan.sweep.study import Study, Variant
from jaxgan.sweep.trials import Trial, plan

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def trials(variant: Variant, seeds: Sequence[int] = (0,)) -> list[Trial]:
    """A run of the game for each seed; the file is one of ``experiments``."""
    variant = dataclasses.replace(variant, file=EXPERIMENTS / variant.file)
    return plan(Study({"": variant}, seeds=seeds), (), parse)
