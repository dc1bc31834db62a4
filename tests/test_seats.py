"""New modalities need no line of jaxgan: image pairs and tokens, defined in two files outside.

Each trains, resumes, samples, is scored and reported by the commands that everybody uses.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jaxgan.cli.main import dispatch
from jaxgan.errors import UserError
from jaxgan.evaluation.score import read_scores
from support.outputs import drawn
from support.seats import negatives
from support.tiny_runs import config, digest, rows, status

SEATS = Path(__file__).parent / "support" / "seats"
FILES = {"negatives": SEATS / "negatives.py", "words": SEATS / "words.py"}


def run(*words):
    assert dispatch([str(word) for word in words]) == 0


def train(file, folder, *flags):
    usual = ("--devices", 2, "--log-every", 1, "--sample-every", 2, "--evaluate-every", 3)
    run("train", file, "--workdir", folder, *usual, *flags)


@pytest.fixture(scope="module", params=FILES)
def trained(request, tmp_path_factory):
    """A run of three steps, scored at the last."""
    folder = tmp_path_factory.mktemp(request.param) / "run"
    train(FILES[request.param], folder)
    return FILES[request.param], folder


def test_it_trains_and_is_scored_by_its_own_metric(trained):
    file, folder = trained
    assert status(folder)["outcome"] == "finished"
    assert [row["step"] for row in rows(folder)] == [1, 2, 3]
    assert all(np.isfinite(row["g/loss"]) for row in rows(folder))
    described = config(folder)["data"]
    assert described["modality"] == {"negatives": "opposites", "words": "tokens"}[file.stem]
    assert sorted(path.name for path in (folder / "samples").iterdir()) == [
        "0000002.png",
        "0000003.png",
    ]
    (score,) = read_scores(folder / "evaluations.jsonl")
    assert score.metric == {"negatives": "error", "words": "steps"}[file.stem]
    assert np.isfinite(score.value)


def test_it_resumes_to_the_same_bits(trained, tmp_path):
    file, folder = trained
    neither_drawn_nor_scored = ("--sample-every", 0, "--evaluate-every", 0)
    train(file, tmp_path / "run", "--steps", 2, *neither_drawn_nor_scored)
    train(file, tmp_path / "run", *neither_drawn_nor_scored)
    assert digest(tmp_path / "run") == digest(folder)


def test_it_is_sampled_as_arrays_as_a_picture_and_one_by_one(trained, tmp_path):
    file, folder = trained
    for out in ("samples.npz", "samples.png", "samples"):
        run("sample", folder, "--num", 5, "--out", tmp_path / out)
    key = {"negatives": "target", "words": "tokens"}[file.stem]
    with np.load(tmp_path / "samples.npz") as arrays:
        samples = arrays[key]
    assert samples.shape[0] == 5
    assert np.asarray(Image.open(tmp_path / "samples.png")).dtype == np.uint8
    one_by_one = sorted((tmp_path / "samples").iterdir())
    assert len(one_by_one) == 5
    if file.stem == "words":
        assert samples.dtype == np.int32
        assert one_by_one[0].read_text().split() == [str(token) for token in samples[0]]
    else:
        np.testing.assert_array_equal(np.asarray(Image.open(one_by_one[0])), samples[0, ..., 0])


def test_it_is_evaluated_as_its_experiment_says_and_by_nothing_that_does_not_fit(trained, capsys):
    file, folder = trained
    before = len(read_scores(folder / "evaluations.jsonl"))
    run("evaluate", folder)
    *_, trained_score, score = read_scores(folder / "evaluations.jsonl")
    assert len(read_scores(folder / "evaluations.jsonl")) == before + 1
    assert score.values == pytest.approx(trained_score.values, rel=1e-5)
    kind = {"negatives": "opposites", "words": "tokens"}[file.stem]
    with pytest.raises(UserError, match=f"ms-ssim is of images, .*not of {kind}"):
        dispatch(["evaluate", str(folder), "--metrics", "ms-ssim"])


def test_its_arrays_are_scored_by_the_metric_of_the_run_that_drew_them(trained, tmp_path):
    _, folder = trained
    run("sample", folder, "--num", 16, "--out", tmp_path / "samples.npz")
    words = ["evaluate", tmp_path / "samples.npz", "--against", folder, "--out", tmp_path / "e"]
    run(*words)
    (score,) = read_scores(tmp_path / "e")
    (own, *_) = read_scores(folder / "evaluations.jsonl")
    assert (score.metric, score.protocol["n_fake"]) == (own.metric, 16)
    if own.metric == "steps":  # of the generated sequences alone
        assert score.values == pytest.approx(own.values)
    with pytest.raises(UserError, match="does not hold images: leave out --resolution"):
        dispatch([*map(str, words), "--resolution", "3"])


def test_a_size_is_not_asked_of_data_that_a_file_brings(trained, tmp_path):
    file, folder = trained
    with pytest.raises(UserError, match=f"{file.name} brings {file.stem} as they are"):
        train(file, tmp_path / "run", "--resolution", 3)
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match="--resolution is of files"):
        dispatch(["evaluate", str(folder), "--resolution", "3"])


def test_its_report_shows_samples_curves_and_scores(trained, tmp_path):
    _, folder = trained
    run("report", folder, "--out", tmp_path / "report", "--num", 16)
    page = (tmp_path / "report" / "report.md").read_text()
    for title in ("The run", "Curves", "Samples", "Samples during training", "Scores"):
        assert f"## {title}" in page, title
    assert (tmp_path / "report" / "samples.png").is_file()
    assert "Interpolation" not in page


def test_one_coin_flips_both_images_of_a_pair():
    """Else the target would no longer be the source's negative."""
    batch = negatives.open_negatives("train").read(np.arange(64))
    plain, flipped = (
        negatives.prepare(batch, drawn(64), (-1.0, 1.0), flip=flip) for flip in (False, True)
    )
    np.testing.assert_allclose(flipped["target"], -flipped["source"], atol=1e-6)
    moved = np.any(plain["source"] != flipped["source"], axis=(1, 2, 3))
    assert 0.2 < moved.mean() < 0.8
