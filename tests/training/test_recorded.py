"""``jaxgan train --like RUN`` starts again with what a run's folder records."""

import functools
import json

import pytest

from jaxgan.cli.experiment import train_like
from jaxgan.runs.folder import RunFolder
from jaxgan.training.recorded import recorded_experiment, recorded_settings
from jaxgan.training.train import train
from support.tiny_runs import TINY, config, digest

pytest_plugins = ["support.run_fixtures"]


def by(experiment, config, training, runtime):
    from support.run_fixtures import shared_engine  # a plugin, which pytest imports

    engine = functools.partial(shared_engine, config, training)
    return train(experiment, config, training, runtime, make_engine=engine, pictures=False)


def like(run, folder, *flags):
    return train_like([str(run), "--workdir", str(folder), *flags], by)


def test_the_same_run_again_has_the_same_bits(finished, tmp_path):
    assert like(finished, tmp_path / "again") == 0
    assert digest(tmp_path / "again") == digest(finished)
    first, second = config(finished), config(tmp_path / "again")
    for part in ("experiment", "config", "training", "data"):
        assert first[part] == second[part]
    again = (tmp_path / "again" / "experiment.py").read_bytes()
    assert again == (finished / "experiment.py").read_bytes()


def test_flags_change_what_was_recorded(finished, tmp_path):
    flags = ("--learning-rate", "0.02", "--seed", "4", "--keep", "3")
    assert like(finished, tmp_path / "other", *flags) == 0
    first, second = config(finished), config(tmp_path / "other")
    assert second["config"] == {**first["config"], "learning_rate": 0.02}
    assert second["training"] == {**first["training"], "seed": 4}
    before, after = (one["launches"][-1]["runtime"]["checkpointing"] for one in (first, second))
    assert after == {**before, "keep": 3} != before


def test_every_setting_of_a_run_is_read_back(finished, images, tmp_path):
    training, runtime = recorded_settings(RunFolder(finished))
    assert (training.data, training.seed, training.flip) == (f"npz:{images}", 3, True)
    assert (runtime.workdir, runtime.steps, runtime.compute.devices) == (None, 12, 2)
    assert (runtime.logging.sample_every, runtime.compute.repeat) == (6, "loop")
    experiment = recorded_experiment(RunFolder(finished), tmp_path)
    assert (experiment.name, experiment.file.read_text()) == ("tiny", TINY.read_text())


def test_a_file_and_a_config_that_do_not_fit_are_refused(copy, refused, tmp_path):
    file = copy / "config.json"
    found = json.loads(file.read_text())
    found["config"]["depth"] = 3
    file.write_text(json.dumps(found))
    refused(("train", "--like", copy, "--workdir", tmp_path / "x"), "does not fit", "depth")
    (copy / "experiment.py").unlink()
    refused(("train", "--like", copy, "--workdir", tmp_path / "x"), "is not there")


@pytest.mark.parametrize(
    "words, expected",
    [
        (["--like"], "name the run whose settings to take"),
        (["--like", "--steps", "3"], "name the run"),
        (["--like", "nowhere"], "name its folder with --workdir"),
        (["--like=nowhere", "--workdir", "x"], "No run in nowhere"),
    ],
)
def test_what_is_missing_is_said(words, expected, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(["train", *words], expected)
