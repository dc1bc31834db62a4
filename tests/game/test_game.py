import re

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan.errors import UserError
from jaxgan.game.gan import (
    ALTERNATING,
    SIMULTANEOUS,
    D,
    G,
    Phase,
    fresh_batches,
    groups,
    moves,
)
from jaxgan.game.network import Network
from jaxgan.game.state import GanState, init
from support import games

GAME = games.gan(
    generator=games.NormalizedGenerator(),
    discriminator=games.Critic(norm=True, rate=0.5),
    optimizers={"g": optax.adam(1e-3), "d": optax.sgd(0.1, momentum=0.5)},
    adaptive={"k": 0.5, "pool": np.zeros((3, 2), np.float32)},
)
IMAGES = {"image": jnp.zeros((2, 2))}


@pytest.fixture(scope="module")
def state():
    return init(GAME, jax.random.key(0), IMAGES)


@pytest.mark.parametrize(
    "updates, count",
    [
        (ALTERNATING, 1),
        (SIMULTANEOUS, 1),
        ((D,) * 5 + (G,), 5),
        ((D, G, G), 1),
        ((D, Phase("g")), 2),
        ((Phase("g", real="same"),), 1),
    ],
)
def test_a_step_consumes_one_batch_per_fresh_phase(updates, count):
    assert fresh_batches(updates) == count


def test_moves_count_the_updates_of_a_player_up_to_a_step():
    updates = (D, D, (G, Phase("d", every=4)))
    assert moves(updates, "g", 10) == 10
    # Twice in every step, and in steps 0, 4 and 8.
    assert [moves(updates, "d", steps) for steps in (0, 1, 9, 10)] == [0, 3, 21, 23]


def test_simultaneous_phases_are_one_group():
    assert groups(ALTERNATING) == ((D,), (G,))
    assert groups((D, (D, G))) == ((D,), (D, G))


def test_a_newborn_state_holds_every_variable_once(state):
    g, d = state.players["g"], state.players["d"]
    assert set(g.params) == {"Dense_0", "BatchNorm_0", "Dense_1"}
    assert set(g.stats) == set(d.stats) == {"batch_stats"}
    assert jax.tree.structure(g.opt[0].mu) == jax.tree.structure(g.params)
    assert games.same(games.arrays(state.ema.params), games.arrays(g.params))
    assert games.same(games.arrays(state.ema.stats), games.arrays(g.stats))
    assert state.step.dtype == jnp.int32
    assert state.step == 0
    floats = [leaf for leaf in jax.tree.leaves(state) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    assert {leaf.dtype for leaf in floats} == {jnp.dtype(jnp.float32)}


def test_samples_of_another_shape_than_the_data_are_refused():
    """A discriminator that takes a mean over pixels would judge both."""

    class Mean(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return nn.Dense(1)(jnp.mean(x, axis=-1, keepdims=True))[:, 0]

    gan = games.gan(generator=games.NormalizedGenerator(), discriminator=Mean())
    init(gan, jax.random.key(0), IMAGES)
    with pytest.raises(UserError, match=r"of shape \(2,\), the data are of shape \(3,\)"):
        init(gan, jax.random.key(0), {"image": jnp.zeros((2, 3))})


@pytest.mark.parametrize(
    "shaped, shape",
    [(lambda logits: logits[:, None], (2, 1)), (jnp.mean, ()), (lambda logits: logits[:1], (1,))],
)
def test_logits_of_another_shape_are_refused(shaped, shape):
    """``[b, 1]`` and ``[b]`` would broadcast to ``[b, b]``."""

    class Shaped(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return shaped(nn.Dense(1)(x)[:, 0])

    with pytest.raises(UserError, match=f"2 real samples are of shape {re.escape(str(shape))}"):
        init(games.gan(discriminator=Shaped()), jax.random.key(0), IMAGES)


def test_logits_of_patches_are_accepted():
    class Patches(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return nn.Dense(6)(x).reshape(-1, 2, 3)

    init(games.gan(discriminator=Patches()), jax.random.key(0), IMAGES)


def test_no_buffer_is_held_twice(state):
    """Or it could not be donated."""
    raw = jax.tree.leaves(state.replace(key=jax.random.key_data(state.key)))
    pointers = [leaf.unsafe_buffer_pointer() for leaf in raw]
    assert len(set(pointers)) == len(pointers)


def test_a_second_state_does_not_share_the_adaptive_state_of_the_first(state):
    again = init(GAME, jax.random.key(0), IMAGES)
    again.adaptive["pool"].delete()
    assert float(jnp.sum(state.adaptive["pool"])) == 0
    assert float(np.sum(GAME.adaptive["pool"])) == 0


def test_the_birth_does_not_depend_on_the_batch_but_on_the_key(state):
    other = init(GAME, jax.random.key(0), {"image": jnp.ones((5, 2))})
    assert games.same(games.own(other), games.own(state))
    other = init(GAME, jax.random.key(1), IMAGES)
    for who in "gd":
        kernels = [s.players[who].params["Dense_0"]["kernel"] for s in (state, other)]
        assert not np.any(np.asarray(kernels[0]) == np.asarray(kernels[1]))
    assert state.key != other.key


def test_players_with_one_architecture_are_born_different():
    twins = games.gan(generator=Twin(), discriminator=Twin())
    born = init(twins, jax.random.key(0), {"image": jnp.zeros((2, 3))})
    g, d = (born.players[who].params["Dense_0"]["kernel"] for who in "gd")
    assert not np.any(np.asarray(g) == np.asarray(d))


class Twin(nn.Module):
    @nn.compact
    def __call__(self, x, *, train):
        return nn.Dense(3)(x)


def test_a_network_outside_of_training_is_deterministic_and_keeps_its_statistics(state):
    player = state.players["d"]
    network = Network(GAME.discriminator, player.params, player.stats)
    logits, stats = network(jnp.ones((3, 2)))
    again, _ = network(jnp.ones((3, 2)))
    np.testing.assert_array_equal(logits, again)
    assert stats is player.stats


def test_samples_come_from_the_average(state):
    """A generator with its statistics is enough to draw samples; no axis is needed."""
    generator = Network(GAME.generator, state.ema.params, state.ema.stats)
    samples = GAME.forward.sample(generator, jnp.ones((4, 3)), {})
    assert samples.shape == (4, 2)
    one = GAME.forward.sample(generator, jnp.ones((1, 3)), {})
    np.testing.assert_allclose(samples[:1], one, rtol=1e-6)


def test_a_state_is_a_pytree_of_arrays_only(state):
    assert isinstance(state, GanState)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state))


def test_no_leaf_is_weakly_typed(state):
    """A weak leaf becomes a strong one in the first step, and the second compiles again."""
    assert not [leaf for leaf in jax.tree.leaves(state.replace(key=None)) if leaf.weak_type]
