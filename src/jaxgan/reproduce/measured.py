"""Numbers that were measured here: ``experiments/results/NAME.json``, with the runs behind them."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from jaxgan.errors import UserError
from jaxgan.experiment import Number
from jaxgan.files import write_json
from jaxgan.sweep.statistics import deviation, finite_of, mean

BAND_LEVEL = 0.99
"""How sure it is that the mean of as many other seeds lies in the band."""


@dataclasses.dataclass(frozen=True)
class Run:
    """A run behind a number.

    Attributes:
      seed: of training.
      outcome: ``finished``, ``diverged`` or ``failed``.
      step: the last one that it reached.
      values: its scores, ``metric/value -> number``; empty without a score.
      commit: of the code; empty if not known.
    """

    seed: int
    outcome: str
    step: int
    values: Mapping[str, float] = dataclasses.field(default_factory=dict)
    commit: str = ""


@dataclasses.dataclass(frozen=True)
class Measured:
    """A number that was measured here.

    Attributes:
      metric: as in ``Published``, so that the two stand side by side.
      protocol: what differs from the metric's: budget, networks, weights.
      value: ``mean ± spread`` of every number, as ``told`` gives it.
      spread: what ± stands for.
      seeds: number of runs.
      command: the command that gave it.
      hardware: what it ran on.
      preset: the preset that was trained; empty where the file has none, or where its presets
        share their published numbers, whose metrics then name the data.
      commit: of the code, or several joined by ``and``; empty if not known.
      code_in_history: whether it is in the history of the repository.
      budget: share of the published budget; 0 where that is not known.
      numbers: what the value consists of.
      runs: the runs behind it.
      bands: where the mean of each number of a repetition must lie, low and high; an empty one
        where there are too few runs to say.
    """

    metric: str
    protocol: str
    value: str
    spread: str
    seeds: int
    command: str
    hardware: str
    preset: str = ""
    commit: str = ""
    code_in_history: bool = True
    budget: float = 0.0
    numbers: Sequence[Number] = ()
    runs: Sequence[Run] = ()
    bands: Sequence[tuple[float, ...]] = ()


def read_measured(path: Path) -> list[Measured]:
    """The numbers in a file of results; none if there is no file.

    Raises:
      UserError: it is damaged, or a number lacks a field.
    """
    if not path.is_file():
        return []
    try:
        rows = [_from_json(row) for row in json.loads(path.read_text())]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{path} is damaged ({error}); restore it.") from error
    for row in rows:
        if found := empty_fields(row, "metric", "value", "spread", "seeds", "command", "hardware"):
            raise UserError(f"{path}, {row.metric}: {', '.join(found)}.")
    return rows


def write_measured(path: Path, rows: Sequence[Measured]) -> None:
    """Writes a file of results; numbers that are not finite become text."""
    path.parent.mkdir(exist_ok=True)
    write_json(path, [_to_json(row) for row in rows])


def _from_json(row: Mapping[str, Any]) -> Measured:
    runs = [
        Run(**{**run, "values": {name: float(x) for name, x in run["values"].items()}})
        for run in row.get("runs", ())
    ]
    numbers = tuple(Number(**number) for number in row.get("numbers", ()))
    bands = tuple(tuple(map(float, band)) for band in row.get("bands", ()))
    return Measured(**{**row, "runs": tuple(runs), "numbers": numbers, "bands": bands})


def _to_json(row: Measured) -> dict[str, Any]:
    found = dataclasses.asdict(row)
    for run in found["runs"]:
        run["values"] = {
            name: x if math.isfinite(x) else str(x) for name, x in run["values"].items()
        }
    return found


def empty_fields(number: object, *wanted: str) -> list[str]:
    """Which of these fields are empty, ``no NAME`` each."""
    return [f"no {name}" for name in wanted if not str(getattr(number, name) or "").strip()]


def told(numbers: Sequence[Number], runs: Sequence[Run]) -> str:
    """Every number as ``mean ± spread``, joined by semicolons; what has none is counted."""
    ended = [run for run in runs if run.values]
    lost = len(runs) - len(ended)
    parts = "; ".join(_told(number, ended) for number in numbers)
    return parts + (f" ({lost} of {len(runs)} without a score)" if lost else "")


def values_of(number: Number, runs: Sequence[Run]) -> list[float]:
    """The number of every run that has a score, as the table prints it."""
    return [number.factor * run.values[number.score] for run in runs if run.values]


def _told(number: Number, runs: Sequence[Run]) -> str:
    values = values_of(number, runs)
    finite = finite_of(values)
    infinite = f" ({len(values) - len(finite)} infinite)" if len(finite) < len(values) else ""
    if not len(finite):
        return f"-{infinite}"
    spread = deviation(finite) if len(finite) > 1 else math.nan
    if len(runs) == 1 and number.spread:
        spread = number.factor * runs[0].values[number.spread]
    shown = f"{mean(finite):.{number.digits}f}"
    return shown + ("" if math.isnan(spread) else f" ± {spread:.{number.digits}f}") + infinite


def bands_of(numbers: Sequence[Number], runs: Sequence[Run]) -> tuple[tuple[float, ...], ...]:
    """Where the mean of each number of a repetition lies, with 99 % probability, with other seeds.

    The prediction interval of the mean of ``n`` more values of the same normal distribution,
    ``mean ± t sqrt(2 / n) deviation``. With fewer than three finite values it would say nothing,
    and the band is empty.
    """
    return tuple(_band(finite_of(values_of(number, runs))) for number in numbers)


def _band(values: np.ndarray) -> tuple[float, ...]:
    n = len(values)
    if n < 3:
        return ()
    t = stats.t.ppf((1 + BAND_LEVEL) / 2, n - 1)
    half = float(t * np.sqrt(2 / n) * deviation(values))
    return mean(values) - half, mean(values) + half


def faults_of(row: Measured) -> list[str]:
    """Why a number must not stand in the table; empty if nothing is wrong."""
    if not row.runs or not row.numbers:
        return ["it has no record of its runs"]
    found = []
    if len(row.runs) != row.seeds:
        found.append(f"it says {row.seeds} seeds and has the records of {len(row.runs)} runs")
    if told(row.numbers, row.runs) != row.value:
        found.append(f"its runs give {told(row.numbers, row.runs)}, not {row.value}")
    for number, band in zip(row.numbers, row.bands, strict=False):
        value = mean(finite_of(values_of(number, row.runs)))
        if band and not band[0] <= value <= band[1]:
            told_band = f"{band[0]:.5g} to {band[1]:.5g}"
            found.append(f"{number.score} {value:.5g} has left its band, {told_band}")
    return found
