"""HiFi-GAN: eight devices equal one, and a run in parts is a whole one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, parallel
from jaxgan.game.gan import D, Gan, Phase
from jaxgan.game.state import init
from jaxgan.game.terms import scale
from jaxgan.nets import hifigan
from jaxgan.nn.spectral import spectral_norm
from jaxgan.spectrograms import LogMel, log_mel
from support import games
from support.exact import check_devices, check_resume

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


def chunk():
    random = np.random.default_rng(0)
    sounds = 0.3 * random.normal(size=(STEPS, 1, ROWS, SAMPLES)).astype(np.float32)
    return {"sound": sounds, "image": sounds}


def born(devices):
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0, 0, :2]), chunk())
    state = init(GAME, jax.random.key(0), batch)
    return jax.device_put(state, parallel.replicated(devices))


@functools.cache
def runner(count):
    return games.Runner(GAME, jax.devices()[:count])


@functools.cache
def trained(count):
    """The state after all steps on so many devices, and the logs of each."""
    run = runner(count)
    return run.one_by_one(born(run.devices), chunk())


def test_eight_devices_equal_one():
    eight, one = trained(8), trained(1)
    check_devices(eight, one, born(jax.devices()[:1]), **CLOSE)
    assert all({"g/adversarial", "g/features", "g/mel"} <= row.keys() for row in eight[1])


def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path):
    run = runner(8)
    check_resume(run, born(run.devices), chunk(), trained(8)[0], tmp_path)
