"""Runs that draw clips: what the training saves, what is sampled, scored and reported."""

import shutil

import numpy as np
import pytest
from PIL import Image

from jaxgan.evaluation.score import read_scores
from jaxgan.metrics.acd import content_distance
from jaxgan.sampling.load import load
from jaxgan.viz.moving import moving_grid, write_mp4
from support.tiny_runs import TESTS

pytest_plugins = ["support.run_fixtures"]
FILE = TESTS / "tiny_clips.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Four steps of the tiny game of clips, scored at the end."""
    from jaxgan.cli.experiment import train

    folder = tmp_path_factory.mktemp("clips") / "run"
    flags = ("--workdir", folder, "--sample-every", 2, "--evaluate-every", 4, "--devices", 1)
    assert train([str(word) for word in (FILE, *flags)]) == 0
    return folder


def frames_of(path):
    with Image.open(path) as movie:
        return movie.n_frames


def test_the_training_saves_strips_and_moving_pictures(run):
    saved = {path.name for path in (run / "samples").iterdir()}
    assert saved == {"0000002.gif", "0000002.png", "0000004.gif", "0000004.png"}
    movie = run / "samples" / "0000004.gif"
    assert frames_of(movie) == 4
    events = b"".join(path.read_bytes() for path in (run / "tensorboard").iterdir())
    assert movie.read_bytes() in events


def test_clips_are_scored_without_an_extractor(run):
    scores = {score.metric: score for score in read_scores(run / "evaluations.jsonl")}
    assert set(scores) == {"acd", "category"}
    wanted = content_distance(load(run)(64)).mean()
    assert scores["acd"].values["mean"] == pytest.approx(wanted, rel=1e-6)
    assert scores["acd"].real_score["mean"] == 0.0
    counted = scores["category"].details["directions"]
    assert sum(sum(row.values()) for row in counted.values()) == 1024
    assert 0 <= scores["category"].values["information"] < np.log(3)


def test_files_have_no_category(run, command, tmp_path):
    assert command(["sample", run, "--num", 8, "--out", tmp_path / "a.npz"])[0] == 0
    asked = ["evaluate", f"npz:{tmp_path / 'a.npz'}", "--against", run, "--metrics", "category"]
    code, said = command(asked)
    assert code == 2
    assert "category" in said


def test_samples_are_a_gif_a_strip_arrays_or_a_folder_of_gifs(run, command, tmp_path):
    for name in ("a.gif", "a.png", "a.npz", "folder"):
        assert command(["sample", run, "--num", 5, "--out", tmp_path / name])[0] == 0
    assert frames_of(tmp_path / "a.gif") == 4
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["image"].shape == (5, 4, 16, 16, 3)
        np.testing.assert_array_equal(arrays["image"], load(run)(5))
    files = sorted((tmp_path / "folder").iterdir())
    assert [path.name for path in files] == [f"{number:06d}.gif" for number in range(5)]
    assert frames_of(files[0]) == 4


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg")
def test_an_mp4_is_written_by_ffmpeg(tmp_path):
    clips = np.random.default_rng(0).integers(0, 256, (2, 4, 16, 16, 1)).astype(np.uint8)
    write_mp4(tmp_path / "a.mp4", moving_grid(clips))
    assert b"ftyp" in (tmp_path / "a.mp4").read_bytes()[:16]


def test_an_mp4_without_ffmpeg_is_refused_in_one_line(run, command, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code, said = command(["sample", run, "--num", 2, "--out", tmp_path / "a.mp4"])
    assert code == 2
    assert "needs ffmpeg" in said
    assert not list(tmp_path.glob("*"))


def test_the_report_plays_the_clips(run, command, tmp_path):
    out = tmp_path / "report"
    assert command(["report", run, "--out", out])[0] == 0
    page = (out / "report.html").read_text()
    assert "data:image/gif;base64," in page
    assert frames_of(out / "moving.gif") == 4
    assert "![moving](moving.gif)" in (out / "report.md").read_text()
    # Written again, the page takes its own files for its own.
    assert command(["report", run, "--out", out])[0] == 0
