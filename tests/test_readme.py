"""The examples of README's 'Extend' run as they stand there."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import test_experiments
from jaxgan.cli.experiment import run
from jaxgan.experiment import load_experiment
from jaxgan.report.results_table import render
from jaxgan.runs.metrics_log import read_metrics

README = Path(__file__).parent.parent / "README.md"
MODULE = "jaxgan.losses.quadratic"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Path -> text of every block of the section that says which file it is."""
    section = README.read_text().partition("\n## Extend\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", section, re.DOTALL)
    return dict(blocks)


@pytest.fixture(scope="module")
def loss(files, tmp_path_factory):
    """The loss, where its import finds it."""
    path = tmp_path_factory.mktemp("loss") / "quadratic.py"
    path.write_text(files["src/jaxgan/losses/quadratic.py"])
    spec = importlib.util.spec_from_file_location(MODULE, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[MODULE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[MODULE]


def test_the_loss_passes_its_test_and_a_wrong_one_does_not(files, loss):
    written: dict = {}
    exec(files["tests/test_losses_quadratic.py"], written)
    tests = [function for name, function in written.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()
    written["quadratic_discriminator"] = lambda weight: loss.quadratic_discriminator(2 * weight)
    with pytest.raises(AssertionError):
        tests[0]()


def test_the_paper_passes_the_checks_of_every_experiment_file(files, loss, tmp_path):
    path = tmp_path / "gan_qp_ring.py"
    path.write_text(files["experiments/gan_qp_ring.py"])
    experiment = load_experiment(path)
    test_experiments.test_it_says_what_it_is(path)
    test_experiments.test_its_budget_is_the_one_that_it_names(path)
    test_experiments.test_its_ablations_and_its_smoke_are_changes_of_its_config(path)
    test_experiments.test_the_command_line_takes_its_ablations_and_builds_them(path)
    assert "[gan_qp_ring](gan_qp_ring.py): GAN-QP on a ring" in render([(experiment, [])])


def test_the_paper_trains(files, loss, tmp_path):
    path = tmp_path / "gan_qp_ring.py"
    path.write_text(files["experiments/gan_qp_ring.py"])
    flags = ["--steps", "3", "--batch-size", "8", "--width", "8", "--devices", "1"]
    flags += ["--workdir", str(tmp_path / "run"), "--log-every", "1", "--evaluate-every", "0"]
    assert run(load_experiment(path), flags, str(path)) == 0
    rows = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert all(np.isfinite(row["d/adversarial"]) for row in rows)
    assert rows[-1]["d_steps"] == 6
    assert rows[-1]["g_steps"] == 3
