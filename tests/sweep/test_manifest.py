"""The file of a sweep is written whole, read back, joined with a later one, or refused."""

import dataclasses
import json
import re

import pytest

from jaxgan.errors import UserError
from jaxgan.sweep.manifest import FILE, Entry, Manifest, joined, read, without_failures, write


def entry(r1, seed=0, steps=10, **more):
    folder = f"trials/r1={r1}/seed-{seed}"
    return Entry(f"r1={r1}", seed, {"r1": r1}, folder, steps, "jaxgan train", **more)


def manifest(*trials, **more):
    whole = Manifest(
        command="jaxgan sweep",
        experiments=["ring"],
        factors={"r1": list(dict.fromkeys(trial.levels["r1"] for trial in trials))},
        baseline={"r1": 0},
        scored="modes/captured",
        settings={"ring": {"batch_size": 64, "hidden": [8]}},
        trials=list(trials),
    )
    return dataclasses.replace(whole, **more)


def test_it_is_read_back(tmp_path):
    assert read(tmp_path / "new") is None
    assert read(tmp_path) is None
    written = manifest(entry(0), entry(1, state="failed", note="no memory"))
    write(tmp_path, written)
    assert read(tmp_path) == written
    assert json.loads((tmp_path / FILE).read_text())["format"] == 1


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="holds files but no sweep"):
        read(tmp_path)
    with pytest.raises(UserError, match="is not a folder"):
        read(tmp_path / "notes.txt")


def test_what_a_killed_process_left_is_no_sweep_and_no_hindrance(tmp_path):
    (tmp_path / f".{FILE}.part-123").write_text("{")
    assert read(tmp_path) is None


@pytest.mark.parametrize(
    "text, fault",
    [
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 2}', "has format 2; this jaxgan reads format 1"),
    ],
)
def test_a_file_that_is_damaged_or_newer_is_refused(text, fault, tmp_path):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UserError, match=fault):
        read(tmp_path)


def test_an_unknown_state_is_damage(tmp_path):
    write(tmp_path, manifest(entry(0, state="lost")))
    with pytest.raises(UserError, match="is damaged"):
        read(tmp_path)


def test_new_trials_are_added_and_those_of_before_keep_their_states(tmp_path):
    old = manifest(entry(0, state="finished"), entry(1, state="failed", note="why"))
    new = manifest(entry(1), entry(2), command="later")
    both = joined(old, new, tmp_path)
    assert [(one.name, one.state, one.note) for one in both.trials] == [
        ("r1=0", "finished", ""),
        ("r1=1", "failed", "why"),
        ("r1=2", "pending", ""),
    ]
    assert both.factors == {"r1": [0, 1, 2]}
    assert both.command == "later"


def test_a_later_step_makes_what_was_finished_pending_and_nothing_else(tmp_path):
    old = manifest(entry(0, state="finished"), entry(1, state="diverged"))
    both = joined(old, manifest(entry(0, steps=20), entry(1, steps=20)), tmp_path)
    assert [(one.state, one.steps) for one in both.trials] == [("pending", 20), ("diverged", 20)]


@pytest.mark.parametrize(
    "change, difference",
    [
        ({"factors": {"r1": [0], "width": [8]}}, "factors: r1 -> r1, width"),
        ({"factors": {}}, "factors: r1 -> none"),
        ({"settings": {"ring": {"batch_size": 32, "hidden": [8]}}}, "batch_size: 64 -> 32"),
        ({"scored": "fd/distance"}, "scored: modes/captured -> fd/distance"),
        ({"trials": [entry(0, steps=5)]}, "steps of r1=0: 10 -> 5"),
    ],
)
def test_what_contradicts_is_refused_with_the_difference(change, difference, tmp_path):
    old = manifest(entry(0))
    with pytest.raises(UserError, match=re.escape(difference)) as error:
        joined(old, dataclasses.replace(old, **change), tmp_path)
    assert "\n" not in str(error.value)
    assert "or another --workdir" in str(error.value)
    assert joined(old, old, tmp_path) == old


def test_a_sweep_that_has_pruned_takes_no_new_trials(tmp_path):
    old = manifest(entry(0, state="finished"), entry(1, state="pruned"), halving={"rungs": [5]})
    assert joined(old, old, tmp_path) == old
    for new in (entry(0, seed=1), entry(2)):
        with pytest.raises(UserError, match=f"seed {new.seed} of {new.name} is new"):
            joined(old, manifest(entry(0), entry(1), new, halving={"rungs": [5]}), tmp_path)


def test_failed_trials_are_pending_again_if_asked():
    old = manifest(entry(0, state="failed", note="why"), entry(1, state="diverged"))
    assert [one.state for one in without_failures(old).trials] == ["pending", "diverged"]
    assert without_failures(old).trials[0].note == ""
