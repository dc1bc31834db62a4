"""pix2pix and CycleGAN, stopped and started again, have the bits of a run that was not."""

import functools
import os
import signal

import numpy as np
import pytest
from PIL import Image

from jaxgan.cli.experiment import run as train_by_flags
from jaxgan.experiment import load_experiment
from jaxgan.training.loop import Hook
from jaxgan.training.train import train
from support.tiny_runs import EXPERIMENTS, digest, rows, state_of

pytestmark = pytest.mark.slow

SIDE, COUNT = 16, 20
"""An epoch of 20 pairs is not a whole number of batches of 8."""
USUAL = ("--resolution", SIDE, "--batch-size", 8, "--steps", 6, "--devices", 2)
USUAL += ("--log-every", 1, "--sample-every", 0, "--evaluate-every", 0)
USUAL += ("--width", 2, "--discriminator-width", 2, "--jitter", 2)
RUNS = {
    # Batch normalization, dropout as the only noise, jitter and flips.
    "pix2pix": ("facades", "--depth", 3, "--patch", 16),
    # A pool that is full after two steps, jitter and flips of either domain, a rate that falls.
    "cyclegan": ("small_images", "--blocks", 1, "--layers", 1, "--pool", 12),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pairs, and the same images as two domains, by experiment."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    places = {"both": slice(None), "a": slice(SIDE), "b": slice(SIDE, None)}
    for name in places:
        (folder / name).mkdir()
    for number in range(COUNT):
        pair = random.integers(0, 256, (SIDE, 2 * SIDE, 3), np.uint8)
        for name, columns in places.items():
            Image.fromarray(pair[:, columns]).save(folder / name / f"{number:02d}.png")
    return {
        "pix2pix": f"pairs:{folder / 'both'}",
        "cyclegan": f"unpaired:{folder / 'a'},{folder / 'b'}",
    }


@pytest.mark.parametrize("name", RUNS)
def test_it_goes_on_as_if_it_had_not_stopped(name, data, tmp_path):
    preset, *flags = RUNS[name]
    (file,) = (path for path in EXPERIMENTS if path.stem == name)

    def launched(folder, *more):
        words = [*flags, *USUAL, "--data", data[name], "--workdir", tmp_path / folder]
        by = functools.partial(train, more=more, pictures=False)
        return train_by_flags(load_experiment(file, preset), [*map(str, words)], "test", by)

    assert launched("whole") == 0
    stopped = Hook(lambda info: os.kill(os.getpid(), signal.SIGTERM), (3,))
    assert launched("parts", stopped) == 75
    assert 3 <= int(state_of(tmp_path / "parts").step) < 6
    assert launched("parts") == 0
    assert digest(tmp_path / "parts") == digest(tmp_path / "whole")
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
