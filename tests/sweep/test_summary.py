"""How a run stands is read from its folder, whatever state the folder is in."""

import fcntl
import json
import os

import pytest

from jaxgan.runs.folder import RunFolder
from jaxgan.sweep.budget import spent
from jaxgan.sweep.results import read_trial
from jaxgan.sweep.summary import runs_below, score_at, summary_of, value_of

pytest_plugins = ["support.run_fixtures"]


def change(folder, name, **values):
    file = folder / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_a_finished_run(finished):
    found = summary_of(RunFolder(finished))
    assert (found.outcome, found.step, found.steps, found.note) == ("finished", 12, 12, "")
    assert found.seconds_left is None
    assert found.steps_per_second > 0


def test_device_seconds_by_hand(copy):
    """10 and 20 steps, 5 and 2 per second, on two devices; 3 and 11 are taken at the median."""
    rows = [
        {"step": 3, "averaged_steps": 3},
        {"step": 13, "averaged_steps": 10, "steps_per_second": 5.0},
        {"step": 33, "averaged_steps": 20, "steps_per_second": 2.0},
        {"step": 44, "averaged_steps": 11, "steps_per_second": None},
    ]
    (copy / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = summary_of(RunFolder(copy))
    assert found.device_seconds == 2 * (10 / 5 + 20 / 2 + 14 / 3.5)
    assert found.steps_per_second == 3.5
    trial = read_trial(copy, {}, 0)
    assert spent(trial).device_seconds == found.device_seconds
    change(copy, "config.json", launches=[launch(copy, steps=36, members=8)])
    shared = summary_of(RunFolder(copy))
    assert shared.device_seconds == found.device_seconds / 8, "eight runs shared the devices"
    assert shared.steps_per_second == 3.5, "each of them makes every step"


def test_a_run_that_says_running_is_killed_unless_a_process_holds_it(copy):
    change(copy, "status.json", outcome="running", step=0)
    change(copy, "config.json", launches=[launch(copy, steps=36)])
    assert summary_of(RunFolder(copy)).outcome == "killed"
    held = os.open(copy, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = summary_of(RunFolder(copy))
    finally:
        os.close(held)
    assert (found.outcome, found.step) == ("running", 12)  # of the last row
    assert found.seconds_left == pytest.approx(24 / found.steps_per_second)


def launch(folder, steps, **environment):
    found = json.loads((folder / "config.json").read_text())["launches"][-1]
    found["runtime"]["steps"] = steps
    found["environment"] |= environment
    return found


@pytest.mark.parametrize("outcome", ["diverged", "interrupted", "failed"])
def test_a_run_that_ended_otherwise_says_why(copy, outcome):
    change(copy, "status.json", outcome=outcome, note="because")
    assert (summary_of(RunFolder(copy)).outcome, summary_of(RunFolder(copy)).note) == (
        outcome,
        "because",
    )


@pytest.mark.parametrize(
    "name, text",
    [("config.json", "{"), ("config.json", "{}"), ("status.json", "["), ("status.json", "[]")],
)
def test_a_damaged_run_says_which_file(copy, name, text):
    (copy / name).write_text(text)
    found = summary_of(RunFolder(copy))
    assert found.outcome == "damaged"
    assert name in found.note


def test_a_damaged_row_of_metrics_is_left_out(copy):
    before = summary_of(RunFolder(copy))
    with (copy / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99, "steps_per')
    assert summary_of(RunFolder(copy)) == before


def test_scores_of_an_older_format_are_damage(copy):
    (copy / "evaluations.jsonl").write_text('{"format": 1}\n')
    assert summary_of(RunFolder(copy)).outcome == "damaged"


def test_runs_are_found_at_any_depth_and_in_none_of_them(copy, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    copy.rename(tmp_path / "a" / "b" / "run")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "half").mkdir()
    (tmp_path / "a" / "half" / "status.json").write_text("{}")
    found = [run.path.relative_to(tmp_path).as_posix() for run in runs_below(tmp_path)]
    assert found == ["a/b/run", "a/half"]
    assert [run.path for run in runs_below(tmp_path / "a" / "half")] == [tmp_path / "a" / "half"]


def test_a_score_is_that_of_its_step(finished):
    assert value_of((), "modes/captured") is None
    assert score_at(RunFolder(finished), "modes/captured", 12) is None
