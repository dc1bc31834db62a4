"""A probe times the steps of a trial and stops it."""

import json
from pathlib import Path

import pytest

from jaxgan.sweep import probe
from jaxgan.sweep.study import Study, Variant
from jaxgan.sweep.trials import plan
from support.parsing import parse_once
from support.tiny_runs import TINY


class Child:
    """Stands in for ``jaxgan train``: writes a row each time it is asked whether it has ended."""

    def __init__(self, folder, rows, code):
        self.folder, self.rows, self.code, self.killed = folder, rows, code, False

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        """Nothing to wait for."""

    def poll(self):
        if not self.rows or self.killed:
            return self.code
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(self.rows.pop(0)) + "\n")
        return None

    def kill(self):
        self.killed = True


@pytest.fixture
def probed(monkeypatch):
    """``probed(rows, code)``: the cost that a child measures, the child, and its words."""

    def run(rows, code=0):
        (trial,) = plan(Study({"": Variant(TINY)}), ("--log-every", "7", "--best=fd"), parse_once)
        made = []

        def started(words, log):
            log.write_text("jaxgan: no data\n")
            made.append((Child(Path(words[-1]), rows, code), words))
            return made[0][0]

        monkeypatch.setattr(probe, "started", started)
        return probe.probe(trial), *made[0]

    return run


def test_the_cost_of_a_trial_by_hand(probed):
    """The first row is not timed; 20 steps in 2 seconds and 20 in 4 are enough."""
    row = {"averaged_steps": 20}
    rows = [
        {**row, "step": 20},
        {**row, "step": 40, "steps_per_second": 10.0},
        {**row, "step": 60, "steps_per_second": 5.0},
        {**row, "step": 80, "steps_per_second": 1.0},
    ]
    found, child, words = probed(rows)
    assert child.killed
    assert len(child.rows) == 1
    assert (found.steps, found.seconds, found.fault) == (40, 6.0, "")
    assert found.total == pytest.approx(found.start + 12 * 6 / 40)
    assert [words[words.index(flag) + 1] for flag in ("--log-every", "--sample-every")] == [
        "20",
        "0",
    ]
    assert words.count("--log-every") == 1
    assert "--best=fd" not in words


def test_a_trial_that_cannot_be_trained_says_why(probed):
    found, _, _ = probed([], code=2)
    assert found.fault == "no data"


def test_a_trial_that_takes_too_long_is_stopped(probed, monkeypatch):
    monkeypatch.setattr(probe, "MOST", 0.0)
    found, child, _ = probed([{"step": 20, "averaged_steps": 20}])
    assert child.killed
    assert "no 40 steps within 0 s" in found.fault
