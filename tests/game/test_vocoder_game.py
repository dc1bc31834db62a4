"""HiFi-GAN: eight devices equal one, and a run in parts is a whole one."""

import functools

import numpy as np
import optax
import pytest

from jaxgan import forward, losses
from jaxgan.game.gan import D, Gan, Phase
from jaxgan.game.terms import scale
from jaxgan.nets import hifigan
from jaxgan.nn.spectral import spectral_norm
from jaxgan.spectrograms import LogMel, log_mel
from support.exact import Trainings

pytestmark = pytest.mark.slow

ROWS, STEPS, SAMPLES = 8, 3, 256
MEL = LogMel(8000, 32, 4, 32, 6)
SQUARES = losses.least_squares().map(losses.each_domain)
SGD = {"g": optax.sgd(1e-2, momentum=0.5), "d": optax.sgd(1e-2, momentum=0.5)}

GAME = Gan(
    generator=hifigan.Generator(4, (2, 2), (3,), ((1, 3),), paired=False),
    discriminator=hifigan.Discriminators((3,), 2, 256),
    forward=forward.vocoder(functools.partial(log_mel, settings=MEL)),
    terms=SQUARES.terms(
        generator={
            "features": scale(2.0, losses.feature_matching),
            "mel": scale(5.0, losses.log_mel_distance(MEL)),
        }
    ),
    optimizers=SGD,
    updates=(D, Phase("g", real="same", latents="same")),
    reparametrize={"d": spectral_norm(hifigan.first_scale)},
)
"""The whole game, with the fewest layers and channels that a step can have."""

CLOSE = dict(rtol=2e-5, atol=1e-5)


def chunk(name="hifigan"):
    del name
    random = np.random.default_rng(0)
    sounds = 0.3 * random.normal(size=(STEPS, 1, ROWS, SAMPLES)).astype(np.float32)
    return {"sound": sounds, "image": sounds}


TRAININGS = Trainings({"hifigan": GAME}, chunk)


def test_eight_devices_equal_one():
    TRAININGS.check_devices("hifigan", **CLOSE)
    logs = TRAININGS.trained("hifigan", 8)[1]
    assert all({"g/adversarial", "g/features", "g/mel"} <= row.keys() for row in logs)


def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path):
    TRAININGS.check_resume("hifigan", tmp_path)
