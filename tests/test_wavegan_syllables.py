"""WaveGAN learns syllables: its log-mels come nearer to theirs than noise is, or an untrained one.

The syllables are made here: pulses of a voice at a pitch that falls or rises, through two formants
of a vowel, with silence around them.
"""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter

from jaxgan.data.open import open_source
from jaxgan.evaluation.score import read_scores
from jaxgan.metrics.frechet import frechet_distance_of_features
from jaxgan.metrics.log_mels import features_of
from jaxgan.spectrograms import settings_for
from support.tiny_runs import EXPERIMENTS, as_users_compile

pytestmark = pytest.mark.slow

RATE, SAMPLES, COUNT, STEPS = 8000, 4096, 256, 250
"""One run had a distance of 241; it is 344 untrained, 1022 of noise and 0.3 of other syllables."""
VOWELS = ((730, 1090), (270, 2290), (300, 870), (530, 1840))
"""The first two formants of a, i, u and e, in Hz (Peterson & Barney 1952, men)."""


def syllable(rng):
    """float64 ``[SAMPLES]``, at most 0.5."""
    length = int(rng.uniform(0.25, 0.4) * RATE)
    pitch = np.linspace(*rng.uniform(90, 180, 2), length)
    pulses = np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0)
    voice = pulses + 0.01 * rng.normal(size=length)
    for formant in VOWELS[rng.integers(len(VOWELS))]:
        pole = np.exp(-np.pi * 80 / RATE + 2j * np.pi * formant / RATE)
        voice = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], voice)
    voice *= np.hanning(length)
    start = rng.integers(0, SAMPLES - length)
    return np.pad(0.5 * voice / np.abs(voice).max(), (start, SAMPLES - length - start))


def write(folder, sounds):
    folder.mkdir(parents=True)
    for number, sound in enumerate(sounds):
        soundfile.write(folder / f"{number:04d}.wav", sound, RATE)


def distance(data, folder, steps):
    """The Fréchet distance of log-mel statistics after so many steps."""
    file = next(path for path in EXPERIMENTS if path.stem == "wavegan")
    scored = ("--evaluate-every", steps, "--evaluate-metrics", "fd_log_mel")
    command = [sys.executable, file, "syllables_small", "--data", data, *scored]
    command += ["--evaluate-num", COUNT, "--sample-every", 0, "--learning-rate", "1e-3"]
    command += ["--steps", steps, "--workdir", folder, "--devices", 1]
    subprocess.run(list(map(str, command)), env=as_users_compile(), check=True)
    (score,) = read_scores(folder / "evaluations.jsonl")
    return score.values["distance"]


def test_samples_come_nearer_to_speech_than_noise(tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", COUNT), ("test", COUNT)):
        write(tmp_path / "voice" / split, [syllable(rng) for _ in range(count)])
    data = f"sounds:{SAMPLES}:{tmp_path / 'voice'}"
    real = open_source(data).arrays()["sound"]
    deviation = real.std()
    noise = rng.normal(0, deviation, real.shape).astype(np.int16)
    settings = settings_for(RATE)
    of_noise = frechet_distance_of_features(*(features_of(one, settings) for one in (real, noise)))
    untrained = distance(data, tmp_path / "untrained", 1)
    trained = distance(data, tmp_path / "trained", STEPS)
    found = f"{trained=}, {untrained=}, {of_noise=}"
    assert trained < 0.85 * untrained < of_noise, found
