"""Published statistics of real features as a reference."""

import numpy as np
import pytest

from jaxgan.data.source import from_arrays
from jaxgan.errors import UserError
from jaxgan.evaluation.evaluate import Evaluation
from jaxgan.evaluation.features import extract
from jaxgan.evaluation.reference import Reference
from jaxgan.evaluation.samples import of_source
from jaxgan.evaluation.statistics import read_statistics, statistics_reference
from jaxgan.evaluation.suite import metrics_named
from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.frechet import statistics

pytest_plugins = ["support.run_fixtures"]

RANDOM = np.random.default_rng(0)
REAL, FAKE = (
    RANDOM.integers(low, 256, (50, 4, 4, 1)).astype(np.uint8) for low in (0, 60)
)  # fmt: skip


def apply(variables, images):
    del variables
    return Output(images.reshape(len(images), -1)[:, :5] / 255.0, None)


PIXELS = Extractor("pixels", "FD-pixels", "ab" * 32, 5, "none", apply, {})


def samples(images):
    return of_source(from_arrays("made", "train", {"image": images}), np.arange(len(images)))


@pytest.fixture
def file(tmp_path):
    found = statistics(extract(PIXELS, samples(REAL)).features, "features")
    np.savez(tmp_path / "real.npz", mu=found.mean, sigma=found.covariance)
    return tmp_path / "real.npz"


def test_a_distance_to_statistics_is_that_to_their_samples(file):
    metrics = metrics_named(("fd",))
    reals = Reference(samples(REAL), None, None, pytest.fail)
    (expected,) = Evaluation(metrics, reals, PIXELS).score(samples(FAKE), {})
    stated = statistics_reference(file, (4, 4, 1))
    (found,) = Evaluation(metrics, stated, PIXELS).score(samples(FAKE), {})
    assert found.value == pytest.approx(expected.value, rel=1e-6)
    assert found.value > 0.01
    protocol = found.protocol
    assert (protocol["n_real"], protocol["resize_real"]) == ("not said", "not said")
    assert protocol["reference"]["extractor"] == "not said"
    assert len(protocol["reference"]["data_sha256"]) == 64
    assert found.real_score == {}


def test_other_metrics_need_samples(file):
    stated = statistics_reference(file, (4, 4, 1))
    for name in ("kid", "prdc", "modes"):
        with pytest.raises(UserError, match=f"{name} needs real samples"):
            Evaluation(metrics_named((name,)), stated, PIXELS).check(50, (4, 4, 1), "images")


def test_statistics_of_another_network(tmp_path):
    np.savez(tmp_path / "inception.npz", mu=np.zeros(7), sigma=np.eye(7))
    stated = statistics_reference(tmp_path / "inception.npz", (4, 4, 1))
    with pytest.raises(UserError, match="is of 7 features, pixels has 5"):
        Evaluation(metrics_named(("fd",)), stated, PIXELS).check(50, (4, 4, 1), "images")


@pytest.mark.parametrize(
    "arrays, said",
    [
        ({"mu": np.zeros(3)}, "holds no sigma"),
        ({"mu": np.zeros(3), "sigma": np.eye(4)}, "no mean and covariance"),
        ({"mu": np.full(3, np.nan), "sigma": np.eye(3)}, "NaN or infinity"),
        ({"mu": np.array(["a"]), "sigma": np.eye(1)}, "no .npz with mu and sigma"),
        ({"mu": np.array([1j]), "sigma": np.eye(1)}, "no .npz with mu and sigma"),
        ({"mu": np.zeros(0), "sigma": np.zeros((0, 0))}, "no mean and covariance"),
        ({"mu": np.array([{}]), "sigma": np.eye(1)}, "no .npz with mu and sigma"),
    ],
    ids=["missing", "shapes", "nan", "words", "complex", "empty", "pickled"],
)
def test_files_that_hold_something_else(arrays, said, tmp_path):
    np.savez(tmp_path / "file.npz", **arrays)
    with pytest.raises(UserError, match=said):
        read_statistics(tmp_path / "file.npz")


def test_files_that_are_none(tmp_path):
    (tmp_path / "file.npz").write_bytes(b"PK\x03\x04 cut off")
    for name, said in (("file.npz", "no .npz"), ("none.npz", "There is no file")):
        with pytest.raises(UserError, match=said):
            read_statistics(tmp_path / name)


def test_the_command_scores_against_a_file(tmp_path, command, refused):
    np.savez(tmp_path / "made.npz", image=np.repeat(FAKE, 3, axis=-1))
    np.savez(tmp_path / "stats.npz", mu=np.zeros(1280), sigma=np.eye(1280))
    words = ["evaluate", tmp_path / "made.npz", "--against", f"stats:{tmp_path}/stats.npz"]
    refused(words, "holds statistics alone; add --metrics fd")
    refused([*words, "--metrics", "fd", "--split", "test"], "--split chooses real samples")
    refused([*words, "--metrics", "fd,kid"], "kid needs real samples")
    code, said = command([*words, "--metrics", "fd"])
    assert code == 0, said
    assert "50 samples against stats:stats.npz" in said
