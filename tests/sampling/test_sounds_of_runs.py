"""Runs that make sounds: what the training saves, what is sampled, applied, scored and reported."""

import dataclasses

import numpy as np
import pytest
import soundfile

from jaxgan.evaluation import classifier
from jaxgan.evaluation.score import read_scores
from jaxgan.metrics.extractors.classifier import Training
from jaxgan.sampling.load import load
from jaxgan.viz.sound import in_turn
from support.tiny_runs import TESTS

pytest_plugins = ["support.run_fixtures"]
FILE = TESTS / "tiny_sounds.py"


def trained(folder, *more):
    from jaxgan.cli.experiment import train

    flags = ("--workdir", folder, "--devices", 1, *more)
    assert train([str(word) for word in (FILE, *flags)]) == 0
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Four steps of the tiny game of sounds, scored at the end."""
    folder = tmp_path_factory.mktemp("sounds") / "run"
    return trained(folder, "--sample-every", 2, "--evaluate-every", 4)


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    """A run whose samples are real sounds at half their height."""
    return trained(tmp_path_factory.mktemp("echoes") / "run", "--echo", "--steps", 1)


def test_the_training_saves_spectrograms_and_sound(run):
    saved = {path.name for path in (run / "samples").iterdir()}
    assert saved == {"0000002.wav", "0000002.png", "0000004.wav", "0000004.png"}
    heard = run / "samples" / "0000004.wav"
    samples, rate = soundfile.read(heard, dtype="int16")
    assert rate == 8000
    np.testing.assert_array_equal(samples, in_turn(load(run)(16), 8000))
    events = b"".join(path.read_bytes() for path in (run / "tensorboard").iterdir())
    assert heard.read_bytes() in events


def test_sounds_are_scored_without_a_network(run):
    scores = {score.metric: score for score in read_scores(run / "evaluations.jsonl")}
    assert set(scores) == {"fd_log_mel", "nearest_log_mel"}
    score = scores["fd_log_mel"]
    assert score.values["distance"] > 10 * score.real_score["distance"] > 0
    assert score.protocol["parameters"] == {
        "rate": 8000,
        "size": 256,
        "hop": 64,
        "window": 256,
        "mels": 40,
    }
    assert score.protocol["extractor"] == "none"
    assert score.protocol["matmul_precision"] == "float32 spectrograms, float64"
    assert scores["nearest_log_mel"].values["copies"] == 0


@pytest.mark.slow
def test_the_inception_score_is_by_a_classifier_whose_accuracy_is_told(run, command, monkeypatch):
    briefly = dataclasses.replace(classifier.SEEN["sounds"], training=Training(40, 16))
    monkeypatch.setattr(classifier, "SEEN", {"sounds": briefly})
    code, said = command(["evaluate", run, "--metrics", "is", "--num", 40])
    assert code == 0, said
    score = [one for one in read_scores(run / "evaluations.jsonl") if one.metric == "is"][-1]
    assert score.protocol["classifier_accuracy"] == 1.0
    assert score.protocol["extractor"].startswith("classifier-tones")
    assert score.protocol["extractor"].endswith("log-mel spectrograms")
    assert 1 <= score.values["mean"] <= 2.001
    assert 1.5 < score.real_score["mean"] <= 2.001
    code, said = command(["evaluate", run, "--metrics", "is", "--extractor", "dinov2-vits14"])
    assert code == 2
    assert "sounds are seen by the classifier" in said


@pytest.mark.parametrize("metric", ["fd", "acd", "l1"])
def test_metrics_of_images_are_refused(run, command, metric):
    code, said = command(["evaluate", run, "--metrics", metric])
    assert code == 2
    assert "not of sounds" in said


def test_sounds_of_another_rate_are_refused(run, command, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    soundfile.write(other / "a.wav", np.zeros(512 * 8, np.int16), 16_000)
    asked = ["evaluate", run, "--against", f"sounds:512:{other}", "--metrics", "fd_log_mel"]
    code, said = command(asked)
    assert code == 2
    assert "8000 samples a second" in said


def test_samples_are_wav_a_picture_arrays_or_a_folder_of_wav(run, command, tmp_path):
    for name in ("a.wav", "a.png", "a.npz", "folder"):
        assert command(["sample", run, "--num", 5, "--out", tmp_path / name])[0] == 0
    made = load(run)(5)
    together, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert rate == 8000
    np.testing.assert_array_equal(together, in_turn(made, 8000))
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["sound"], made)
    files = sorted((tmp_path / "folder").iterdir())
    assert [path.name for path in files] == [f"{number:06d}.wav" for number in range(5)]
    np.testing.assert_array_equal(soundfile.read(files[3], dtype="int16")[0], made[3])
    code, said = command(["sample", run, "--out", tmp_path / "b.gif"])
    assert code == 2
    assert "sounds are written as .png, .wav or .npz" in said


def test_the_report_plays_the_sounds(run, command, tmp_path):
    out = tmp_path / "report"
    assert command(["report", run, "--out", out])[0] == 0
    page = (out / "report.html").read_text()
    assert '<audio controls src="data:audio/wav;base64,' in page
    assert soundfile.info(out / "heard.wav").samplerate == 8000
    assert "[heard.wav](heard.wav)" in (out / "report.md").read_text()


def test_recordings_of_any_length_and_rate_go_through(echo, command, tmp_path):
    folder, out = tmp_path / "mine", tmp_path / "out"
    folder.mkdir()
    samples = np.random.default_rng(0).integers(-9000, 9000, 700).astype(np.int16) * 2
    soundfile.write(folder / "a.wav", samples, 8000, subtype="PCM_16")
    soundfile.write(folder / "b.flac", samples[:100], 16_000, subtype="PCM_16")
    (folder / "a.txt").write_text("not a recording")
    code, said = command(["apply", echo, folder, "--out", out])
    assert code == 0, said
    assert "2 recordings" in said
    made, rate = soundfile.read(out / "a.wav", dtype="int16")
    assert rate == 8000
    np.testing.assert_array_equal(made, samples // 2)
    assert soundfile.info(out / "b.wav").frames == 50


@pytest.mark.parametrize(
    "words, fault",
    [
        (["empty"], "holds no recordings"),
        (["bad.wav"], "bad.wav cannot be read"),
        (["none.wav"], "no file"),
        (["good.wav", "--resolution", "32"], "recordings have none"),
        (["good.wav", "--reverse"], "one direction only"),
    ],
)
def test_what_cannot_be_applied_is_refused(echo, command, tmp_path, words, fault):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    soundfile.write(tmp_path / "good.wav", np.zeros(9, np.int16), 8000)
    name, *flags = words
    code, said = command(["apply", echo, tmp_path / name, *flags, "--out", tmp_path / "out"])
    assert code == 2
    assert fault in said
    assert not (tmp_path / "out").exists()


def test_a_run_without_sounds_to_start_from_is_not_applied(run, command, tmp_path):
    soundfile.write(tmp_path / "good.wav", np.zeros(9, np.int16), 8000)
    code, said = command(["apply", run, tmp_path / "good.wav", "--out", tmp_path / "out"])
    assert code == 2
    assert "latents alone" in said
