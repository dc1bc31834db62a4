"""Statistics over training seeds: pure functions of arrays of scores, one for each run.

A run that diverged has no score; it is NaN here, and is never left out. It counts as the worst run
in medians, interquartile means, ranks and performance profiles. Means, deviations and t intervals,
which it would make infinite, are of the finite scores, and their number stands beside them. A score
that is itself infinite is treated in the same way.

Interquartile means, bootstrap intervals, performance profiles and the probability of improvement
are those of Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical
Precipice", for a single task.
"""

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import stats

Better: TypeAlias = Literal["lower", "higher"]
"""Which scores are better."""

Interval: TypeAlias = tuple[float, float]
"""Low and high end; NaN where there is none."""

LEVEL = 0.95
"""Level of every interval."""

NONE: Interval = (math.nan, math.nan)


@dataclasses.dataclass(frozen=True)
class Summary:
    """Scores of one variant over its seeds.

    Attributes:
      runs: how many runs there are, those without a finite score included.
      finite: how many have a finite score.
      mean: of the finite scores.
      deviation: sample standard deviation of the finite scores.
      t_interval: 95 % interval of the mean, from Student's t.
      median: of all runs; infinite if half of them have no finite score.
      interquartile_mean: mean of the middle half of all runs.
      bootstrap_interval: 95 % percentile bootstrap interval of the interquartile mean.
      best: the best score.
      worst: the worst; infinite if a run has no finite score.
    """

    runs: int
    finite: int
    mean: float
    deviation: float
    t_interval: Interval
    median: float
    interquartile_mean: float
    bootstrap_interval: Interval
    best: float
    worst: float


@dataclasses.dataclass(frozen=True)
class Difference:
    """A variant less the baseline.

    Attributes:
      value: difference of the means.
      interval: its 95 % interval.
      p: two-sided p-value of no difference.
      count: pairs, or the smaller number of runs, that it is made of.
    """

    value: float
    interval: Interval
    p: float
    count: int


def summarize(values: Sequence[float] | np.ndarray, better: Better) -> Summary:
    """All statistics of the scores ``[n]`` of one variant; those that do not exist are NaN."""
    ranked, finite = with_worst(values, better), finite_of(values)
    best, worst = (np.max, np.min) if better == "higher" else (np.min, np.max)
    return Summary(
        runs=len(ranked),
        finite=len(finite),
        mean=mean(finite),
        deviation=deviation(finite),
        t_interval=t_interval(finite),
        median=float(np.median(ranked)) if len(ranked) else math.nan,
        interquartile_mean=interquartile_mean(ranked),
        bootstrap_interval=bootstrap_interval(values, better),
        best=float(best(ranked)) if len(ranked) else math.nan,
        worst=float(worst(ranked)) if len(ranked) else math.nan,
    )


def finite_of(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """The finite ones of these scores."""
    found = np.asarray(values, np.float64)
    return found[np.isfinite(found)]


def with_worst(values: Sequence[float] | np.ndarray, better: Better) -> np.ndarray:
    """The scores, with an infinitely bad one for each that is not finite."""
    found = np.asarray(values, np.float64)
    return np.where(np.isfinite(found), found, math.inf if better == "lower" else -math.inf)


def mean(values: np.ndarray) -> float:
    """The mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else math.nan


def deviation(values: np.ndarray) -> float:
    """The sample standard deviation (``n - 1``); NaN of fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def t_interval(values: np.ndarray) -> Interval:
    """95 % interval of the mean of finite scores; without width if they are all equal."""
    if len(values) < 2:
        return NONE
    middle, error = mean(values), deviation(values) / math.sqrt(len(values))
    if error == 0.0:
        return middle, middle
    low, high = stats.t.interval(LEVEL, len(values) - 1, loc=middle, scale=error)
    return float(low), float(high)


def interquartile_mean(values: np.ndarray) -> float:
    """The mean without the lowest and the highest quarter, rounded down to whole runs."""
    return float(stats.trim_mean(values, 0.25)) if len(values) else math.nan


def bootstrap_interval(
    values: Sequence[float] | np.ndarray, better: Better, resamples: int = 9999, seed: int = 0
) -> Interval:
    """95 % percentile bootstrap interval of the interquartile mean; infinite where it diverges."""
    finite, count = finite_of(values), len(values)
    if count < 2 or not len(finite):
        return NONE
    # A bootstrap's percentiles cannot be taken of infinities: a number that is far beyond all
    # scores stands for them, and an end that is beyond all scores is infinite.
    low, high = float(finite.min()), float(finite.max())
    far = 1e6 * max(high - low, abs(high), abs(low), 1.0)
    worst = far if better == "lower" else -far
    found = np.where(np.isfinite(values), values, worst)
    if np.ptp(found) == 0.0:
        return low, high
    made = stats.bootstrap(
        (found,),
        lambda values, axis: stats.trim_mean(values, 0.25, axis=axis),
        confidence_level=LEVEL,
        n_resamples=resamples,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    margin = 1e-9 * far
    ends = [
        math.inf if end > high + margin else -math.inf if end < low - margin else float(end)
        for end in (made.low, made.high)
    ]
    return ends[0], ends[1]


def unpaired(
    values: Sequence[float] | np.ndarray, baseline: Sequence[float] | np.ndarray
) -> Difference:
    """Difference of the means of finite scores, by Welch's t test."""
    mine, theirs = finite_of(values), finite_of(baseline)
    count = min(len(mine), len(theirs))
    value = mean(mine) - mean(theirs)
    if count < 2 or np.ptp(mine) == np.ptp(theirs) == 0.0:
        return Difference(value, NONE, math.nan, count)
    with warnings.catch_warnings():  # of scores that are all equal, as many captured modes are
        warnings.simplefilter("ignore", RuntimeWarning)
        found: Any = stats.ttest_ind(mine, theirs, equal_var=False)
    low, high = found.confidence_interval(LEVEL)
    return Difference(value, (float(low), float(high)), float(found.pvalue), count)


def paired(
    values: Sequence[float] | np.ndarray, baseline: Sequence[float] | np.ndarray
) -> Difference:
    """Mean difference of pairs, by the paired t test.

    Args:
      values: scores ``[n]``, one for each seed.
      baseline: those of the baseline with the same seeds. A pair in which either is not finite
        does not count.
    """
    differences = finite_of(np.asarray(values, np.float64) - np.asarray(baseline, np.float64))
    count, value = len(differences), mean(differences)
    if count < 2 or np.ptp(differences) == 0.0:
        return Difference(value, NONE, math.nan, count)
    found: Any = stats.ttest_1samp(differences, 0.0)
    return Difference(value, t_interval(differences), float(found.pvalue), count)


def improvement(
    values: Sequence[float] | np.ndarray,
    baseline: Sequence[float] | np.ndarray,
    better: Better,
) -> float:
    """Probability that a run is better than one of the baseline, where ties count one half."""
    mine, theirs = with_worst(values, better), with_worst(baseline, better)
    if not len(mine) or not len(theirs):
        return math.nan
    over = mine[:, None] > theirs if better == "higher" else mine[:, None] < theirs
    return float(np.mean(over) + 0.5 * np.mean(mine[:, None] == theirs))


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """P-values ``[m]`` corrected for their number, by Holm 1979; NaN stays and does not count.

    The smallest is multiplied by ``m``, the next by ``m - 1``, and so on; none becomes smaller than
    one before it, or larger than 1.
    """
    found = np.array(p_values, np.float64)
    known = np.flatnonzero(~np.isnan(found))
    order = known[np.argsort(found[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    found[order] = np.minimum(np.maximum.accumulate(factors * found[order]), 1.0)
    return found


def mean_ranks(scores: np.ndarray, better: Better) -> np.ndarray:
    """Mean rank ``[variants]`` over seeds of scores ``[variants, seeds]``; 1 is the best.

    Ties share their mean rank; runs without a finite score are all last.
    """
    if not scores.shape[1]:
        return np.full(len(scores), math.nan)
    ranked = with_worst(scores, better)
    ranks = stats.rankdata(ranked if better == "lower" else -ranked, axis=0)
    return ranks.mean(axis=1)


def profile(
    values: Sequence[float] | np.ndarray, thresholds: np.ndarray, better: Better
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of all runs that are at least as good as each threshold, and its 95 % interval.

    A run without a finite score is below every threshold. The interval is that of the percentile
    bootstrap over runs, at each threshold by itself. Nothing is drawn for it: of ``n`` runs drawn
    with replacement, as many reach a threshold as a binomial distribution says.

    Returns:
      The share, and the low and high ends, each ``[t]``.
    """
    found, limits = with_worst(values, better)[:, None], np.asarray(thresholds, np.float64)
    reached = found >= limits if better == "higher" else found <= limits
    share, count = np.mean(reached & np.isfinite(found), axis=0), len(found)
    low, high = stats.binom.interval(LEVEL, count, share)
    return share, low / count, high / count


def by_level(levels: Sequence[object], values: np.ndarray) -> Mapping[object, np.ndarray]:
    """The scores ``[n]`` of the runs that have each level of a factor, for its main effect."""
    names = list(dict.fromkeys(levels))
    return {
        name: values[[place for place, level in enumerate(levels) if level == name]]
        for name in names
    }


def rank_correlation(numbers: Sequence[float], values: np.ndarray, better: Better) -> float:
    """Spearman's correlation of a factor's numbers with the scores; NaN if either is constant."""
    ranked = with_worst(values, better)
    if len(ranked) < 3 or len(set(numbers)) == 1 or len(set(ranked.tolist())) == 1:
        return math.nan
    found: Any = stats.spearmanr(numbers, ranked)
    return float(found.statistic)
