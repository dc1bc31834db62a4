"""WaveGAN and SpecGAN: eight devices equal one, and a run in parts a whole one."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.game.gan import D, G, Gan, Phase
from jaxgan.game.terms import scale
from jaxgan.nets import specgan
from jaxgan.nn.waves import PhaseShuffle, WaveConv, WaveConvTranspose
from support import games
from support.exact import Trainings

ROWS, STEPS = 8, 3

CLOSE = dict(rtol=2e-5, atol=1e-5)

SGD = {"g": optax.sgd(0.5), "d": optax.sgd(0.05)}


def game(generator, discriminator, passes, updates):
    """A Wasserstein game with a light penalty, under gradient descent."""
    penalty = scale(0.1, penalties.gradient_penalty)
    return Gan(
        generator,
        discriminator,
        passes,
        losses.wasserstein.terms(discriminator={"penalty": penalty}),
        SGD,
        updates,
        threshold=None,
    )


PRIOR = forward.uniform(3)


class Waves(nn.Module):
    """A small generator of 64 samples."""

    @nn.compact
    def __call__(self, latent, *, train):
        x = nn.tanh(nn.Dense(32)(latent)).reshape(-1, 16, 2)
        return nn.tanh(WaveConvTranspose(1, 5)(x))[..., 0]


class Shuffled(nn.Module):
    """A small critic, with phase shuffle of both kinds."""

    @nn.compact
    def __call__(self, sound, *, train):
        x = nn.tanh(WaveConv(2, 5)(sound[..., None]))
        x = PhaseShuffle(2, "layer")(x, train=train)
        x = nn.tanh(WaveConv(2, 5, stride=1)(x))
        x = PhaseShuffle(2, "sample")(x, train=train)
        return nn.Dense(1)(x.reshape(len(x), -1))[:, 0]


class Spectrograms(nn.Module):
    """A small generator of normalized spectrograms, of 256 samples."""

    @nn.compact
    def __call__(self, latent, *, train):
        return nn.tanh(nn.Dense(2 * 128)(latent)).reshape(-1, 2, 128, 1)


class Critic(nn.Module):
    """A small critic of them."""

    @nn.compact
    def __call__(self, spectrogram, *, train):
        x = nn.tanh(nn.Dense(3)(spectrogram.reshape(len(spectrogram), -1)))
        return nn.Dense(1)(x)[:, 0]


GAMES = {
    "wavegan": game(Waves(), Shuffled(), forward.unconditional(PRIOR), (D, G)),
    "specgan": game(
        specgan.WithMoments(Spectrograms()),
        Critic(),
        forward.spectrograms(PRIOR),
        (Phase("d", moves_stats=("d", "g")), Phase("g", real="same", moves_stats=())),
    ),
}

SAMPLES = {"wavegan": 64, "specgan": 256}


def chunk(name):
    random = np.random.default_rng(0)
    size = (STEPS, 1, ROWS, SAMPLES[name])
    return {"image": random.normal(scale=0.3, size=size).astype(np.float32)}


TRAININGS = Trainings(GAMES, chunk)


TIERED = [pytest.param(name, marks=pytest.mark.slow if name == "wavegan" else ()) for name in GAMES]
"""One of them fast; each is two compilations."""


@pytest.mark.parametrize("name", TIERED)
def test_eight_devices_equal_one(name):
    TRAININGS.check_devices(name, **CLOSE)


@pytest.mark.parametrize("name", TIERED)
def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(name, tmp_path):
    TRAININGS.check_resume(name, tmp_path)


def test_moments_are_those_of_all_real_spectrograms():
    moments = games.arrays(TRAININGS.trained("specgan", 8)[0].players["g"].stats)["moments"]
    logs = np.asarray(forward.spectral.log_magnitudes(jnp.asarray(chunk("specgan")["image"][:, 0])))
    found = next(iter(moments.values()))
    assert found["batches"] == STEPS
    np.testing.assert_allclose(found["mean"], logs.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(found["variance"], logs.var(axis=(0, 1, 2)), rtol=1e-4)
