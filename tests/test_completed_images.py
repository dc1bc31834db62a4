"""The Context Encoder's experiment by the commands that everybody uses, on a folder of images."""

import dataclasses
import functools

import flax.linen as nn
import jax
import numpy as np
import optax
import pytest
from PIL import Image

import jaxgan as jg
from jaxgan.cli.main import dispatch
from jaxgan.data.datasets import DataSpec
from jaxgan.data.source import from_arrays
from jaxgan.errors import UserError
from jaxgan.evaluation.samples import of_sampler
from jaxgan.evaluation.score import read_scores
from jaxgan.experiment import Task, initial_state, load_experiment
from jaxgan.metrics.hole import errors, nearest_border
from jaxgan.sampling.load import load
from jaxgan.sampling.sampler import sampler_of
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


class Pixels(nn.Module):
    """The image and its mask -> another image, each pixel by itself."""

    @nn.compact
    def __call__(self, x, *, train):
        return nn.tanh(nn.Dense(1)(x))


class Critic(nn.Module):
    @nn.compact
    def __call__(self, image, *, train):
        return nn.Dense(1)(image.mean((1, 2)))[:, 0]


@pytest.mark.parametrize("truncation", [None, 0.5])
def test_masks_are_those_of_the_samples(truncation):
    """Masks are the latents' bits, which a truncation changes."""
    noise = np.random.default_rng(0).integers(0, 256, (COUNT, 16, 16, 1), np.uint8)
    task = Task.of(DataSpec("images", (16, 16, 1)))
    game = jg.Gan(
        generator=Pixels(),
        discriminator=Critic(),
        forward=jg.forward.free_form(),
        terms=jg.losses.hinge.terms(),
        optimizers={who: optax.sgd(0.1) for who in ("g", "d")},
    )
    source = from_arrays("noise", "test", {"image": noise})
    state = jax.jit(functools.partial(initial_state, game, task=task))(jax.random.key(0))
    sampler = sampler_of(game, state, task, source=lambda: source)
    samples = of_sampler(sampler, COUNT, seed=3, truncation=truncation, devices=jax.devices()[:1])
    assert samples.hidden is not None
    assert samples.origins is not None
    shown, made, hidden = samples.origins(0, COUNT), samples.array(), samples.hidden(0, COUNT)
    assert hidden.any((1, 2)).all()
    for kept in shown, made:
        np.testing.assert_array_equal(kept[~hidden], noise[~hidden])
    assert len(np.unique(shown[hidden])) == 1
    for found, expected in zip(
        sampler.beside(COUNT, 3, truncation), (shown, made, noise), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_images_that_do_not_halve_are_refused():
    experiment = load_experiment(FILE, "cifar10")
    task = Task.of(DataSpec("images", (28, 28, 1)))
    with pytest.raises(UserError, match="these data are 28 x 28 x 1"):
        experiment.game(experiment.default(), task)
