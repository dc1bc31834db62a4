"""Figures of a study: numbers in, pictures uint8 ``[h, w, 3]`` out."""

import dataclasses
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxgan.sweep.results import shown
from jaxgan.sweep.statistics import Better, Interval, finite_of, mean, t_interval
from jaxgan.viz.pictures import as_image, new_figure

WIDTH = 8.0
"""Inches; narrower than a page, so that text stays readable on a phone."""

LONG = 38
"""Characters of a name in a line of a figure."""


@dataclasses.dataclass(frozen=True)
class Row:
    """The scores of a variant.

    Attributes:
      name: of the variant.
      values: one score for each run, not finite for those that are lost.
      middle: the interquartile mean.
      interval: its 95 % interval.
      marked: whether it is the baseline.
    """

    name: str
    values: Sequence[float]
    middle: float
    interval: Interval
    marked: bool = False


def intervals(
    rows: Sequence[Row],
    title: str,
    better: Better,
    real: float = math.nan,
    controls: Mapping[str, float] | None = None,
) -> np.ndarray:
    """A line for each variant: every run as a dot, the interquartile mean and its interval.

    Runs without a finite score are crosses at the bad end.

    Args:
      rows: from the top to the bottom.
      title: of the score.
      better: which scores are better.
      real: the score of held-out real samples, as a dashed line; NaN for none.
      controls: those of controls by their names, as dotted lines. A line that would lie apart from
        all runs is left out.
    """
    from matplotlib.ticker import MaxNLocator

    names = [wrapped(row.name) for row in rows]
    lines = sum(1 + name.count("\n") for name in names)
    figure, axes = new_figure(WIDTH, 1.3 + 0.18 * lines + 0.3 * len(rows))
    low, high = _frame([value for row in rows for value in row.values])
    bad = low if better == "higher" else high
    for place, row in enumerate(rows):
        color = "tab:orange" if row.marked else "tab:blue"
        finite = finite_of(row.values)
        shifts = 0.16 * _spread(len(finite))
        axes.plot(finite, place + shifts, "o", color=color, alpha=0.4, markersize=4)
        lost = len(row.values) - len(finite)
        if lost:
            axes.plot([bad], [place], "x", color="tab:red", markersize=7, clip_on=False)
            side = {"higher": ("left", 7), "lower": ("right", -7)}[better]
            axes.annotate(
                f"{lost} lost",
                (bad, place),
                (side[1], 6),
                textcoords="offset points",
                ha=side[0],
                fontsize=8,
                color="tab:red",
            )
        ends = np.clip(row.interval, low, high)
        axes.plot(ends, [place, place], color=color, linewidth=2.5, solid_capstyle="butt")
        if math.isfinite(row.middle):
            axes.plot([row.middle], [place], "D", color=color, markersize=6)
    if low <= real <= high:
        axes.axvline(real, color="0.4", linestyle="--", linewidth=1, label="held-out real")
    for place, (name, value) in enumerate((controls or {}).items()):
        if low <= value <= high:
            color = f"C{place + 2}"
            axes.axvline(value, color=color, linestyle=":", linewidth=1.5, label=name)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=8, loc="best")
    axes.set_yticks(range(len(rows)), names, fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.set_xlabel(f"{title} ({better} is better)")
    axes.grid(alpha=0.3, axis="x")
    figure.tight_layout()
    return as_image(figure)


def effects(
    levels: Mapping[str, Mapping[str, np.ndarray]], title: str, better: Better
) -> np.ndarray:
    """A panel for each factor: mean and 95 % interval over all runs of each level.

    Args:
      levels: factor -> level -> scores of all runs, not finite for those that are lost.
      title: of the score.
      better: which scores are better.
    """
    columns = min(len(levels), 3)
    rows = math.ceil(len(levels) / columns)
    figure, axes = new_figure(WIDTH, 3.0 * rows, rows, columns)
    panels = np.atleast_1d(np.asarray(axes, object)).ravel()
    low, high = _frame([v for of in levels.values() for values in of.values() for v in values])
    bad = low if better == "higher" else high
    for axis, (factor, found) in zip(panels, levels.items(), strict=False):
        places = np.arange(len(found))
        middles = [mean(finite_of(values)) for values in found.values()]
        for place, values in zip(places, found.values(), strict=True):
            finite = finite_of(values)
            axis.plot(place + 0.15 * _spread(len(finite)), finite, "o", color="0.6", markersize=3)
            axis.plot([place] * 2, t_interval(finite), color="tab:blue", linewidth=2)
            if lost := len(values) - len(finite):
                axis.plot([place], [bad], "x", color="tab:red", markersize=6, clip_on=False)
                axis.annotate(
                    f"{lost} lost", (place, bad), (5, 3), textcoords="offset points", fontsize=8,
                    color="tab:red",
                )  # fmt: skip
        axis.plot(places, middles, "D-", color="tab:blue", linewidth=1, markersize=5)
        slant = {"rotation": 30, "ha": "right"} if max(map(len, found)) > 7 else {}
        axis.set_xticks(places, [short(level) for level in found], fontsize=8, **slant)
        axis.set_xlim(-0.5, len(found) - 0.5)
        axis.set_ylim(low, high)
        axis.set_title(factor, fontsize=10)
        axis.grid(alpha=0.3)
    panels[0].set_ylabel(title)
    for axis in panels[len(levels) :]:
        axis.remove()
    figure.tight_layout()
    return as_image(figure)


@dataclasses.dataclass(frozen=True)
class Profile:
    """The share of a variant's runs that reach each threshold.

    Attributes:
      name: of the variant.
      shares: ``[t]``.
      low: lower end of its interval ``[t]``.
      high: the upper end ``[t]``.
      banded: whether the interval is drawn; those of many variants would hide each other.
    """

    name: str
    shares: np.ndarray
    low: np.ndarray
    high: np.ndarray
    banded: bool = True


def profiles(
    thresholds: np.ndarray, lines: Sequence[Profile], title: str, better: Better
) -> np.ndarray:
    """The share of each variant's runs that reach a score, over that score ``[t]``."""
    figure, axes = new_figure(WIDTH, 4.2)
    for place, line in enumerate(lines):
        style = STYLES[place // 10 % len(STYLES)]
        (drawn,) = axes.step(
            thresholds, line.shares, style, where="mid", label=wrapped(line.name), linewidth=1.5
        )
        if line.banded:
            axes.fill_between(
                thresholds,
                line.low,
                line.high,
                step="mid",
                color=drawn.get_color(),
                alpha=0.15,
                linewidth=0,
            )
    sign = "≥" if better == "higher" else "≤"
    axes.set_xlabel(f"{title}: threshold")
    axes.set_ylabel(f"share of runs {sign} threshold")
    axes.set_ylim(-0.02, 1.02)
    if better == "lower":
        axes.invert_xaxis()  # harder thresholds are on the right, as where higher is better
    axes.grid(alpha=0.3)
    _legend_below(figure, axes, len(lines))
    return as_image(figure)


STYLES = ("-", "--", ":", "-.")
"""Lines of the first ten variants, the next ten, and so on."""


@dataclasses.dataclass(frozen=True)
class Band:
    """A curve over the steps of a training.

    Attributes:
      name: of the variant.
      steps: ``[n]``.
      middle: median over the seeds ``[n]``; not finite where it does not exist.
      low: the lower quartile ``[n]``.
      high: the upper quartile ``[n]``.
    """

    name: str
    steps: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


def curves(panels: Mapping[str, Sequence[Band]]) -> np.ndarray:
    """A panel for each quantity: a median and a band of quartiles for each variant."""
    figure, axes = new_figure(WIDTH, 3.2 * len(panels), len(panels), 1)
    every = np.atleast_1d(np.asarray(axes, object))
    last = max(step for bands in panels.values() for band in bands for step in band.steps)
    for axis, (title, bands) in zip(every, panels.items(), strict=True):
        for place, band in enumerate(bands):
            middle = np.where(np.isfinite(band.middle), band.middle, math.nan)
            (line,) = axis.plot(
                band.steps,
                middle,
                STYLES[place // 10 % len(STYLES)],
                marker="." if len(band.steps) < 20 else "",
                label=wrapped(band.name),
                linewidth=1.2,
            )
            sound = np.isfinite(band.low) & np.isfinite(band.high)
            axis.fill_between(
                band.steps,
                band.low,
                band.high,
                where=sound.tolist(),
                color=line.get_color(),
                alpha=0.15,
                linewidth=0,
            )
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.set_xlim(0, 1.02 * last)
        axis.grid(alpha=0.3)
    _legend_below(figure, every[-1], len(next(iter(panels.values()))))
    return as_image(figure)


def parallel_coordinates(
    factors: Mapping[str, Sequence[Any]], values: Sequence[float], title: str, better: Better
) -> np.ndarray:
    """A line for each run through its levels to its score, which colors it.

    Runs without a finite score are gray and end at the bad end.

    Args:
      factors: name -> the level of each run.
      values: the score of each run.
      title: of the score.
      better: which scores are better.
    """
    from matplotlib import colormaps

    found = np.asarray(values, np.float64)
    low, high = _frame(found)
    columns = [scale(levels) for levels in factors.values()]
    heights = np.where(np.isfinite(found), (found - low) / (high - low), math.nan)
    heights = np.where(np.isnan(heights), 0.0 if better == "higher" else 1.0, heights)
    figure, axes = new_figure(WIDTH, 4.2)
    places = np.arange(len(columns) + 1)
    good = heights if better == "higher" else 1 - heights
    shift = np.random.default_rng(0).uniform(-0.012, 0.012, len(found))
    for run in np.argsort(good, kind="stable"):  # the best runs are drawn over the others
        line = [*(float(column[0][run] + shift[run]) for column in columns), float(heights[run])]
        if math.isfinite(found[run]):
            color = colormaps["viridis"](good[run])
            axes.plot(places, line, color=color, linewidth=1.2, alpha=0.8)
        else:
            axes.plot(places, line, color="0.55", linewidth=1, linestyle="--")
    ends = [float(pick(finite_of(found))) for pick in (np.min, np.max) if len(finite_of(found))]
    scores = [((end - low) / (high - low), f"{end:.3g}") for end in dict.fromkeys(ends)]
    ticks = [*(column[1] for column in columns), scores]
    for place, marks in zip(places, ticks, strict=True):
        axes.axvline(place, color="0.3", linewidth=1)
        for height, name in marks:
            axes.annotate(
                short(name), (place, height), (4, 0), textcoords="offset points", fontsize=8,
                va="center", bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
            )  # fmt: skip
    axes.set_xticks(places, [*map(short, factors), f"{title}\n({better} is better)"], fontsize=9)
    axes.set_xlim(-0.15, len(columns) + 0.35)
    axes.set_ylim(-0.06, 1.06)
    axes.set_yticks([])
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    return as_image(figure)


def scale(levels: Sequence[Any]) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """The height of each level on an axis from 0 to 1, and marks ``(height, text)``.

    Up to ten levels stand at equal distances, numbers by size; more numbers on a linear scale, or
    on a logarithmic one if they are positive and the largest is thirty times the smallest.
    """
    numbers = all(type(level) in (int, float) for level in levels)
    distinct = sorted(set(levels)) if numbers else list(dict.fromkeys(map(shown, levels)))
    if not numbers or len(distinct) <= 10:
        last = max(len(distinct) - 1, 1)
        heights = {level: place / last for place, level in enumerate(distinct)}
        known = [heights[level if numbers else shown(level)] for level in levels]
        return np.array(known), [(height, shown(level)) for level, height in heights.items()]
    found = np.array(levels, np.float64)
    logarithmic = found.min() > 0 and found.max() >= 30 * found.min()
    moved = np.log(found) if logarithmic else found
    low, high = moved.min(), moved.max()
    marks = [(place, low + place * (high - low)) for place in (0.0, 0.25, 0.5, 0.75, 1.0)]
    told = [(place, f"{math.exp(at) if logarithmic else at:.2g}") for place, at in marks]
    return (moved - low) / (high - low), told


def wrapped(name: str) -> str:
    """A name in lines that fit."""
    return "\n".join(textwrap.wrap(name, LONG)) or name


def short(name: Any) -> str:
    """A name that fits a tick."""
    return textwrap.shorten(str(name), 24, placeholder="…") if len(str(name)) > 24 else str(name)


def _frame(values: Any) -> Interval:
    """Limits of an axis with a margin about the finite ones of these values."""
    finite = finite_of(values)
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin


def _spread(count: int) -> np.ndarray:
    """Offsets that keep dots of one line apart, ``[count]``."""
    return np.linspace(-1, 1, count) if count > 1 else np.zeros(count)


def _legend_below(figure, axes, count: int) -> None:
    """A legend of ``count`` lines under the axes, where it hides none of them."""
    figure.set_layout_engine("constrained")
    figure.set_figheight(figure.get_figheight() + 0.2 * math.ceil(count / 2))
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
