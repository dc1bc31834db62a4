"""MoCoGAN and VGAN: eight devices equal one, and a run in parts a whole one."""

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses
from jaxgan.game.gan import ALTERNATING, Gan
from jaxgan.game.terms import scale
from jaxgan.nn.gaussian import GaussianNoise
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.recurrent import GRU
from support.exact import Trainings

ROWS, STEPS, FRAMES, SIDE = 8, 3, 3, 2
CONTENT, KINDS, MOTION = 2, 2, 2

SGD = {"g": optax.sgd(0.3), "d": optax.sgd(0.3)}


class Clips(nn.Module):
    """A generator of clips, or of one frame of each, along a path of motion."""

    @nn.compact
    def __call__(self, latent, frame=None, *, train):
        still, state, noise = jnp.split(latent, [CONTENT + KINDS, CONTENT + KINDS + MOTION], -1)
        path = GRU(MOTION)(noise.reshape(-1, FRAMES, MOTION), state)
        if frame is not None:
            path = jnp.take_along_axis(path, frame[:, None, None], axis=1)
        still = jnp.broadcast_to(still[:, None], (*path.shape[:2], CONTENT + KINDS))
        x = BatchNorm(not train)(nn.Dense(4)(jnp.concatenate([still, path], -1)))
        x = nn.tanh(nn.Dense(SIDE * SIDE)(nn.relu(x)))
        x = x.reshape(*path.shape[:2], SIDE, SIDE, 1)
        return x if frame is None else x[:, 0]


class Judges(nn.Module):
    """Discriminators of frames and of clips, with noise."""

    @nn.compact
    def __call__(self, frame, clip, *, train):
        def score(x, units):
            x = GaussianNoise()(x.reshape(len(x), -1), -2.0, train=train)
            return nn.Dense(units)(nn.tanh(nn.Dense(4)(x)))

        of_clip = score(clip, 1 + KINDS)
        return score(frame, 1)[:, 0], (of_clip[:, 0], of_clip[:, 1:])


class Streams(nn.Module):
    """A generator of a foreground, a still background and a mask."""

    @nn.compact
    def __call__(self, latent, *, train):
        del train
        size = (FRAMES, SIDE, SIDE, 1)
        moving, mask = (nn.Dense(FRAMES * SIDE * SIDE)(latent).reshape(-1, *size) for _ in range(2))
        still = nn.tanh(nn.Dense(SIDE * SIDE)(latent)).reshape(-1, 1, SIDE, SIDE, 1)
        mask = nn.sigmoid(mask)
        return mask * nn.tanh(moving) + (1 - mask) * still, mask


class Judge(nn.Module):
    """A discriminator of clips."""

    @nn.compact
    def __call__(self, clip, *, train):
        x = nn.Dense(4)(clip.reshape(len(clip), -1))
        return nn.Dense(1)(nn.tanh(BatchNorm(not train)(x)))[:, 0]


CATEGORY = {"category": losses.categorical_information("category")}

GAMES = {
    "mocogan": Gan(
        Clips(),
        Judges(),
        forward.content_and_motion(FRAMES, CONTENT, KINDS, MOTION),
        losses.nonsaturating.map(losses.each_domain).terms(CATEGORY, CATEGORY),
        SGD,
        ALTERNATING,
    ),
    "vgan": Gan(
        Streams(),
        Judge(),
        forward.foreground_and_background(forward.normal(3)),
        losses.nonsaturating.terms({"mask": scale(0.1, losses.mask_size)}),
        SGD,
        ALTERNATING,
    ),
}


def chunk(name):
    del name
    size = (STEPS, 1, ROWS, FRAMES, SIDE, SIDE, 1)
    return {"image": np.random.default_rng(0).uniform(-1, 1, size).astype(np.float32)}


TRAININGS = Trainings(GAMES, chunk)


TIERED = [pytest.param(name, marks=pytest.mark.slow if name == "mocogan" else ()) for name in GAMES]
"""One of them fast; each is two compilations."""


@pytest.mark.parametrize("name", TIERED)
def test_eight_devices_equal_one(name):
    TRAININGS.check_devices(name, rtol=5e-5, atol=1e-5)


@pytest.mark.parametrize("name", TIERED)
def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(name, tmp_path):
    TRAININGS.check_resume(name, tmp_path)
