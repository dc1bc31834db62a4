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
from jaxgan.runs.checkpoint import Checkpoints, digest
from jaxgan.spectrograms import LogMel, log_mel
from support import games

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


def digests(state):
    """A digest of each part of a state that there is, but for the key, which stays."""
    parts = {"step": state.step}
    for who, player in state.players.items():
        parts |= {f"{who}.{name}": getattr(player, name) for name in ("params", "stats", "opt")}
    return {name: digest(part) for name, part in parts.items() if jax.tree.leaves(part)}


def test_eight_devices_equal_one():
    (state, logs), (expected, others) = trained(8), trained(1)
    games.close(games.own(state), games.own(expected), **CLOSE)
    games.close(logs, others, **CLOSE)
    assert all({"g/adversarial", "g/features", "g/mel"} <= row.keys() for row in logs)
    for who, player in born(jax.devices()[:1]).players.items():
        moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), player, expected.players[who])
        assert max(jax.tree.leaves(moved.params)) > 100 * CLOSE["atol"]


def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path):
    """Through a checkpoint before the last step, on eight devices."""
    run, rows = runner(8), chunk()
    first, last = ({key: part[at] for key, part in rows.items()} for at in (np.s_[:-1], np.s_[-1:]))
    state, _ = run.one_by_one(born(run.devices), first)
    place = parallel.replicated(run.devices)
    like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), state)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(STEPS - 1, state)
    early = digests(state)
    with Checkpoints(tmp_path) as checkpoints:
        _, state = checkpoints.restore(like)
    assert digests(state) == early
    state, _ = run.one_by_one(state, last)
    whole = digests(trained(8)[0])
    assert digests(state) == whole
    # All of it was at stake: each part moves in the last step.
    assert [part for part in early if early[part] == whole[part]] == []
