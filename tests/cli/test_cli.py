"""The commands, and the help that they give."""

import dataclasses
import importlib.metadata
import subprocess
import sys

import pytest

from jaxgan.cli.bench import Bench
from jaxgan.cli.data import List, Prepare
from jaxgan.cli.experiment import parse
from jaxgan.cli.export import Export
from jaxgan.cli.main import COMMANDS
from jaxgan.cli.report import Report
from jaxgan.cli.sample import Sample
from jaxgan.cli.status import Status
from jaxgan.cli.sweep import Asked
from jaxgan.experiment import load_experiment
from jaxgan.runs.settings import Runtime, Training
from support.tiny_runs import EXPERIMENTS, TINY

pytest_plugins = ["support.run_fixtures"]
NAMES = {"source_dir": "--from"}
GROUPS = [type(value) for value in vars(Runtime()).values() if dataclasses.is_dataclass(value)]
"""Groups of flags within ``Runtime``."""
NO_FLAGS = ("preset", *(n for n, v in vars(Runtime()).items() if dataclasses.is_dataclass(v)))
FILES = {path.stem: path for path in [*EXPERIMENTS, TINY]}


def documentation(config):
    """What stands below each field of a dataclass."""
    import tyro

    return {
        field.name: tyro._docstrings.get_field_docstring(config, field.name, ())
        for field in dataclasses.fields(config)
    }


def test_help_lists_the_commands(command):
    for words in (["--help"], ["-h"]):
        code, said = command(words)
        assert code == 0
        for name in (
            "train FILE",
            "sweep FILE",
            "status DIR",
            "sample RUN",
            "export RUN",
            "data prepare",
        ):
            assert name in said


def test_without_a_command_help_is_shown_as_a_fault(command):
    for words in ([], ["train"], ["sweep"], ["data"]):
        code, said = command(words)
        assert code == 2
        assert "usage: jaxgan" in said


def test_a_start_waits_for_no_command_that_does_not_run():
    heavy = "{'jax', 'flax', 'orbax', 'grain', 'numpy', 'tyro', 'rich'}"
    code = f"""
import sys
from jaxgan.cli.main import dispatch

dispatch(["--help"])
print(sorted({heavy} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *usage, imported = found.stdout.splitlines()
    assert usage
    assert imported == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_found(name, command):
    assert f"jaxgan {name}" in command([name, "--help"])[1]


def test_the_version_is_that_of_the_package(command):
    assert command(["--version"]) == (0, importlib.metadata.version("jaxgan"))


@pytest.mark.parametrize(
    "words, options",
    [
        (["sample"], Sample),
        (["export"], Export),
        (["bench"], Bench),
        (["data", "prepare"], Prepare),
        (["data", "list"], List),
        (["report"], Report),
        (["sweep"], Asked),
        (["status"], Status),
    ],
)
def test_each_command_explains_its_flags(words, options, command):
    code, said = command([*words, "--help"])
    assert code == 0
    for name, text in documentation(options).items():
        if name not in ("run", "runs", "name", "folder"):  # which are positional
            assert NAMES.get(name, "--" + name.replace("_", "-")) in said
        assert " ".join(text.split())[:25] in said


def test_help_of_an_experiment_lists_every_flag_with_its_text(command):
    code, said = command(["train", TINY, "--help"])
    assert code == 0
    assert "A tiny game that has everything a checkpoint must carry." in said
    for group in (load_experiment(TINY).config, Training, Runtime, *GROUPS):
        for name, text in documentation(group).items():
            if name in NO_FLAGS:
                continue
            words = name.replace("_", "-")
            assert f"--{words}" in said or f"--no-{words}" in said
            assert " ".join(text.split())[:25] in said
    assert "(default: 0.01)" in said


def test_help_of_an_experiment_keeps_the_lines_of_its_docstring_apart(capsys):
    with pytest.raises(SystemExit):
        parse(load_experiment(FILES["pacgan_stacked_mnist"]), ["--help"], "test")
    said = capsys.readouterr().out.splitlines()
    for heading in ("Paper: ", "Run:  ", "Score:  ", "Cost: "):
        assert any(line.startswith(heading) for line in said), heading


@pytest.mark.parametrize("name", FILES)
def test_every_hyperparameter_has_a_text(name):
    for field, text in documentation(load_experiment(FILES[name]).config).items():
        assert text, f"{name}: {field} has no docstring"
        assert text.strip().endswith("."), f"{name}: {field}: {text}"


@pytest.mark.parametrize(
    "settings",
    [Training, *GROUPS, Bench, Sample, Export, Prepare, List, Report, Asked, Status],
)
def test_every_setting_has_a_text(settings):
    for name, text in documentation(settings).items():
        assert text, name


def test_a_field_without_a_text_is_found():
    """The control of the tests above."""

    @dataclasses.dataclass
    class Config:
        told: int = 1
        """Something."""
        untold: int = 2

    assert documentation(Config) == {"told": "Something.", "untold": None}


def test_flags_set_config_training_and_runtime():
    experiment = load_experiment(TINY)
    flags = ["--width", "5", "--learning-rate", "1e-3", "--seed", "7", "--steps", "9", "--flip"]
    found, config, training, runtime = parse(experiment, flags, "tiny")
    assert found is experiment
    assert config == experiment.config(width=5, learning_rate=1e-3)
    assert (training.seed, training.flip, training.data) == (7, True, "ring")
    assert (runtime.steps, runtime.compute.backend) == (9, "pmap")
    assert parse(experiment, [], "tiny")[3].steps == 12


@pytest.mark.parametrize(
    "name, fault", [("", "holds no prepared data set"), ("nowhere", "is not a folder")]
)
def test_a_list_of_nothing_says_so(name, fault, tmp_path, command):
    code, said = command(["data", "list", "--data-dir", tmp_path / name])
    assert code == 0
    assert fault in said
    assert "18,366 Chinese characters" in said  # which can be prepared
    assert "license: Arphic Public License; source: Arphic Technology, Debian's fonts" in said
