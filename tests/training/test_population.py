"""Runs that are trained at once leave the folders of runs of their own."""

import dataclasses
import functools
import json
import os
import signal

import numpy as np
import pytest

from jaxgan.cli.experiment import default_settings
from jaxgan.errors import UserError
from jaxgan.experiment import load_experiment
from jaxgan.runs.settings import Runtime, with_flags
from jaxgan.training.loop import Outcome
from jaxgan.training.members import PopulationEngine
from jaxgan.training.population import Standing, _cohorts, group_key, train_population
from jaxgan.training.train import train
from support.tiny_runs import (
    TINY,
    config,
    contents,
    digest,
    rows,
    state_of,
    status,
    unchanged,
)

pytest_plugins = ["support.run_fixtures"]

EXPERIMENT = load_experiment(TINY)
SEEDS, RATES = (3, 4, 3), (1e-2, 1e-2, 3e-2)
COMPILED = {}
"""The compiled step of earlier populations, by their size."""


def engine(*parts, kind=PopulationEngine):
    """A population's engine with the compiled step of an earlier one of the same size."""
    found = kind(*parts)
    size = len(found.hyperparameters["ema"])
    found.compiled = COMPILED.setdefault((size, parts[4]), found.compiled)
    return found


@pytest.fixture(scope="module")
def asked(images):
    """Settings of three runs: ``asked(folder, **flags)``."""
    training, _ = default_settings(EXPERIMENT)
    training = dataclasses.replace(training, data=f"npz:{images}", flip=True)

    def make(folder, **flags):
        usual = dict(steps=12, log_every=4, checkpoint_every=5, sample_every=0, devices=1)
        usual |= dict(repeat="loop", steps_per_dispatch=3)
        runtimes = [
            with_flags(Runtime(), workdir=folder / str(number), **usual | flags)
            for number in range(3)
        ]
        return (
            EXPERIMENT,
            [EXPERIMENT.default(learning_rate=rate) for rate in RATES],
            [dataclasses.replace(training, seed=seed) for seed in SEEDS],
            runtimes,
        )

    return make


def together(asked, **more):
    return train_population(*asked, make_engine=engine, pictures=False, **more)


def alone(asked, number):
    from support.run_fixtures import shared_engine  # a plugin, which pytest imports first

    experiment, *parts = asked
    mine = [part[number] for part in parts]

    def make(*arguments):
        return shared_engine(mine[0], mine[1], *arguments)

    return train(experiment, *mine, make_engine=make, pictures=False)


@pytest.fixture(scope="module")
def straight(asked, tmp_path_factory):
    """Three runs of 12 steps in one go; not to be changed."""
    folder = tmp_path_factory.mktemp("population")
    outcomes = together(asked(folder))
    assert [(one.kind, one.step) for one in outcomes] == [("finished", 12)] * 3
    return folder


def test_each_folder_is_that_of_a_run_of_its_own(straight, asked, tmp_path):
    alone(asked(tmp_path), 2)
    solo, found = tmp_path / "2", straight / "2"
    events = "tensorboard/"
    names = [
        {name for name in contents(one) if not name.startswith((events, "checkpoints/"))}
        for one in (solo, found)
    ]
    assert names[0] == names[1]
    assert {one.name for one in (found / "checkpoints").iterdir()} == {
        one.name for one in (solo / "checkpoints").iterdir()
    }
    for part in ("experiment", "config", "training", "data", "origin"):
        assert config(found)[part] == config(solo)[part]
    launches = [config(one)["launches"][0]["environment"] for one in (solo, found)]
    assert [one.pop("members") for one in launches] == [1, 3]
    assert launches[0] == launches[1]
    assert status(found) == status(solo) == {"outcome": "finished", "step": 12, "note": ""}
    assert rows(found)[0] == pytest.approx(rows(solo)[0], rel=1e-3)
    assert [row["step"] for row in rows(found)] == [row["step"] for row in rows(solo)]
    near(found, solo)


def near(found, expected):
    """Whether two runs ended near each other: rounding grows, by Adam most of all."""
    mine, theirs = state_of(found), state_of(expected)
    assert mine.step == theirs.step
    for who in ("g", "d"):
        kernel = mine.players[who].params["Dense_1"]["kernel"]
        expected = theirs.players[who].params["Dense_1"]["kernel"]
        np.testing.assert_allclose(kernel, expected, rtol=1e-2, atol=1e-3)


def test_an_interrupted_population_goes_on_as_if_it_had_not_been(straight, asked, tmp_path):
    class Interrupting(PopulationEngine):
        def __call__(self, state, step, count):
            if step == 7:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().__call__(state, step, count)

    interrupting = functools.partial(engine, kind=Interrupting)
    first = train_population(*asked(tmp_path), make_engine=interrupting, pictures=False)
    stopped = [Outcome("interrupted", 8, "stopped by SIGTERM at step 8", "SIGTERM")] * 3
    assert first == stopped
    assert status(tmp_path / "1")["outcome"] == "interrupted"
    assert {one.kind for one in together(asked(tmp_path))} == {"finished"}
    for number in range(3):
        name = str(number)
        assert digest(tmp_path / name) == digest(straight / name)
        assert rows(tmp_path / name) == rows(straight / name)


def test_a_member_that_diverges_ends_no_other(straight, asked, tmp_path):
    def faulty(**flags):
        experiment, configs, *rest = asked(tmp_path, **flags)
        explosive = dataclasses.replace(configs[1], learning_rate=1e30)
        return experiment, [configs[0], explosive, configs[2]], *rest

    outcomes = together(faulty(steps=10))
    assert [one.kind for one in outcomes] == ["finished", "diverged", "finished"]
    assert outcomes[1].step == status(tmp_path / "1")["step"] == 4
    assert outcomes[1].note == status(tmp_path / "1")["note"]
    assert outcomes[1].note.endswith("at step 4; last sound checkpoint: none")
    assert None in rows(tmp_path / "1")[-1].values()
    with unchanged(tmp_path / "1"):
        again = together(faulty())
    assert again[1] == outcomes[1]
    for name in ("0", "2"):
        assert digest(tmp_path / name) == digest(straight / name), "as if nobody had diverged"
        assert rows(tmp_path / name) == rows(straight / name)
    # Killed after its last checkpoint, before it said that it had finished.
    (tmp_path / "0" / "status.json").write_text('{"outcome": "running", "step": 10, "note": ""}')
    with unchanged(tmp_path / "1"):
        assert [one.kind for one in together(faulty())] == ["finished", "diverged", "finished"]
    assert status(tmp_path / "0") == {"outcome": "finished", "step": 12, "note": ""}


@pytest.mark.slow
def test_it_starts_where_all_are_sound(straight, asked, tmp_path):
    together(asked(tmp_path, steps=10))
    for part in (tmp_path / "1" / "checkpoints" / "10").rglob("*"):
        if part.is_file() and part.stat().st_size:
            part.write_bytes(b"damaged")
    together(asked(tmp_path))
    for number in range(3):
        assert digest(tmp_path / str(number)) == digest(straight / str(number))
        assert rows(tmp_path / str(number)) == rows(straight / str(number))


@pytest.mark.slow
def test_runs_go_on_alone_and_runs_of_their_own_together(straight, asked, tmp_path):
    together(asked(tmp_path / "a", steps=10))
    outcome = alone(asked(tmp_path / "a"), 0)
    for number in range(3):
        alone(asked(tmp_path / "b", steps=10), number)
    outcomes = together(asked(tmp_path / "b"))
    assert {one.kind for one in (outcome, *outcomes)} == {"finished"}
    for found in (tmp_path / "a" / "0", tmp_path / "b" / "0"):
        assert [row["step"] for row in rows(found)] == [4, 5, 8, 10, 12]
        near(found, straight / "0")


@pytest.mark.slow
@pytest.mark.parametrize("devices, layout", [(3, "members"), (4, "rows"), (6, "auto")])
def test_devices_do_not_change_the_runs(devices, layout, straight, asked, tmp_path):
    outcomes = together(asked(tmp_path, devices=devices), layout=layout)
    assert {one.kind for one in outcomes} == {"finished"}
    for number in range(3):
        near(tmp_path / str(number), straight / str(number))


@pytest.mark.slow
def test_each_member_is_scored_and_ranked_and_draws(asked, tmp_path):
    flags = dict(evaluate_every=6, evaluate_metrics="ms-ssim", evaluate_num=30, sample_every=6)
    settings = asked(tmp_path / "together", **flags, best="ms-ssim")
    train_population(*settings, make_engine=engine)
    alone(asked(tmp_path / "alone", **flags, best="ms-ssim"), 1)
    mine, theirs = (
        [
            json.loads(line)
            for line in (tmp_path / one / "1/evaluations.jsonl").read_text().splitlines()
        ]
        for one in ("together", "alone")
    )
    for score in mine + theirs:
        del score["environment"]
    assert [one["subject"]["step"] for one in mine] == [6, 12]
    for one, other in zip(mine, theirs, strict=True):
        assert one.pop("values") == pytest.approx(other.pop("values"), rel=0.05)
    pictures = {path.name for path in (tmp_path / "together/2/samples").iterdir()}
    assert pictures == {"0000006.png", "0000012.png"}
    assert (tmp_path / "together/2/curves.png").exists()


@pytest.mark.parametrize(
    "steps, expected",
    [
        ([[], [], []], [[0, 1, 2]]),
        ([[5, 10], [10, 15], [10]], [[0, 1, 2]]),
        ([[5, 10], [], [15]], [[1], [0], [2]]),
        ([[20], [5], [10, 20]], [[1], [0, 2]]),
    ],
)
def test_what_has_a_step_in_common_is_trained_at_once(steps, expected):
    found = [Standing(one, None) for one in steps]
    assert _cohorts(found, 20) == expected


def test_runs_that_diverged_keep_their_place():
    over = Outcome("diverged", 3, "")
    found = [Standing([], over), Standing([5], None), Standing([20], None)]
    assert _cohorts(found, 20) == [[0, 1], [2]]
    assert _cohorts([Standing([], over)] * 2, 20) == [[0, 1]]


def test_what_may_differ_is_seed_floats_and_folder(asked, tmp_path):
    experiment, configs, trainings, runtimes = asked(tmp_path)
    keys = {group_key(experiment, *one) for one in zip(configs, trainings, runtimes, strict=True)}
    assert len(keys) == 1
    others = [
        (dataclasses.replace(configs[0], width=9), trainings[0], runtimes[0]),
        (configs[0], dataclasses.replace(trainings[0], batch_size=4), runtimes[0]),
        (configs[0], trainings[0], with_flags(runtimes[0], log_every=3)),
    ]
    assert not keys & {group_key(experiment, *one) for one in others}
    wider = [*configs[:2], dataclasses.replace(configs[2], width=9)]
    with pytest.raises(ValueError, match="seed and floats only"):
        train_population(experiment, wider, trainings, runtimes)


@pytest.mark.parametrize(
    "flags, layout, said",
    [
        ({"debug_nans": True}, "auto", "--debug-nans looks at one run"),
        ({"profile": True}, "auto", "--profile looks at one run"),
        ({"data_mode": "streamed"}, "auto", "train one after another, or give --data-mode"),
        ({"devices": 2}, "members", "3 runs cannot be divided over 2 devices"),
        ({"devices": 5}, "rows", "--batch-size 8 is not divisible by 5 devices"),
    ],
)
def test_what_cannot_be_trained_at_once_is_refused(flags, layout, said, asked, tmp_path):
    with pytest.raises(UserError, match=said):
        together(asked(tmp_path, **flags), layout=layout)
    assert not (tmp_path / "0").exists()
