"""The converters' command lines, as the scripts run them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pth_files
import pytest
from safetensors.numpy import load_file

from jaxgan.errors import UserError
from jaxgan.metrics.extractors import convert_dinov2, convert_inception
from jaxgan.metrics.extractors.dino_vit import state_dict_shapes
from jaxgan.metrics.extractors.dinov2 import VITL14, VITS14, dinov2
from jaxgan.metrics.extractors.fid_inception import PUBLISHED_SHA256
from jaxgan.metrics.extractors.weights import sha256_of, write_converted

SCRIPTS = Path(__file__).parents[2] / "scripts"
CONVERTERS = {"convert_inception": convert_inception, "convert_dinov2": convert_dinov2}


def run(name, monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", [name, *map(str, arguments)])
    CONVERTERS[name].main()


@pytest.fixture
def pth(tmp_path):
    """A weights file of no known network."""
    path = tmp_path / "some.pth"
    path.write_bytes(pth_files.state_dict({"weight": np.ones((2, 3), np.float32)}))
    return path


@pytest.mark.parametrize("name, published", [
    ("convert_inception", PUBLISHED_SHA256),
    ("convert_dinov2", VITL14.sha256),
])  # fmt: skip
def test_another_file_is_refused_in_one_line(monkeypatch, capsys, tmp_path, pth, name, published):
    target = tmp_path / "out.safetensors"
    for source in (pth, tmp_path / "missing.pth"):
        with pytest.raises(SystemExit, match="2"):
            run(name, monkeypatch, source, target)
        out, err = capsys.readouterr()
        assert not out
        assert err.count("\n") == 1
        assert str(source) in err
        assert "Fetch https" in err
        assert (f"has SHA-256 {sha256_of(pth)}, not {published}" in err) == source.exists()
    with pytest.raises(SystemExit, match="2"):
        run(name, monkeypatch, pth, target, "--sha256", sha256_of(pth))
    assert "another network" in capsys.readouterr().err
    assert not target.exists()


def test_what_the_user_vouches_for_is_converted(monkeypatch, capsys, tmp_path):
    rng = np.random.default_rng(0)
    shapes = state_dict_shapes(VITS14.architecture)
    tensors = {name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    source, target = tmp_path / "mine.pth", tmp_path / "mine.safetensors"
    source.write_bytes(pth_files.state_dict(tensors))
    total = sha256_of(source)
    run("convert_dinov2", monkeypatch, source, target, "--sha256", total, "--model", "vits14")
    said = capsys.readouterr().out
    assert said.startswith(f"{target}: 175 tensors, SHA-256 of the tensors ")
    assert said.endswith("from mine.pth (weights not verified).\n")
    found = load_file(target)
    assert all(np.array_equal(found[name], tensor) for name, tensor in tensors.items())
    assert len(found) == len(tensors)
    extractor = dinov2(target, VITS14)
    assert extractor.name == f"dinov2-vits14/weights-not-verified-{total[:8]}"


@pytest.mark.parametrize("name", CONVERTERS)
def test_the_script_starts_its_module(name):
    """What stands in the script is a module, and that module has a command line."""
    line = (SCRIPTS / name).read_text().splitlines()[-1]
    module = line.split(" -m ")[1].split()[0]
    assert module == CONVERTERS[name].__name__
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: scripts/{name} [-h]")
    assert "--sha256" in done.stdout
    assert not done.stderr


def test_a_target_that_cannot_be_written_is_named(tmp_path, pth):
    target = tmp_path / "nowhere" / "out.safetensors"
    with pytest.raises(UserError, match=r"cannot be written.*Give another path"):
        write_converted({"weight": np.ones(3, np.float32)}, target, pth, "0" * 64)
    with pytest.raises(UserError, match=r"ends \.safetensors"):
        write_converted({"weight": np.ones(3, np.float32)}, tmp_path / "out.st", pth, "0" * 64)


def test_tensors_are_written_in_their_own_order(tmp_path, pth):
    """A transposed view must not be written as the memory behind it."""
    tensor = np.arange(6, dtype=np.float32).reshape(2, 3).T
    target = tmp_path / "out.safetensors"
    write_converted({"weight": tensor}, target, pth, "0" * 64)
    np.testing.assert_array_equal(load_file(target)["weight"], tensor)
