"""Runs as a study: every folder is read, whatever happened to it, and counted."""

import json
import re

import pytest

from jaxgan.errors import UserError
from jaxgan.sweep.baseline import levels_named
from jaxgan.sweep.results import is_sweep, read_runs, read_sweep
from jaxgan.sweep.summary import runs_below
from support import fake_runs


def states(study):
    return [trial.state for trial in study.trials]


def test_a_sweep_is_read_by_its_manifest(tmp_path):
    path = fake_runs.sweep(
        tmp_path / "sweep",
        [({"r1": r1}, seed, {"score": 5}) for r1 in (0, 0.5) for seed in (0, 1)],
        baseline={"r1": 0.0},
        scored="modes/captured",
    )
    study = read_sweep(path)
    assert is_sweep(path)
    assert not is_sweep(tmp_path)
    assert states(study) == ["finished"] * 4
    assert [variant.name for variant in study.variants] == ["r1=0", "r1=0.5"]
    assert [trial.seed for trial in study.variants[1].trials] == [0, 1]
    assert study.factors == {"r1": [0, 0.5]}
    assert [study.is_baseline(variant) for variant in study.variants] == [True, False]
    assert study.baseline_of(study.variants[1]) is study.variants[0]
    assert len(study.trials[0].scores) == 4
    assert study.trials[0].rows[-1]["step"] == fake_runs.STEPS


def test_each_state_is_told_by_the_folder_or_by_the_manifest(tmp_path):
    def trial(seed, **how):
        return ({"r1": 0}, seed, how)

    path = fake_runs.sweep(
        tmp_path / "sweep",
        [
            trial(0),
            trial(1, outcome="diverged", step=300, note="not finite: g/loss"),
            trial(2, outcome="running", step=100),
            trial(3, outcome="running", step=100, state="failed"),  # killed: it could not say so
            trial(4, outcome="interrupted", step=500, state="pruned"),
            trial(5, outcome="diverged", step=500, state="pruned"),
            trial(6, outcome="finished", state="failed"),  # trained again since
            trial(7, outcome="interrupted", step=400),
            ({"r1": 0}, 8, None),
            # Out of memory or crashed when they went on: the folder is as it was before.
            trial(9, outcome="interrupted", step=400, state="failed"),
            trial(10, outcome="finished", step=500, state="failed"),
            trial(11, outcome="finished", step=500, state="pruned"),
        ],
    )
    wanted = ["finished", "diverged", "killed", "failed", "pruned", "diverged", "finished"]
    study = read_sweep(path)
    assert states(study) == [*wanted, "interrupted", "pending", "failed", "failed", "pruned"]
    assert study.trials[1].note == "not finite: g/loss"
    lost = [trial.lost for trial in study.trials]
    assert lost == [False, True, False, True, True, True, False, False, False] + [True] * 3
    assert [one.seed for one in study.trials if not one.ended] == [2, 7, 8]


def test_a_run_that_is_to_be_trained_on_has_no_result_yet(tmp_path):
    trials = [({}, 0, {"steps": 2000, "state": "pending"}), ({}, 1, {"steps": 500})]
    study = read_sweep(fake_runs.sweep(tmp_path, trials))
    assert states(study) == ["interrupted", "finished"]
    assert study.trials[0].note == "it is at step 1000 of 2000"


def test_damage_is_said_and_takes_nothing_else_down(tmp_path):
    path = fake_runs.sweep(tmp_path, [({}, seed, {}) for seed in range(6)])
    folders = [trial.folder for trial in read_sweep(path).trials]
    (folders[0] / "config.json").write_text("{")
    (folders[1] / "status.json").write_text("{")
    (folders[2] / "status.json").unlink()
    (folders[3] / "evaluations.jsonl").write_text('{"format": 99}\n')
    (folders[4] / "config.json").unlink()
    with (folders[5] / "metrics.jsonl").open("a") as file:
        file.write('{"step": 11')
    study = read_sweep(path)
    wanted = ["damaged", "damaged", "killed", "damaged", "missing", "finished"]
    assert states(study) == wanted
    assert "config.json is damaged" in study.trials[0].note
    assert "newer jaxgan" in study.trials[3].note
    assert study.trials[5].rows[-1]["step"] == fake_runs.STEPS


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 1}', '{"format": 1, "trials": [{"name": "a"}]}']
)
def test_a_damaged_manifest_is_refused(text, tmp_path):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(UserError, match=r"sweep\.json is damaged"):
        read_sweep(tmp_path)


def test_a_manifest_of_another_format_is_refused(tmp_path):
    fake_runs.sweep(tmp_path, [({}, 0, None)], format=2)
    with pytest.raises(UserError, match="format 2"):
        read_sweep(tmp_path)


def test_a_baseline_that_no_variant_has_is_refused(tmp_path):
    trials = [({"r1": 0, "width": width}, 0, None) for width in (8, 16)]
    study = read_sweep(fake_runs.sweep(tmp_path, trials, baseline={"r1": 7}))
    with pytest.raises(UserError, match="No variant has the baseline's r1=7"):
        study.check_baseline()


def test_a_baseline_of_some_factors_is_that_of_the_same_other_levels(tmp_path):
    trials = [({"r1": r1, "width": width}, 0, None) for r1 in (0, 1) for width in (8, 16)]
    trials += [({"r1": 1, "width": 32}, 0, None)]
    study = read_sweep(fake_runs.sweep(tmp_path, trials, baseline={"r1": 0}))
    study.check_baseline()
    found = [study.baseline_of(variant) for variant in study.variants]
    assert [one and one.name for one in found] == [
        "r1=0, width=8",
        "r1=0, width=16",
        "r1=0, width=8",
        "r1=0, width=16",
        None,
    ]


def test_an_ablation_is_named_by_itself(tmp_path):
    trials = [({"ablation": name}, 0, None) for name in ("", "no r1")]
    study = read_sweep(fake_runs.sweep(tmp_path, trials, baseline={"ablation": ""}))
    assert [variant.name for variant in study.variants] == ["no ablation", "no r1"]
    assert [study.is_baseline(variant) for variant in study.variants] == [True, False]
    assert study.baseline_of(study.variants[1]) is study.variants[0]


def test_of_any_runs_the_factors_are_what_differs(tmp_path):
    folders = [
        fake_runs.run(tmp_path / f"{rate}-{seed}", seed=seed, rate=rate, r1=1.0, widths=[8, 8])
        for rate in (0.1, 0.2)
        for seed in (3, 4)
    ]
    study = read_runs(folders)
    assert study.factors == {"rate": [0.1, 0.2]}
    assert [variant.name for variant in study.variants] == ["rate=0.1", "rate=0.2"]
    assert [trial.seed for trial in study.variants[0].trials] == [3, 4]
    assert study.baseline_of(study.variants[1]) is None
    assert [run.path for run in runs_below(tmp_path)] == sorted(folders)


def test_what_an_experiment_has_alone_is_told_by_its_name(tmp_path):
    first = fake_runs.run(tmp_path / "a", experiment="gan", rate=0.1, r1=1.0)
    second = fake_runs.run(tmp_path / "b", experiment="began", rate=0.2, gamma=0.5)
    study = read_runs([first, second])
    assert [variant.name for variant in study.variants] == ["experiment=gan", "experiment=began"]
    third = fake_runs.run(tmp_path / "c", experiment="began", rate=0.2, gamma=0.7)
    names = [variant.name for variant in read_runs([first, second, third]).variants]
    assert names[1:] == ["experiment=began, gamma=0.5", "experiment=began, gamma=0.7"]


def test_runs_that_differ_in_nothing_are_seeds_of_one_variant(tmp_path):
    folders = [fake_runs.run(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    study = read_runs(folders)
    assert [variant.name for variant in study.variants] == ["all runs"]
    assert study.factors == {}


def test_one_run_is_not_counted_twice(tmp_path):
    folders = [fake_runs.run(tmp_path / name, seed=5) for name in ("a", "b")]
    with pytest.raises(UserError, match="same settings and seed"):
        read_runs(folders)


def test_a_run_of_which_nothing_can_be_read_is_still_there(tmp_path):
    sound, *broken = (fake_runs.run(tmp_path / name) for name in "abcde")
    described = json.loads((sound / "config.json").read_text())
    damages = [{"format": 99}, described | {"launches": [{}]}, described | {"launches": {}}]
    nameless = {name: value for name, value in described.items() if name != "experiment"}
    for folder, damage in zip(broken, [*damages, nameless], strict=True):
        (folder / "config.json").write_text(json.dumps(damage))
    study = read_runs([sound, *broken])
    assert states(study) == ["finished"] + ["damaged"] * 4
    assert study.variants[1].name == f"run={broken[0]}"


def test_a_variant_of_a_study_is_called_by_its_name(tmp_path):
    trials = [({"variant": name, "r1": r1}, 0, {"score": 5}) for name in "ab" for r1 in (0, 1)]
    study = read_sweep(fake_runs.sweep(tmp_path / "s", trials))
    assert levels_named("b, r1=1", study.factors) == levels_named("variant=b,r1=1", study.factors)
    assert levels_named("b", study.factors) == {"variant": "b"}
    assert [one.name for one in study.variants] == ["a, r1=0", "a, r1=1", "b, r1=0", "b, r1=1"]


def test_levels_of_a_baseline_are_named_in_any_spelling():
    factors = {
        "hidden": [[128], [128, 128]],
        "r1": [0, 0.5],
        "ablation": ["", "no norm, no r1"],
        "flip": [True, False],
    }
    for words in ("hidden=[128, 128],r1=0.0", "r1=0, hidden=128 128", "hidden=[128, 128], r1=0e3"):
        assert levels_named(words, factors) == {"hidden": [128, 128], "r1": 0}
    assert levels_named("no norm, no r1,r1=.5", factors) == {
        "ablation": "no norm, no r1",
        "r1": 0.5,
    }
    assert levels_named("no ablation, flip=False", factors) == {"ablation": "", "flip": False}
    for words, fault in (
        ("r1", "r1 is no FACTOR=LEVEL"),
        ("r2=0", "No factor r2"),
        ("r1=0,hidden=[128, 64]", "No level of hidden"),
        ("flip=0", "No level of flip 0; use True, False"),
    ):
        with pytest.raises(UserError, match=re.escape(fault)):
            levels_named(words, factors)
