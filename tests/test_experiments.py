"""Every experiment file runs, and says what it is."""

import ast
import dataclasses
import logging
import re

import jax
import pytest

from jaxgan import launch
from jaxgan.experiment import Experiment, load_experiment
from tiny_runs import EXPERIMENTS, process, rows, status

JAXGAN = "from jaxgan.cli import main; main()"

pytest_plugins = ["run_fixtures"]


@pytest.fixture(params=EXPERIMENTS, ids=lambda path: path.stem)
def file(request):
    return request.param


HEAVY = (
    *("acgan_cifar10", "biggan_cifar10", "sagan_cifar10", "sngan_projection_cifar10"),
    *("wgan_gp_cifar10", "pacgan_grid", "rpgan_grid", "veegan_grid"),
)
"""Smoked by the slow tests only: the networks are those of ``sngan_cifar10``, or of the ring."""

SMOKES = [
    pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in HEAVY else ())
    for path in EXPERIMENTS
]


@pytest.mark.parametrize("file", SMOKES)
def test_it_trains(file, tmp_path, caplog):
    """Three tiny steps, compiled once."""
    flags = ["--smoke", "--devices", "1", "--workdir", str(tmp_path / "run")]
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        assert launch.run(load_experiment(file), flags, "test") == 0
    assert status(tmp_path / "run")["outcome"] == "finished"
    assert [row["step"] for row in rows(tmp_path / "run")] == [1, 2, 3]
    assert list((tmp_path / "run" / "samples").glob("*3.png"))
    messages = [record.getMessage() for record in caplog.records]
    assert sum(message.startswith("Compiling jit(_fun)") for message in messages) == 1


def test_it_says_what_it_is(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    for heading in ("Paper: ", "Run:  ", "Cost: ", "Differs from the paper"):
        assert heading in text, heading
    assert re.search(r"arXiv:\d{4}\.\d{4,5}", text)
    command = re.search(r"Run: +(.*)", text)[1].split()
    assert command[:2] == ["python", f"experiments/{file.name}"]
    experiment = load_experiment(file)
    flags = [word for word in command[2:] if word != "\\"]
    launch.parse(experiment, flags, "test")  # exits at a flag that there is not


def test_its_budget_is_the_one_that_it_names(file):
    text = ast.get_docstring(ast.parse(file.read_text()))
    named = re.search(r"default ([\d ]+) steps", text)
    assert named is None or int(named[1].replace(" ", "")) == load_experiment(file).steps


def test_its_ablations_and_its_smoke_are_changes_of_its_config(file):
    experiment = load_experiment(file)
    assert isinstance(experiment, Experiment)
    default = experiment.config()
    for name, change in {"smoke": experiment.smoke, **experiment.ablations}.items():
        assert dataclasses.replace(default, **change) != default, name


@pytest.mark.parametrize("program", ["python", "jaxgan train"])
def test_a_program_smokes_without_leaving_anything(program, tmp_path):
    file = next(path for path in EXPERIMENTS if path.stem == "gan_ring")
    started = [file] if program == "python" else ["-c", JAXGAN, "train", file]
    child = process(*started, "--smoke", "--devices", "2", cwd=tmp_path)
    said = child.communicate(timeout=120)[0]
    assert child.returncode == 0, said
    assert "step 3/3" in said
    assert list(tmp_path.iterdir()) == []


def test_there_are_experiments():
    assert len(EXPERIMENTS) >= 4


@pytest.mark.parametrize(
    "names",
    [("gan_mnist", "gan_fashion_mnist"), ("dcgan_fashion_mnist", "dcgan_cifar10", "dcgan_folder")],
)
def test_one_paper_on_several_data_sets_is_one_game(names):
    """Each file stands alone, so that it can be read and copied alone; none may drift."""
    trees = [ast.parse(path.read_text()) for path in EXPERIMENTS if path.stem in names]
    assert len(trees) == len(names)
    functions = [
        {node.name: ast.dump(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
        for tree in trees
    ]
    assert "build" in functions[0]
    assert all(other == functions[0] for other in functions[1:])
