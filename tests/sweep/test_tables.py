"""Tables of a study: nothing dropped, and nothing compared that was measured in different ways."""

import csv
import dataclasses
import io
import math

import pytest

from jaxgan.evaluation.score import Score
from jaxgan.sweep.baseline import levels_named
from jaxgan.sweep.budget import budget_table, spent
from jaxgan.sweep.cautions import cautions
from jaxgan.sweep.measures import collapsed, measures, scores_by_step
from jaxgan.sweep.results import read_runs, read_sweep
from jaxgan.sweep.tables import (
    best_first,
    compare,
    difference_table,
    effect,
    effect_table,
    latex,
    other_scores,
    summary_table,
    to_csv,
    to_latex,
    trial_table,
)
from support import fake_runs

DIVERGED = {"outcome": "diverged", "step": 600, "note": "not finite: d/loss"}


@pytest.fixture
def study(tmp_path):
    """Two variants with three seeds: 4, 6 and 8 modes, and one that diverged once."""
    trials = [({"r1": 0}, seed, {"score": 4.0 + 2 * seed}) for seed in range(3)]
    trials += [({"r1": 1}, 0, {"score": 8}), ({"r1": 1}, 1, DIVERGED), ({"r1": 1}, 2, {"score": 7})]
    manifest = {"baseline": {"r1": 0}, "scored": "modes/captured"}
    return read_sweep(fake_runs.sweep(tmp_path / "sweep", trials, **manifest))


def cells(table, row):
    return dict(zip(table.head, table.rows[row], strict=True))


def test_a_diverged_run_is_counted_and_is_the_worst(study):
    table = summary_table(study, measures(study)[0])
    plain, r1 = cells(table, 1), cells(table, 0)
    assert (plain[""], r1[""]) == ("r1=0 (baseline)", "r1=1")
    assert plain["finished"] == "3 of 3"
    assert r1["finished"] == "2 of 3 (1 diverged)"
    # The t quantile is 4.302653 with two degrees of freedom, 12.7062 with one.
    assert plain["mean ± deviation [95%]"] == "6 ± 2 [1.03, 11]"
    assert r1["mean ± deviation [95%]"] == "7.5 ± 0.707 [1.15, 13.9]"
    assert (plain["median"], r1["median"]) == ("6", "7")
    assert (plain["worst"], r1["worst"]) == ("4", "diverged")
    # Of three, none is cut off; a third of the resamples are without the one that diverged.
    assert r1["interquartile mean [95%]"] == "diverged [diverged, 8]"
    assert (plain["mean rank"], r1["mean rank"]) == ("1.33", "1.67")


def test_controls_stand_below_the_variants(study):
    """Whether all scores have them or not, as of runs that were scored by an earlier jaxgan."""

    def beside(trial):
        controls = {"controls": {"the sources unchanged": {"captured": 3.25}}}
        scores = [
            dataclasses.replace(one, details={**one.details, **controls}) for one in trial.scores
        ]
        return dataclasses.replace(trial, scores=scores if trial.seed < 2 else trial.scores)

    known = dataclasses.replace(study, trials=[beside(trial) for trial in study.trials])
    captured, other = measures(known)[:2]
    assert captured.controls == {"the sources unchanged": 3.25}
    table = summary_table(known, captured)
    assert table.rows[:-1] == summary_table(study, measures(study)[0]).rows
    last = {name: cell for name, cell in cells(table, -1).items() if cell}
    assert last == {
        "": "the sources unchanged",
        "median": "3.25",
        "finished": "control, without training",
    }
    name, scored, _, median = other_scores(known, captured).rows[-1]
    assert (name, scored, median) == ("the sources unchanged", "control, without training", "3.25")
    assert other.controls == {}  # of another value, which was not said of them


def test_collapse_is_half_the_modes(study):
    assert [collapsed(trial) for trial in study.trials] == [False] * 4 + [None, False]
    few = fake_runs.modes(3.0, 1000)
    assert collapsed(dataclasses.replace(study.trials[0], scores=[few]))
    half = fake_runs.modes(4.0, 1000)
    assert collapsed(dataclasses.replace(study.trials[0], scores=[half])) is False
    assert collapsed(dataclasses.replace(study.trials[0], scores=[])) is None


def test_collapse_is_half_the_distance_of_held_out_samples(study):
    def trial(distance, real):
        values, of_real = {"distance": distance}, {"distance": real} if real else {}
        score = Score("pairwise", "pairwise-fake", "", values, of_real, {}, {"step": 1000})
        return dataclasses.replace(study.trials[0], scores=[score])

    assert collapsed(trial(4.9, 10.0))
    assert collapsed(trial(5.1, 10.0)) is False
    assert collapsed(trial(0.0, None)) is None


def test_the_score_is_that_of_the_last_step(study):
    first = measures(study)[0]
    assert first.name == "modes/captured"
    assert first.of(study.variants[0]) == {0: 4.0, 1: 6.0, 2: 8.0}
    assert scores_by_step(first, study.trials[1]) == {500: 4.0, 1000: 6.0}
    assert math.isnan(first.of(study.variants[1])[1])


def test_every_number_with_a_direction_is_a_measure(study):
    found = {one.name: one.better for one in measures(study)}
    assert found == {
        "modes/captured": "higher",
        "modes/high_quality": "higher",
        "fd/distance": "lower",
    }


def test_scores_that_were_measured_in_different_ways_are_in_different_columns(tmp_path):
    trials = [({"r1": 0}, 0, {}), ({"r1": 0}, 1, {}), ({"r1": 1}, 0, {"protocol": {"n_fake": 9}})]
    study = read_sweep(fake_runs.sweep(tmp_path, trials, scored="modes/captured"))
    first, *rest = measures(study)
    assert first.of(study.variants[1]) == {}
    again = next(one for one in rest if one.name == first.name)
    assert (list(again.of(study.variants[1])), again.of(study.variants[0])) == ([0], {})
    told = " ".join(cautions(study, first, [first, *rest]))
    assert "n_fake: 2500 -> 9" in told
    assert "1 finished runs have no modes/captured" in told


def test_differences_by_hand(study):
    table = difference_table(compare(study, measures(study)[0]))
    (row,) = table.rows
    # Means of the finite scores: 7.5 less 6. Pairs: seeds 0 (8 - 4) and 2 (7 - 8).
    assert row[0] == "r1=1"
    assert row[1].startswith("+1.5 [")
    assert row[3].startswith("+1.5 [")
    assert row[4] == "2"
    # Of nine pairs of runs, 8 beats 4 and 6 and ties with 8, 7 beats 4 and 6, and none beats.
    assert row[6] == "50%"


def test_each_variant_is_compared_with_its_own_baseline(tmp_path):
    trials = [
        ({"r1": r1, "width": width}, seed, {"score": 2 + r1 + width / 4 + seed})
        for r1 in (0, 1)
        for width in (8, 16)
        for seed in (0, 1)
    ]
    trials += [({"r1": 1, "width": 0}, 0, {"score": 2})]
    manifest = {"baseline": {"r1": 0}, "scored": "modes/captured"}
    study = read_sweep(fake_runs.sweep(tmp_path, trials, **manifest))
    rows = [row[:2] for row in difference_table(compare(study, measures(study)[0])).rows]
    assert [name for name, _ in rows] == ["r1=1, width=16", "r1=1, width=8", "r1=1, width=0"]
    assert [told.split(" ")[0] for _, told in rows] == ["+1", "+1", "-"]


def test_a_main_effect_is_over_all_runs_of_a_level(tmp_path):
    def score(r1, width):
        return 3.0 + r1 + width / 8

    trials = [
        ({"r1": r1, "width": width}, 0, {"score": score(r1, width)})
        for width in (16, 8)
        for r1 in (0, 1)
    ]
    trials.append(({"r1": 1, "width": 32}, 0, DIVERGED))
    study = read_sweep(fake_runs.sweep(tmp_path, trials, scored="modes/captured"))
    found = effect(study, measures(study)[0], "width")
    assert list(found) == ["8", "16", "32"]
    assert found["8"].tolist() == [4.0, 5.0]
    table = effect_table(study, measures(study)[0], "width")
    assert [row[1] for row in table.rows] == ["2 of 2", "2 of 2", "0 of 1"]
    assert table.rows[0][2].startswith("4.5 [")
    assert table.rows[2][2:4] == ("-", "infinite")


def test_the_best_comes_first_and_what_has_no_result_last(tmp_path):
    trials = [
        ({"r1": 0}, 0, None),
        ({"r1": 1}, 0, DIVERGED),
        ({"r1": 2}, 0, {"score": 2}),
        ({"r1": 3}, 0, {"score": 7}),
    ]
    study = read_sweep(fake_runs.sweep(tmp_path, trials))
    order = best_first(study, measures(study)[0])
    assert [variant.levels["r1"] for variant in order] == [3, 2, 1, 0]
    rows = summary_table(study, measures(study)[0]).rows
    assert [row[3] for row in rows] == [
        "1 of 1",
        "1 of 1",
        "0 of 1 (1 diverged)",
        "0 of 1 (1 pending)",
    ]
    assert rows[2][1] == "diverged"
    assert rows[3][1] == "-"
    assert [row[1] for row in other_scores(study, measures(study)[1]).rows] == [
        "1 of 1",
        "1 of 1",
        "0 of 1",
        "0 of 1",
    ]


def test_where_all_diverged_there_is_no_measure_but_a_list(tmp_path):
    study = read_sweep(fake_runs.sweep(tmp_path, [({}, 0, DIVERGED), ({}, 1, DIVERGED)]))
    assert measures(study) == []
    table = trial_table(study, None)
    assert [row[2] for row in table.rows] == ["diverged"] * 2
    assert "2 of 2 runs ended without a score (2 diverged)" in cautions(study, None, [])[0]


def test_budgets_are_those_of_finished_runs(tmp_path):
    trials = [({"r1": 0}, 0, {}), ({"r1": 1}, 0, {"speed": 50.0}), ({"r1": 1}, 1, DIVERGED)]
    study = read_sweep(fake_runs.sweep(tmp_path, trials))
    found = spent(study.trials[0])
    assert (found.d_steps, found.g_steps, found.images) == (1000, 1000, 64000)
    assert found.device_seconds == pytest.approx(10.0)  # the first 100 steps have no speed
    rows = budget_table(study.variants).rows
    assert rows[1] == ("r1=1", "1", "1,000", "1,000", "64,000", "-", "20")
    told = cautions(study, None, [])
    assert told[-1] == "Variants did not spend the same: device-seconds (10 to 20)."


def test_equal_budgets_of_sound_runs_leave_no_caution(tmp_path):
    trials = [({"r1": r1}, seed, {}) for r1 in (0, 1) for seed in range(5)]
    study = read_sweep(fake_runs.sweep(tmp_path, trials))
    found = measures(study)
    assert cautions(study, found[0], found) == []


def test_cautions_name_what_a_reader_must_know(tmp_path):
    trials = [
        ({"r1": 0}, 0, {"step": 500, "steps": 500}),
        ({"r1": 1}, 1, {"code": "OTHER = 1\n"}),
        ({"r1": 2}, 1, {"rule": "best by fd"}),
        ({"r1": 2}, 2, None),
    ]
    study = read_sweep(fake_runs.sweep(tmp_path, trials, scored="fd"))
    found = measures(study)
    told = " ".join(cautions(study, found[0], found))
    for words in (
        "1 of 4 runs have no result yet",
        "pending",
        "The code of fake is not the same",
        "Checkpoints were selected",
        "Selection and report use the same runs: the best of 3 variants",
        "do not have results of the same seeds",
        "results of 1 seed only",
        "D steps (500 to 1,000)",
    ):
        assert words in told


def test_the_csv_has_every_trial_in_full(study):
    found = measures(study)
    rows = list(csv.DictReader(io.StringIO(to_csv(study, found))))
    assert len(rows) == 6
    assert [row["r1"] for row in rows] == ["0", "0", "0", "1", "1", "1"]
    assert rows[1]["modes/captured"] == "6.0"
    assert (rows[4]["outcome"], rows[4]["modes/captured"]) == ("diverged", "")
    assert rows[4]["note"] == DIVERGED["note"]


def test_a_variant_that_cannot_be_tested_does_not_count_in_the_correction(tmp_path):
    """One run has no deviation, and so no p-value."""
    trials = [({"r1": 0}, seed, {"score": 4 + seed}) for seed in range(3)]
    trials += [({"r1": 1}, seed, {"score": score}) for seed, score in enumerate((6, 8, 7))]
    alone = read_sweep(fake_runs.sweep(tmp_path / "a", trials, baseline={"r1": 0}))
    more = [*trials, ({"r1": 2}, 0, {"score": 8})]
    beside = read_sweep(fake_runs.sweep(tmp_path / "b", more, baseline={"r1": 0}))
    p = [
        {one.variant.name: one.p_of_all for one in compare(study, measures(study)[0])}
        for study in (alone, beside)
    ]
    assert p[0]["r1=1"] == p[1]["r1=1"] < 1
    assert math.isnan(p[1]["r1=2"])


def test_levels_that_differ_in_late_digits_are_told_apart(tmp_path):
    rates = (0.9999, 0.99995, 0.99999, 0.9999901)
    trials = [({"ema": rate}, 0, {"score": place}) for place, rate in enumerate(rates)]
    study = read_sweep(fake_runs.sweep(tmp_path / "s", trials, scored="modes/captured"))
    first = measures(study)[0]
    texts = ["0.9999", "0.99995", "0.99999", "0.9999901"]
    assert [one.name for one in study.variants] == [f"ema={text}" for text in texts]
    assert {level: list(found) for level, found in effect(study, first, "ema").items()} == {
        text: [place] for place, text in enumerate(texts)
    }
    assert [row["ema"] for row in csv.DictReader(io.StringIO(to_csv(study, [first])))] == texts
    assert levels_named("ema=0.99999", study.factors) == {"ema": 0.99999}


def test_latex_shows_text_as_it_is(study):
    assert latex(r"50% of a_b & c\d") == r"50\% of a\_b \& c\textbackslash{}d"
    made = to_latex(summary_table(study, measures(study)[0]), "Modes")
    assert r"\caption{Modes}" in made
    assert r"r1=0 (baseline) & 6 & 6 [4, 8] & 3 of 3 & 6 $\pm$ 2 [1.03, 11]" in made
    rows = [line for line in made.splitlines() if line.endswith(r"\\")]
    assert [line.count("&") for line in rows] == [8, 8, 8]


def test_any_runs_have_the_same_tables(tmp_path):
    folders = [
        fake_runs.run(tmp_path / f"{r1}-{seed}", seed=seed, r1=r1, score=3 + 2 * r1 + seed)
        for r1 in (0, 1)
        for seed in (0, 1)
    ]
    study = read_runs(folders)
    table = summary_table(study, measures(study)[0])
    assert [row[0] for row in table.rows] == ["r1=1", "r1=0"]
    assert table.rows[0][1] == "5.5"
