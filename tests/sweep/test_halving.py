"""Successive halving trains the better variants further, and says which were pruned."""

import json
import math
import re
from pathlib import Path

import pytest

from jaxgan.errors import UserError
from jaxgan.evaluation.score import RULE, Score, append
from jaxgan.runs.exit_codes import EXIT_AGAIN
from jaxgan.sweep.halving import Halving, halving, ranking, train_halving
from jaxgan.sweep.manifest import Entry, Manifest
from jaxgan.sweep.process import Signals
from jaxgan.sweep.run import Sweep
from jaxgan.sweep.study import Study, Variant
from jaxgan.sweep.trials import plan
from support.engines import OneByOne
from support.parsing import parse_once
from support.tiny_runs import TINY

RATES = (0.1, 0.2, 0.3, 0.4, 0.5)


@pytest.fixture(scope="module")
def trials():
    study = Study({"": Variant(TINY)}, grid={"learning_rate": RATES}, seeds=(0, 1))
    return plan(study, ("--steps", "40"), parse_once)


@pytest.fixture
def sweep(trials, tmp_path):
    entries = [Entry(t.name, t.seed, t.levels, t.folder, t.steps, "") for t in trials]
    return Sweep(tmp_path, Manifest("", [], {}, None, "fd/distance", {}, entries))


class Launches:
    """Stands in for training: scores each trial by its rate times the step; some diverge."""

    def __init__(self, diverging=(), stopped=()):
        self.steps, self.diverging, self.stopped = {}, diverging, stopped

    def __call__(self, words, log, signals):
        steps = int(words[words.index("--steps") + 1])
        folder = Path(words[words.index("--workdir") + 1])
        rate = float(words[words.index("--learning-rate") + 1])
        self.steps.setdefault(rate, []).append(steps)
        folder.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("x")
        launch = {"runtime": {"steps": steps}, "environment": {"devices": 1}}
        parts = {"config": {}, "training": {"seed": 0}, "data": {}, "environment": {}}
        described = {"format": 2, "experiment": "tiny", **parts, "launches": [launch]}
        (folder / "config.json").write_text(json.dumps(described))
        bad = rate in self.diverging
        row = {"outcome": "diverged" if bad else "finished", "step": steps, "note": ""}
        (folder / "status.json").write_text(json.dumps(row))
        if rate in self.stopped:
            row = {"outcome": "interrupted", "step": steps - 1, "note": "stopped by SIGTERM"}
            (folder / "status.json").write_text(json.dumps(row))
            return EXIT_AGAIN
        if not bad:
            subject = {"rule": RULE, "step": steps}
            values = {"distance": rate * steps}
            score = Score("fd", "FD", "lower", values, {}, {"n_fake": 1}, subject)
            append(folder / "evaluations.jsonl", [score])
        return 3 if bad else 0


def run(sweep, trials, launches, reduction=2.0, signals=None):
    rule = Halving((10, 20), reduction, "fd/distance", 1.0)
    engine = OneByOne(launches)
    train_halving(sweep, trials, rule, engine, signals or Signals(), lambda line: None)
    return {
        (entry.levels["learning_rate"], entry.seed): (entry.state, entry.note)
        for entry in sweep.manifest.trials
    }


def test_five_variants_become_three_and_two(sweep, trials):
    launches = Launches()
    found = run(sweep, trials, launches)
    twice = lambda *steps: [step for step in steps for _ in (0, 1)]  # noqa: E731
    assert launches.steps == {
        0.1: twice(10, 20, 40),
        0.2: twice(10, 20, 40),
        0.3: twice(10, 20),
        0.4: twice(10),
        0.5: twice(10),
    }
    for seed in (0, 1):
        assert found[0.1, seed] == found[0.2, seed] == ("finished", "")
        assert found[0.3, seed][0] == "pruned"
        assert found[0.3, seed][1] == "rank 3 of 3 at step 20, by the median of fd/distance"
        assert found[0.5, seed][1] == "rank 5 of 5 at step 10, by the median of fd/distance"


def test_the_same_command_trains_nothing_more(sweep, trials):
    found = run(sweep, trials, Launches())
    again = Launches()
    assert run(sweep, trials, again) == found
    assert again.steps == {}


def test_what_diverged_is_ranked_last_and_is_not_called_pruned(sweep, trials):
    found = run(sweep, trials, Launches(diverging=(0.1, 0.2)))
    assert found[0.1, 0][0] == found[0.2, 1][0] == "diverged"
    assert found[0.3, 0][0] == found[0.4, 0][0] == "finished"
    assert found[0.5, 0][0] == "pruned"


def test_nothing_is_pruned_while_a_trial_is_short_of_the_rung(sweep, trials):
    found = run(sweep, trials, Launches(stopped=(0.1,)))
    assert found[0.1, 0] == ("interrupted", "stopped by SIGTERM")
    assert {found[rate, 1][0] for rate in RATES[1:]} == {"pending"}
    found = run(sweep, trials, Launches())
    assert [found[rate, 0][0] for rate in RATES] == ["finished"] * 2 + ["pruned"] * 3


def test_a_ranking_by_hand():
    scores = {"a": [3.0, 5.0], "b": [9.0, 1.0], "c": [None, 0.0], "d": [math.nan], "e": [4.0, 4.5]}
    assert ranking({name: scores[name] for name in "ae"}, 1.0) == ["a", "e"]
    assert ranking(scores, 1.0)[:3] == ["a", "e", "b"]
    assert ranking(scores, -1.0)[:3] == ["b", "e", "a"]
    assert {*ranking(scores, -1.0)[3:]} == {"c", "d"}
    tied = {"a": [8.0, 8.0, 5.0], "b": [8.0, 8.0, 8.0], "c": [8.0, 8.0, None]}
    assert ranking(tied, -1.0) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "rungs, reduction, scored, fault",
    [
        ("10,5", 2, ("fd/distance", 1.0), "give ascending steps below 40"),
        ("0", 2, ("fd/distance", 1.0), "give ascending steps"),
        ("10,40", 2, ("fd/distance", 1.0), "give ascending steps"),
        ("a", 2, ("fd/distance", 1.0), "give ascending steps"),
        ("", 2, ("fd/distance", 1.0), "give ascending steps"),
        ("10", 1, ("fd/distance", 1.0), "--reduction 1: must be above 1"),
        ("10", 2, None, "add --evaluate-every"),
    ],
)
def test_what_makes_no_sense_is_refused(rungs, reduction, scored, fault, trials):
    with pytest.raises(UserError, match=re.escape(fault)):
        halving(rungs, reduction, scored, trials)
    assert halving("10,20", 3.0, ("fd/distance", 1.0), trials).rungs == (10, 20)
