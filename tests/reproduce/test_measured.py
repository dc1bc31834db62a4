"""A number of ours: what its runs give, with an honest spread, and a band that it must stay in."""

import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import stats

from jaxgan.experiment import Number
from jaxgan.reproduce.measured import (
    Measured,
    Run,
    bands_of,
    faults_of,
    read_measured,
    told,
    write_measured,
)

MODES = Number("modes/captured", digits=1)
SHARE = Number("modes/share", digits=0, factor=100.0)


def runs(*values, **more):
    return [
        Run(seed, "finished", 10, {"modes/captured": v}, **more) for seed, v in enumerate(values)
    ]


def test_the_mean_and_the_deviation_are_those_of_the_runs():
    assert told([MODES], runs(4.0, 6.0, 8.0)) == "6.0 ± 2.0"
    assert told([MODES], runs(4.0)) == "4.0"
    both = [Run(0, "finished", 1, {"modes/captured": 3.0, "modes/share": 0.25})]
    assert told([MODES, SHARE], both) == "3.0; 25"


def test_what_has_no_score_is_counted_and_not_dropped():
    lost = [*runs(4.0, 6.0), Run(2, "diverged", 3)]
    assert told([MODES], lost) == "5.0 ± 1.4 (1 of 3 without a score)"
    assert told([MODES], [Run(0, "diverged", 3)]) == "- (1 of 1 without a score)"
    assert told([MODES], runs(4.0, math.inf)) == "4.0 (1 infinite)"


def test_a_single_run_may_have_a_spread_of_its_own():
    number = Number("parzen/mean", 1, spread="parzen/error")
    one = Run(0, "finished", 1, {"parzen/mean": 200.0, "parzen/error": 2.25})
    assert told([number], [one]) == "200.0 ± 2.2"


def test_a_band_holds_the_mean_of_as_many_other_seeds_as_often_as_it_says():
    """By simulation: the mean of n new values lies in the band of n others in 99 % of cases."""
    random = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        (low, high), *_ = bands_of([MODES], runs(*random.normal(5.0, 2.0, 4)))
        inside += low <= random.normal(5.0, 2.0, 4).mean() <= high
    assert stats.binomtest(inside, 2000, 0.99).pvalue > 0.001


def test_too_few_runs_have_no_band():
    assert bands_of([MODES], runs(4.0, 6.0)) == ((),)
    assert bands_of([MODES], runs(4.0, 6.0, math.inf)) == ((),)
    both = [
        Run(s, "finished", 1, {"modes/captured": 1.0, "modes/share": x})
        for s, x in enumerate((0.1, 0.2, math.inf))
    ]
    (low, high), none = bands_of([MODES, SHARE], both)
    assert (low, high, none) == (1.0, 1.0, ())


@pytest.mark.parametrize("share", np.linspace(0.001, 0.999, 99))
def test_equal_runs_do_not_leave_their_band_by_rounding(share):
    equal = [Run(seed, "finished", 1, {"modes/share": float(share)}) for seed in range(5)]
    value, bands = told([SHARE], equal), bands_of([SHARE], equal)
    more = dict(seeds=5, value=value, numbers=(SHARE,), runs=tuple(equal), bands=bands)
    assert faults_of(row(**more)) == []


def row(**changes):
    found = runs(4.0, 6.0, 8.0)
    whole = Measured(
        "modes", "", "6.0 ± 2.0", "deviation", 3, "x", "2 cores", numbers=(MODES,), runs=found
    )
    return dataclasses.replace(whole, **changes)


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({}, None),
        ({"bands": ((5.0, 7.0),)}, None),
        ({"bands": ((6.5, 7.0),)}, "modes/captured 6 has left its band, 6.5 to 7"),
        ({"value": "7.0 ± 2.0"}, "its runs give 6.0 ± 2.0, not 7.0 ± 2.0"),
        ({"seeds": 4}, "it says 4 seeds and has the records of 3 runs"),
        ({"runs": ()}, "it has no record of its runs"),
    ],
)
def test_a_number_that_is_not_what_its_runs_give_is_found(changes, fault):
    assert faults_of(row(**changes)) == ([] if fault is None else [fault])


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "results" / "a.json"
    lost = [*runs(4.0, math.inf), Run(2, "diverged", 3, commit="c")]
    written = row(runs=tuple(lost), bands=((1.0, 2.0),), budget=0.5)
    write_measured(path, [written])
    assert json.loads(path.read_text())[0]["runs"][1]["values"] == {"modes/captured": "inf"}
    assert read_measured(path) == [written]
