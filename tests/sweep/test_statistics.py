"""Statistics over seeds: closed forms, scipy, and cases worked by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from jaxgan.sweep.statistics import (
    bootstrap_interval,
    by_level,
    holm,
    improvement,
    interquartile_mean,
    mean_ranks,
    paired,
    profile,
    rank_correlation,
    summarize,
    t_interval,
    unpaired,
)

NAN, INF = math.nan, math.inf
EIGHT = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])


def test_a_summary_by_hand():
    found = summarize([1.0, 2.0, 3.0, 4.0, 5.0], "higher")
    # Variance 2.5; the t quantile of four degrees of freedom is 2.776445.
    half = 2.776445 * math.sqrt(2.5 / 5)
    assert (found.runs, found.finite) == (5, 5)
    assert (found.mean, found.median, found.best, found.worst) == (3.0, 3.0, 5.0, 1.0)
    assert found.deviation == pytest.approx(math.sqrt(2.5))
    assert found.t_interval == pytest.approx((3 - half, 3 + half), rel=1e-6)
    assert found.interquartile_mean == 3.0  # of 2, 3 and 4


def test_of_an_error_the_smallest_is_best():
    found = summarize([1.0, 2.0, 9.0], "lower")
    assert (found.best, found.worst) == (1.0, 9.0)


def test_the_interquartile_mean_leaves_out_whole_quarters():
    assert interquartile_mean(EIGHT) == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert interquartile_mean(np.array([1.0, 2.0, 90.0])) == pytest.approx(31.0)  # none to cut
    assert math.isnan(interquartile_mean(np.array([])))


def test_a_diverged_run_is_the_worst_and_in_no_mean():
    values = [5.0, NAN, 7.0, 6.0]
    low, high = summarize(values, "lower"), summarize(values, "higher")
    for found in (low, high):
        assert (found.runs, found.finite, found.mean, found.deviation) == (4, 3, 6.0, 1.0)
        assert found.t_interval == t_interval(np.array([5.0, 7.0, 6.0]))
    assert (low.median, low.worst, low.best) == (6.5, INF, 5.0)
    assert (high.median, high.worst, high.best) == (5.5, -INF, 7.0)
    assert low.interquartile_mean == 6.5
    assert high.interquartile_mean == 5.5


def test_an_infinite_score_counts_as_a_diverged_run():
    assert summarize([1.0, INF, 2.0], "lower") == summarize([1.0, NAN, 2.0], "lower")


def test_where_half_diverged_the_median_is_infinite():
    assert summarize([1.0, NAN, NAN], "lower").median == INF
    assert summarize([1.0, NAN], "higher").median == -INF


def test_where_all_diverged_only_counts_are_left():
    found = summarize([NAN, NAN], "lower")
    assert (found.runs, found.finite) == (2, 0)
    assert (found.median, found.interquartile_mean, found.worst) == (INF, INF, INF)
    for value in (found.mean, found.deviation, *found.t_interval, *found.bootstrap_interval):
        assert math.isnan(value)


def test_one_seed_has_no_interval():
    found = summarize([2.0], "lower")
    assert (found.mean, found.median, found.best, found.worst) == (2.0, 2.0, 2.0, 2.0)
    for value in (found.deviation, *found.t_interval, *found.bootstrap_interval):
        assert math.isnan(value)


def test_no_run_at_all_has_no_statistics():
    found = summarize([], "lower")
    assert (found.runs, found.finite) == (0, 0)
    assert math.isnan(found.median)
    assert math.isnan(found.best)


def test_equal_scores_have_intervals_without_width():
    found = summarize([3.0, 3.0, 3.0], "lower")
    assert found.t_interval == (3.0, 3.0)
    assert found.bootstrap_interval == (3.0, 3.0)


def test_the_t_interval_is_that_of_scipy():
    wanted = stats.ttest_1samp(EIGHT, 0.0).confidence_interval(0.95)
    assert t_interval(EIGHT) == pytest.approx(tuple(wanted))


def test_the_bootstrap_of_two_runs_by_hand():
    # Of two runs, the resampled mean is 0, 0.5 or 1 with probabilities 1/4, 1/2, 1/4.
    assert bootstrap_interval([0.0, 1.0], "higher") == (0.0, 1.0)


def test_the_bootstrap_covers_the_middle_half_of_many_runs():
    values = np.random.default_rng(1).normal(10.0, 1.0, 400)
    low, high = bootstrap_interval(values, "higher")
    assert low < interquartile_mean(values) < high
    # The standard error of an interquartile mean of normal scores is 1.09 / sqrt(n): the mean of
    # the middle half has an efficiency of 0.84.
    assert high - low == pytest.approx(2 * 1.96 * 1.09 / math.sqrt(400), rel=0.15)


def test_an_interval_reaches_infinity_where_resamples_diverge():
    low, high = bootstrap_interval([1.0, 2.0, 3.0, NAN], "lower")
    assert 1.0 <= low <= 3.0
    assert high == INF
    low, high = bootstrap_interval([1.0, 2.0, 3.0, NAN], "higher")
    assert low == -INF
    assert 1.0 <= high <= 3.0


def test_one_diverged_run_of_many_moves_the_interval_but_not_to_infinity():
    values = [*np.linspace(1.0, 2.0, 19), NAN]
    low, high = bootstrap_interval(values, "lower")
    assert 1.0 < low < high < 2.0


def test_a_difference_of_means_by_hand():
    # Variances 1 and 4 of three each: an error of sqrt(5 / 3) with 2.941176 degrees of freedom.
    found = unpaired([1.0, 2.0, 3.0], [3.0, 5.0, 7.0])
    half = stats.t.ppf(0.975, 2.9411764706) * math.sqrt(5 / 3)
    assert (found.value, found.count) == (-3.0, 3)
    assert found.interval == pytest.approx((-3 - half, -3 + half))
    assert found.p == pytest.approx(2 * stats.t.sf(3 / math.sqrt(5 / 3), 2.9411764706))


def test_a_difference_of_pairs_by_hand():
    # Differences 1, 2, 3: mean 2, error 1 / sqrt(3), t = 2 sqrt(3) with 2 degrees of freedom.
    found = paired([11.0, 22.0, 33.0], [10.0, 20.0, 30.0])
    half = stats.t.ppf(0.975, 2) / math.sqrt(3)
    assert (found.value, found.count) == (2.0, 3)
    assert found.interval == pytest.approx((2 - half, 2 + half))
    assert found.p == pytest.approx(stats.ttest_rel([11.0, 22, 33], [10.0, 20, 30]).pvalue)


def test_pairs_find_what_differs_less_than_seeds_do():
    baseline = np.array([1.0, 20.0, 300.0, 4000.0])
    values = baseline + np.array([1.0, 1.1, 0.9, 1.0])
    assert paired(values, baseline).p < 1e-3
    assert unpaired(values, baseline).p > 0.9


def test_a_pair_with_a_diverged_run_does_not_count():
    found = paired([2.0, NAN, 5.0, 1.0], [1.0, 1.0, 3.0, NAN])
    assert (found.value, found.count) == (1.5, 2)
    found = unpaired([2.0, NAN, 4.0], [1.0, 1.0, 4.0])
    assert (found.value, found.count) == (1.0, 2)


@pytest.mark.parametrize("test", [paired, unpaired])
@pytest.mark.parametrize(
    "values, baseline",
    [
        ([1.0], [2.0]),  # one seed
        ([1.0, 1.0, 1.0], [2.0, 2.0, 2.0]),  # no spread
        ([1.0, 1.0], [1.0, 1.0]),  # no difference either
        ([NAN, NAN], [1.0, 2.0]),  # all diverged
    ],
)
def test_where_nothing_can_be_estimated_there_is_no_interval(test, values, baseline):
    found = test(values, baseline)
    assert math.isnan(found.p)
    assert np.isnan(found.interval).all()
    assert np.array_equal(found.value, np.mean(values) - np.mean(baseline), equal_nan=True)


def test_a_constant_variant_can_be_compared_with_a_varying_one():
    found = unpaired([8.0, 8.0, 8.0], [5.0, 6.0, 7.0])
    # The error is that of the baseline alone, 1 / sqrt(3), with its 2 degrees of freedom.
    half = stats.t.ppf(0.975, 2) / math.sqrt(3)
    assert found.interval == pytest.approx((2 - half, 2 + half))


def test_the_probability_of_improvement_is_that_of_mann_and_whitney():
    other = EIGHT[::-1][:5] + 0.5
    statistic = stats.mannwhitneyu(EIGHT, other).statistic
    assert improvement(EIGHT, other, "higher") == pytest.approx(statistic / 40)
    assert improvement(EIGHT, other, "lower") == pytest.approx(1 - statistic / 40)


def test_a_diverged_run_improves_on_none_and_ties_with_its_like():
    assert improvement([NAN], [1.0, 2.0], "lower") == 0.0
    assert improvement([1.0], [NAN], "higher") == 1.0
    assert improvement([NAN, NAN], [NAN], "higher") == 0.5
    assert improvement([1.0, 1.0], [1.0], "lower") == 0.5
    assert math.isnan(improvement([], [1.0], "lower"))


def test_holm_by_hand():
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1; the last may not be below the third.
    wanted = [0.03, 0.06, 0.06, 0.02]
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx(wanted)
    assert holm([0.02]) == pytest.approx([0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])  # ties
    assert len(holm([])) == 0


def test_what_was_not_tested_is_not_counted_by_holm():
    found = holm([0.01, NAN, 0.04])
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert math.isnan(found[1])


def test_holm_rejects_what_its_step_down_procedure_does():
    """As Holm (1979) states it: smallest first, until one is not below ``level / tests left``."""
    random = np.random.default_rng(0)
    for level in (0.01, 0.05, 0.2):
        p_values = random.uniform(size=30) ** 3
        order, rejected = np.argsort(p_values), np.zeros(30, bool)
        for done, number in enumerate(order):
            if p_values[number] > level / (30 - done):
                break
            rejected[number] = True
        assert 0 < rejected.sum() < 30
        assert ((holm(p_values) <= level) == rejected).all()


def test_mean_ranks_by_hand():
    scores = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, NAN]])
    assert mean_ranks(scores, "lower").tolist() == [1.25, 1.75, 3.0]
    assert mean_ranks(scores, "higher").tolist() == [2.25, 1.75, 2.0]
    assert np.isnan(mean_ranks(scores[:, :0], "lower")).all()


def test_runs_that_diverged_share_the_last_rank():
    assert mean_ranks(np.array([[NAN], [1.0], [NAN]]), "higher").tolist() == [2.5, 1.0, 2.5]


def test_a_performance_profile_by_hand():
    values = [1.0, 2.0, 2.0, NAN]
    assert profile(values, np.array([0.0, 2.0, 3.0]), "higher")[0].tolist() == [0.75, 0.5, 0.0]
    assert profile(values, np.array([0.0, 1.0, 2.0]), "lower")[0].tolist() == [0.0, 0.25, 0.75]
    limits = np.array([-INF, INF])
    for better in ("higher", "lower"):
        assert np.array_equal(profile([NAN], limits, better), np.zeros((3, 2)))


def test_the_interval_of_a_profile_is_that_of_a_bootstrap_over_runs():
    values = np.array([*EIGHT, NAN, NAN])
    limits = np.quantile(EIGHT, [0.1, 0.4, 0.8])
    share, low, high = profile(values, limits, "higher")
    for place, limit in enumerate(limits):
        reached = np.where(np.isfinite(values), values, -INF) >= limit
        found = stats.bootstrap(
            (reached.astype(float),),
            np.mean,
            n_resamples=20_000,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        assert share[place] == np.mean(reached)
        assert (low[place], high[place]) == pytest.approx((found.low, found.high), abs=1e-9)


def test_runs_are_gathered_by_level():
    values = np.array([1.0, NAN, 3.0, 4.0])
    found = by_level(["a", 2, "a", None], values)
    assert list(found) == ["a", 2, None]
    assert found["a"].tolist() == [1.0, 3.0]
    assert np.isnan(found[2]).tolist() == [True]


def test_the_correlation_is_of_ranks_and_counts_diverged_runs_as_worst():
    rates = [1e-4, 1e-3, 1e-2, 1e-1]
    assert rank_correlation(rates, np.array([1.0, 4.0, 9.0, NAN]), "lower") == pytest.approx(1.0)
    assert rank_correlation(rates, np.array([1.0, 4.0, 9.0, NAN]), "higher") == pytest.approx(-0.2)
    assert math.isnan(rank_correlation([1.0, 1.0, 1.0], EIGHT[:3], "lower"))
    assert math.isnan(rank_correlation(rates, np.array([NAN] * 4), "lower"))
