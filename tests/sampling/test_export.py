"""A generator handed on: its weights, and what they are."""

import errno
import subprocess
import sys

import jax
import numpy as np
import pytest
import yaml
from flax.traverse_util import unflatten_dict
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

import jaxgan
from jaxgan.cli.export import scores_in
from jaxgan.cli.main import dispatch
from jaxgan.data.datasets import DataSpec
from jaxgan.evaluation.score import Score, append
from jaxgan.experiment import Task, load_experiment
from support.tiny_runs import config, contents, rewrite, state_of, unchanged

pytest_plugins = ["support.run_fixtures"]


@pytest.fixture(scope="module")
def exported(finished, tmp_path_factory):
    out = tmp_path_factory.mktemp("exported") / "generator"
    assert dispatch(["export", str(finished), "--out", str(out)]) == 0
    return out


def test_the_tensors_are_the_leaves_of_the_sampler(finished, exported):
    sampler = jaxgan.load(finished)
    variables = unflatten_dict(load_file(exported / "generator.safetensors"), sep="/")
    wanted = {"params": sampler.params, **sampler.stats}
    assert jax.tree.structure(variables) == jax.tree.structure(wanted)
    for ours, theirs in zip(jax.tree.leaves(variables), jax.tree.leaves(wanted), strict=True):
        assert ours.dtype == theirs.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs)


def test_they_draw_the_same_samples(finished, exported):
    """As the model card says: the network of experiment.py, applied to the tensors."""
    sampler = jaxgan.load(finished)
    experiment = load_experiment(exported / "experiment.py")
    described = config(exported)
    data = described["data"]
    task = Task.of(DataSpec(data["name"], tuple(data["shape"]), data["classes"]))
    gan = experiment.build(experiment.config(**described["config"]), task)
    variables = unflatten_dict(load_file(exported / "generator.safetensors"), sep="/")
    drawn = gan.generator.apply(variables, sampler.latents(9), train=False)
    # One is compiled as a whole, the other op by op: float32 rounding of values below one.
    np.testing.assert_allclose(drawn, sampler.decode(sampler.latents(9)), atol=1e-6)


def test_the_card_names_data_step_and_weights(exported):
    card = (exported / "README.md").read_text()
    described = config(exported)
    for text in ("images", described["data"]["fingerprint"], "ema of step 12", "50 samples"):
        assert text in card
    for setting in ("| learning_rate | 0.01 |", "| batch_size | 8 |", "| seed | 3 |"):
        assert setting in card
    assert "A tiny game that has everything" in card
    with safe_open(exported / "generator.safetensors", "numpy") as file:
        facts = file.metadata()
    assert facts == {"experiment": "tiny", "step": "12", "weights": "ema", "range": "[-1.0, 1.0]"}


def test_the_card_begins_with_what_a_hub_reads(exported):
    head = (exported / "README.md").read_text().split("---\n")[1]
    assert yaml.safe_load(head) == {"library_name": "jaxgan", "tags": ["gan", "jax", "flax"]}


def test_the_card_has_the_scores_of_its_step_and_weights(tmp_path):
    def score(step, weights, value):
        return Score(
            metric="fd",
            title="FD-X",
            better="lower",
            values={"distance": value},
            real_score={"distance": 3.0},
            protocol={"n_fake": 50, "generator_weights": weights},
            subject={"step": step},
        )

    file = tmp_path / "evaluations.jsonl"
    assert scores_in(file, 12, "ema") == "none measured of this step and these weights."
    append(file, [score(12, "ema", 21.5), score(12, "raw", 30.0), score(6, "ema", 40.0)])
    (line,) = scores_in(file, 12, "ema").strip().splitlines()
    assert "FD-X: distance 21.5 (held-out real samples: distance 3)" in line
    assert '"n_fake": 50' in line


@pytest.mark.slow
def test_the_program_draws_the_same_samples_without_jaxgan(finished, tmp_path):
    out = tmp_path / "generator"
    assert dispatch(["export", str(finished), "--out", str(out), "--stablehlo"]) == 0
    assert "generator.stablehlo" in (out / "README.md").read_text()
    sampler = jaxgan.load(finished)
    latents = sampler.latents(3, seed=1)
    np.savez(tmp_path / "given.npz", latents=latents, wanted=sampler.decode(latents))
    code = f"""
import sys
import jax.export
import numpy as np
given = np.load({str(tmp_path / "given.npz")!r})
program = open({str(out / "generator.stablehlo")!r}, "rb").read()
drawn = jax.export.deserialize(bytearray(program)).call(given["latents"], {{}})
np.testing.assert_allclose(drawn, given["wanted"], atol=1e-5)
assert not any(name.split(".")[0] in ("jaxgan", "flax") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_raw_weights_of_an_earlier_step(finished, exported, tmp_path):
    flags = ["--out", str(tmp_path / "raw"), "--weights", "raw", "--step", "10"]
    assert dispatch(["export", str(finished), *flags]) == 0
    generator = state_of(finished, 10).players["g"]
    variables = unflatten_dict(load_file(tmp_path / "raw" / "generator.safetensors"), sep="/")
    for ours, theirs in zip(
        jax.tree.leaves(variables["params"]), jax.tree.leaves(generator.params), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert "raw of step 10" in (tmp_path / "raw" / "README.md").read_text()
    files = [contents(folder)["generator.safetensors"] for folder in (tmp_path / "raw", exported)]
    assert files[0] != files[1]


def test_what_exists_is_not_replaced(finished, tmp_path, refused):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    with unchanged(tmp_path):
        command = ("export", finished, "--out")
        refused((*command, tmp_path / "full"), "is not empty; choose another --out")
        refused((*command, tmp_path / "file"), "Cannot write", "--out")
        refused((*command, tmp_path / "file" / "below"), "Cannot write", "--out")
        refused((*command, tmp_path / "new", "--step", 7), "no checkpoint of step 7")
        refused(("export", tmp_path / "nothing", "--out", tmp_path / "new"), "No run in")
    assert not (tmp_path / "new").exists()


def test_an_empty_folder_is_filled(finished, tmp_path, exported):
    (tmp_path / "empty").mkdir()
    assert dispatch(["export", str(finished), "--out", str(tmp_path / "empty")]) == 0
    assert contents(tmp_path / "empty").keys() == contents(exported).keys()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), SafetensorError("full")])
@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_nothing(existing, error, finished, tmp_path, refused, monkeypatch):
    def full(tensors, file, **_):
        file.write_bytes(b"half")
        raise error

    monkeypatch.setattr("safetensors.numpy.save_file", full)
    if existing:
        (tmp_path / "new").mkdir()
    refused(("export", finished, "--out", tmp_path / "new"), "Cannot write", "another --out")
    assert [path.name for path in tmp_path.rglob("*")] == ["new"] * existing


def test_the_card_names_the_code_of_the_last_launch(copy, tmp_path):
    rewrite(copy, lambda d: d["launches"][-1]["environment"].update(git_commit="c0ffee"))
    assert dispatch(["export", str(copy), "--out", str(tmp_path / "out")]) == 0
    assert "commit c0ffee" in (tmp_path / "out" / "README.md").read_text()


def test_a_run_without_scores_has_no_best(finished, tmp_path, refused):
    command = ("export", finished, "--out", tmp_path / "new", "--step", "best")
    refused(command, "has no scored checkpoint")
