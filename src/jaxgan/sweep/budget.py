"""What trials spent, and whether variants spent the same."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jaxgan.report.document import Table, number
from jaxgan.sweep.flops import flops
from jaxgan.sweep.results import Study, Trial, Variant
from jaxgan.sweep.summary import device_seconds

UNEQUAL = 0.05
"""Budgets that differ by more than this share are not called equal."""

UNEQUAL_TIME = 0.5
"""The same of FLOPs, which tell how much a method asks for at equal steps, and of device-seconds,
which other work on the machine changes."""


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a trial spent; NaN where its rows of metrics do not tell.

    Attributes:
      d_steps: updates of the discriminator.
      g_steps: updates of the generator.
      images: real samples that were shown.
      flops: floating-point operations of the steps, counted.
      device_seconds: of the steps, as ``summary.device_seconds`` counts them.
    """

    d_steps: float
    g_steps: float
    images: float
    flops: float
    device_seconds: float


def spent(trial: Trial) -> Spent:
    """What a trial spent, by its last row and by the speed of all its rows."""
    last: Mapping[str, Any] = trial.rows[-1] if trial.rows else {}
    d_steps, g_steps, images = (
        float(last.get(name, math.nan)) for name in ("d_steps", "g_steps", "images")
    )
    launches = trial.description.get("launches")
    seconds = device_seconds(trial.rows, launches) if launches else math.nan
    return Spent(d_steps, g_steps, images, flops(trial), seconds)


COLUMNS: Mapping[str, Callable[[Spent], float]] = {
    "D steps": lambda one: one.d_steps,
    "G steps": lambda one: one.g_steps,
    "images": lambda one: one.images,
    "GFLOPs": lambda one: one.flops / 1e9,
    "device-seconds": lambda one: one.device_seconds,
}


def budget_table(order: Sequence[Variant]) -> Table:
    """What the finished trials of each variant spent: the median of each column."""
    rows = [
        (variant.name, f"{variant.count('finished')}", *(_cell(one) for one in medians(variant)))
        for variant in order
    ]
    return Table(rows, ("median of", "finished runs", *COLUMNS))


def medians(variant: Variant) -> list[float]:
    """The median of each column over the finished trials; NaN if none tells."""
    found = [spent(trial) for trial in variant.trials if trial.state == "finished"]
    return [_median([read(one) for one in found]) for read in COLUMNS.values()]


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.median(known)) if known else math.nan


def _cell(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value >= 100 else number(value)


def unequal(study: Study) -> list[str]:
    """The columns in which variants spent more than they should differ by, in words."""
    every = [medians(variant) for variant in study.variants]
    found = []
    for place, name in enumerate(COLUMNS):
        known = [one[place] for one in every if math.isfinite(one[place])]
        allowed = UNEQUAL_TIME if name in ("GFLOPs", "device-seconds") else UNEQUAL
        if known and max(known) > (1 + allowed) * min(known):
            found.append(f"{name} ({_cell(min(known))} to {_cell(max(known))})")
    return found
