"""pix2pix, CycleGAN and the Context Encoder: eight devices equal one, a run in parts a whole one.

And CycleGAN's pools hold what was generated.
"""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, parallel
from jaxgan.game.gan import SIMULTANEOUS, D, Gan, Phase
from jaxgan.game.state import init
from jaxgan.game.terms import scale
from jaxgan.nets import context_encoder
from jaxgan.nets.cyclegan import Discriminators, Generators
from jaxgan.nets.pix2pix import PatchDiscriminator, UNet
from support import games
from support.exact import check_devices, check_resume

ROWS, STEPS, SIDE, POOL = 8, 3, 16, 12

CLOSE = dict(rtol=2e-5, atol=1e-5)
"""Eight devices were at most 5e-6 from one, in any number of a state."""


class Pixels(nn.Module):
    """A smooth network of single pixels, ``[b, h, w, c] -> [b, h, w, 1]``."""

    @nn.compact
    def __call__(self, image, *, train):
        del train
        return nn.Dense(1)(nn.tanh(nn.Dense(4)(image)))


class Judge(nn.Module):
    """A logit of each pixel."""

    @nn.compact
    def __call__(self, image, *, train):
        return Pixels()(image, train=train)[..., 0]


SGD = {"g": optax.sgd(0.05, momentum=0.5), "d": optax.sgd(0.05, momentum=0.5)}

PIX2PIX = Gan(
    generator=UNet(channels=1, width=2, depth=2),
    discriminator=PatchDiscriminator(width=2, layers=1),
    forward=forward.jittered(2, forward.translation()),
    terms=losses.nonsaturating.terms(generator={"l1": scale(10.0, losses.l1)}),
    optimizers=SGD,
    updates=(D, Phase("g", real="same", latents="same")),
)

SQUARES = losses.least_squares().map(losses.each_domain)

CYCLEGAN = Gan(
    generator=Generators(Pixels(), Pixels()),
    discriminator=Discriminators(Judge(), Judge()),
    forward=forward.jittered(2, forward.cycle(), aligned=False),
    terms={
        "g": {
            "adversarial": losses.of_own_logits(SQUARES.generator),
            "cycle": scale(10.0, losses.cycle_consistency),
            "identity": scale(5.0, losses.identity_mapping),
        },
        "d": {"adversarial": SQUARES.discriminator},
    },
    optimizers=SGD,
    updates=SIMULTANEOUS,
    adaptive=forward.empty_pools(POOL, [(SIDE, SIDE, 1)] * 2),
    adapt=forward.move_pools,
)


def completing(game, whole):
    """The Context Encoder's game."""
    return Gan(
        generator=context_encoder.Generator(1, 1, 4, whole),
        discriminator=context_encoder.Discriminator(1),
        forward=game,
        terms={
            "g": {
                "adversarial": scale(0.1, losses.nonsaturating.generator),
                "reconstruction": losses.weighted_squared_error,
            },
            "d": {"adversarial": losses.nonsaturating.discriminator},
        },
        optimizers=SGD,
        updates=(D, Phase("g", real="same", latents="same")),
    )


GAMES = {
    "pix2pix": PIX2PIX,
    "cyclegan": CYCLEGAN,
    "central square": completing(forward.central_square(1), False),
    "free form": completing(forward.free_form(), True),
}


def without_moving(**changes):
    """CycleGAN's game at a rate of zero: what it generates depends on the batch alone."""
    still = {"g": optax.sgd(0.0), "d": optax.sgd(0.0)}
    return dataclasses.replace(CYCLEGAN, optimizers=still, **changes)


STILL = {
    "pooled": without_moving(forward=forward.cycle()),
    "without pools": without_moving(
        forward=forward.cycle(pooled=False), adaptive={}, adapt=lambda old, seen: old
    ),
}


def chunk(steps=STEPS):
    random = np.random.default_rng(0)
    size = (steps, 1, ROWS, SIDE, SIDE, 1)
    return {key: random.normal(size=size).astype(np.float32) for key in ("source", "image")}


OF_GAMES = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "cyclegan" else pytest.mark.slow) for name in GAMES],
)
"""One of them fast, which has pools; each is two compilations."""


@functools.cache
def initial(name):
    """Makes a game's first state; compiled, since there is not much that its layers share."""
    batch = jax.tree.map(lambda leaf: jnp.zeros_like(leaf[0, 0, :2]), chunk(1))
    return jax.jit(lambda: init((GAMES | STILL)[name], jax.random.key(0), batch))


def born(name, devices):
    return jax.device_put(initial(name)(), parallel.replicated(devices))


@functools.cache
def runner(name, count):
    """The compiled step of a game on so many devices."""
    return games.Runner((GAMES | STILL)[name], jax.devices()[:count])


@functools.cache
def trained(name, count):
    """The state after all steps on so many devices, and the logs of each."""
    run = runner(name, count)
    return run.one_by_one(born(name, run.devices), chunk())


@OF_GAMES
def test_eight_devices_equal_one(name):
    eight, one = trained(name, 8), trained(name, 1)
    check_devices(eight, one, born(name, jax.devices()[:1]), **CLOSE)


@OF_GAMES
def test_a_run_that_stops_and_goes_on_has_the_bits_of_one_that_does_not(name, tmp_path):
    run = runner(name, 8)
    check_resume(run, born(name, run.devices), chunk(), trained(name, 8)[0], tmp_path)


@OF_GAMES
def test_every_term_is_minimized(name):
    terms = {
        "pix2pix": {"g/l1"},
        "cyclegan": {"g/cycle", "g/identity"},
        "central square": {"g/reconstruction"},
        "free form": {"g/reconstruction"},
    }
    assert all(terms[name] <= logs.keys() for logs in trained(name, 1)[1])


def test_the_pools_hold_what_was_generated_in_the_order_of_rows():
    """Eight rows and then four more fill them; what comes later is exchanged."""
    run, batches = runner("pooled", 8), chunk()
    state = born("pooled", run.devices)
    network = STILL["pooled"].network("g", games.arrays(state.players["g"].params), {})
    fakes = [
        network(jnp.asarray(batches["source"][step, 0]), jnp.asarray(batches["image"][step, 0]))[0]
        for step in range(STEPS)
    ]
    for step in range(STEPS):
        state, _ = run(state, {key: rows[step : step + 1] for key, rows in batches.items()})
        for number, pool in enumerate(state.adaptive["pools"]):
            made = np.concatenate([fake[number] for fake in fakes[: step + 1]])
            images, held = np.asarray(pool["images"]), min(ROWS * (step + 1), POOL)
            assert pool["held"] == held
            if step == 0:
                np.testing.assert_allclose(images[:ROWS], made, atol=1e-6)
                assert not images[ROWS:].any()
            # Every image in the pool is one that was generated, and none is there twice.
            far = np.abs(images[:held, None] - made[None]).max(axis=(2, 3, 4))
            assert (far.min(axis=1) < 1e-5).all()
            assert len(set(far.argmin(axis=1))) == held


def test_the_logits_that_are_logged_are_those_of_the_pool():
    """While it is filled they are the fakes' own; with past images in it they are others."""
    (_, pooled), (_, own) = (trained(name, 8) for name in STILL)
    logits = [[row["d/logits_fake"] for row in rows] for rows in (pooled, own)]
    assert logits[0][0] == pytest.approx(logits[1][0], rel=1e-5)
    assert logits[0][2] != pytest.approx(logits[1][2], rel=1e-3)
    for row, other in zip(pooled, own, strict=True):
        assert row["g/adversarial"] == pytest.approx(other["g/adversarial"], rel=1e-5)
