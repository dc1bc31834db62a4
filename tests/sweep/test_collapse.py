"""Collapse is told of a run that is known to have collapsed, and of none that is healthy."""

import subprocess
import sys

import pytest

from jaxgan.cli.report import study_of
from jaxgan.sweep.measures import collapsed
from jaxgan.sweep.page import compose
from support.tiny_runs import EXPERIMENTS, as_users_compile

pytestmark = pytest.mark.slow


FLAGS = ("--steps", "1000", "--evaluate-every", "500", "--sample-every", "0", "--devices", "1")


def trained(folder, *flags):
    """A short run on the ring, compiled as users compile."""
    file = next(path for path in EXPERIMENTS if path.stem == "gan_ring")
    command = [sys.executable, file, "--workdir", folder, *FLAGS, *flags]
    subprocess.run(list(map(str, command)), env=as_users_compile(), check=True)


def test_collapse_is_told_of_one_run_and_of_none_of_three_healthy_ones(tmp_path):
    """At a learning rate of 0.05 the generator draws about one point."""
    trained(tmp_path / "fast", "--seed", "0", "--learning-rate", "0.05")
    for seed in range(3):
        trained(tmp_path / f"sound-{seed}", "--r1", "0.1", "--seed", str(seed))
    study = study_of([tmp_path])
    assert study is not None
    assert [trial.state for trial in study.trials] == ["finished"] * 4
    assert [collapsed(trial) for trial in study.trials] == [True, False, False, False]
    made = compose(study)
    rows = {row[0]: dict(zip(made.lead[2].head, row, strict=True)) for row in made.lead[2].rows}
    assert rows["learning_rate=0.05, r1=0"]["collapsed"] == "1 of 1"
    assert rows["learning_rate=0.001, r1=0.1"]["collapsed"] == "0 of 3"
