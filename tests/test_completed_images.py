"""The Context Encoder's experiment by the commands that everybody uses, on a folder of images."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from jaxgan.cli.main import dispatch
from jaxgan.data.datasets import DataSpec
from jaxgan.errors import UserError
from jaxgan.evaluation.score import read_scores
from jaxgan.experiment import Task, load_experiment
from jaxgan.metrics.hole import errors, nearest_border
from jaxgan.sampling.load import load
from support.tiny_runs import EXPERIMENTS, digest, rows

FILE = next(path for path in EXPERIMENTS if path.stem == "context_encoder")
COUNT = 20
TINY = ("--resolution", 16, "--width", 1, "--bottleneck", 4, "--batch-size", 8, "--devices", 2)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Images of noise."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for number in range(COUNT):
        pixels = random.integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return folder


def train(preset, data, folder, *flags):
    words = ["train", FILE, preset, "--data", f"folder:{data}", "--workdir", folder, *TINY]
    assert dispatch([str(word) for word in [*words, "--log-every", 1, *flags]]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["cifar10", "free_form"])
def test_it_resumes_to_the_same_bits_and_is_scored(preset, data, tmp_path):
    train(preset, data, tmp_path / "whole", "--steps", 4)
    for steps in (2, 4):
        train(preset, data, tmp_path / "parts", "--steps", steps)
    assert digest(tmp_path / "parts") == digest(tmp_path / "whole")
    last = rows(tmp_path / "whole")[-1]
    assert all(np.isfinite(last[name]) for name in ("g/adversarial", "g/reconstruction", "g/loss"))
    words = ["evaluate", tmp_path / "whole", "--num", COUNT]
    assert dispatch([str(word) for word in words]) == 0
    (score,) = read_scores(tmp_path / "whole" / "evaluations.jsonl")
    assert score.metric == "hole"
    # Of other pixels than the game hid some would be known, and the same as in the true image.
    sampler = load(str(tmp_path / "whole"))
    hidden, (shown, made, true) = sampler.hidden(COUNT), sampler.beside(COUNT)
    np.testing.assert_array_equal(made[~hidden], true[~hidden])
    assert (shown[hidden] == shown[hidden][0]).all()
    assert score.values == dataclasses.asdict(errors(true, made, hidden))
    nearest = score.controls["the nearest border"]
    assert nearest == dataclasses.asdict(errors(true, nearest_border(true, hidden), hidden))
    assert all(np.isfinite(value) for value in score.values.values())


def test_weights_and_rates_are_the_authors():
    """train.lua with overlapPred=4, wtl2=0.999, nBottleneck=4000: README.md."""
    experiment = load_experiment(FILE, "folder")
    config = experiment.default()
    assert (config.overlap, config.known_weight, config.bottleneck) == (4, 10.0, 4000)
    assert (config.reconstruction, config.adversarial) == (0.999, 0.001)
    assert config.generator_rate == 10 * config.discriminator_rate == 2e-3


def test_images_that_do_not_halve_are_refused():
    experiment = load_experiment(FILE, "cifar10")
    task = Task.of(DataSpec("images", (28, 28, 1)))
    with pytest.raises(UserError, match="these data are 28 x 28 x 1"):
        experiment.game(experiment.default(), task)
