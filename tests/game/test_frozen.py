"""Arrays that nothing trains: where networks and terms find them."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import losses
from support import games

BACKBONE = np.random.default_rng(0).normal(size=(2, 7)).astype(np.float32)


class Projected(nn.Module):
    """A critic of the features of a frozen backbone."""

    @nn.compact
    def __call__(self, x, *, train):
        del train
        backbone = self.variable("frozen", "backbone", jnp.zeros, (2, 7))
        return nn.Dense(1)(jnp.tanh(x @ backbone.value))[:, 0]


def perceptual(outputs):
    """A term of the generator that compares features by a frozen network."""
    kernel = outputs.frozen["perceptual"]
    return jnp.mean(jnp.square(jnp.tanh(outputs.fake @ kernel) - jnp.tanh(outputs.real @ kernel)))


GAME = games.gan(
    discriminator=Projected(),
    terms=losses.nonsaturating.terms(generator={"perceptual": perceptual}),
    frozen={"d": {"backbone": BACKBONE}, "perceptual": BACKBONE},
)


def test_frozen_arrays_are_no_part_of_the_state():
    state = games.born(GAME)
    assert set(state.players["d"].params) == {"Dense_0"}
    assert state.players["d"].stats == {}
    assert not [leaf for leaf in jax.tree.leaves(games.own(state)) if leaf.shape == (2, 7)]


def test_networks_and_terms_compute_with_them():
    """Of features that are zero the critic says its bias, and two samples look the same."""
    chunk = games.points(1, GAME, 4)
    _, logs = games.Runner(GAME)(games.born(GAME), chunk)
    blind = dataclasses.replace(GAME, frozen=jax.tree.map(np.zeros_like, dict(GAME.frozen)))
    _, without = games.Runner(blind)(games.born(blind), chunk)
    seen, unseen = games.means(logs), games.means(without)
    assert seen["g/perceptual"] > 1e-3
    assert abs(seen["d/logits_real"]) > 1e-3
    assert unseen["g/perceptual"] == 0
    assert unseen["d/logits_real"] == 0


def test_one_device_and_eight_agree():
    chunk = games.points(2, GAME, 8)
    one, _ = games.Runner(GAME)(games.born(GAME), chunk)
    eight, _ = games.Runner(GAME, jax.devices())(games.born(GAME, jax.devices()), chunk)
    games.close(games.own(eight), games.own(one), rtol=1e-4, atol=1e-6)
