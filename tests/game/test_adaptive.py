"""Adaptive state may hold samples: a pool of past ones, the same on one device and on eight."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import forward, losses
from jaxgan.forward import Forward
from jaxgan.game.gan import D, G, Phase
from support import games

POOL, ROWS = 12, 8


def remembering(prior) -> Forward:
    """The usual game, which leaves its samples for the pool."""
    usual = forward.unconditional(prior)

    def run(*arguments):
        outputs = usual.run(*arguments)
        return dataclasses.replace(outputs, remember={"fake": outputs.fake})

    return dataclasses.replace(usual, run=run)


def fill(adaptive, seen):
    """The newest samples of the generator's update first (CycleGAN keeps 50 in this way)."""
    newest = jax.lax.stop_gradient(seen.remembered["g"]["fake"])
    pool = jnp.concatenate([newest, adaptive["pool"]])[:POOL]
    return {"pool": pool, "norm": jnp.sum(seen.players["d"].params["Dense_0"]["kernel"] ** 2)}


def far_from_the_past(outputs):
    """A term that reads the pool."""
    return jnp.mean(jnp.square(outputs.fake - outputs.adaptive["pool"].mean(0)))


GAME = games.gan(
    forward=remembering(forward.normal(3)),
    terms=losses.nonsaturating.terms(generator={"past": far_from_the_past}),
    adaptive={"pool": jnp.zeros((POOL, 2)), "norm": 0.0},
    adapt=fill,
)


def trained(count):
    devices = jax.devices()[:count]
    state, logs = games.Runner(GAME, devices)(
        games.born(GAME, devices), games.points(3, GAME, ROWS)
    )
    return state, games.means(logs)


def test_a_pool_of_past_samples_is_the_same_on_one_device_and_on_eight():
    one, logs = trained(1)
    eight, _ = trained(8)
    games.close(games.own(eight), games.own(one), rtol=1e-4, atol=1e-6)
    assert logs["g/past"] > 0


def test_the_pool_holds_the_newest_samples_in_the_order_of_rows():
    state, _ = trained(8)
    pool = np.asarray(state.adaptive["pool"])
    assert np.abs(pool).min(axis=1).all(), "two steps fill it: no zero is left"
    # The last step's samples again, from the state before it.
    runner, before = games.Runner(GAME), games.born(GAME)
    chunk = games.points(3, GAME, ROWS)
    before, _ = runner(before, jax.tree.map(lambda leaf: leaf[:2], chunk))
    np.testing.assert_allclose(pool[ROWS:], before.adaptive["pool"][: POOL - ROWS], rtol=1e-4)
    kernel = np.asarray(state.players["d"].params["Dense_0"]["kernel"])
    np.testing.assert_allclose(state.adaptive["norm"], np.sum(kernel**2), rtol=1e-5)


def test_a_lazy_phase_that_is_not_due_keeps_what_an_earlier_phase_remembered():
    """Of a player with two phases: the second has fakes of its own in every third step only."""
    lazy = Phase("g", real="same", every=3)
    game = dataclasses.replace(GAME, updates=(D, G, lazy))
    runner, chunk = games.Runner(game), games.points(3, game, ROWS)
    state, pools = games.born(game), []
    for step in range(3):
        state, _ = runner(state, {"image": chunk["image"][step : step + 1]})
        pools.append(np.asarray(state.adaptive["pool"]))
    for step, pool in enumerate(pools):
        assert np.abs(pool[:ROWS]).min(axis=1).all(), f"step {step} remembered samples"


def test_nothing_is_remembered_where_no_phase_of_the_player_was_due():
    game = dataclasses.replace(GAME, updates=(D, Phase("g", real="same", every=2)))
    state, _ = games.Runner(game)(games.born(game), games.points(2, game, ROWS))
    np.testing.assert_array_equal(state.adaptive["pool"][:ROWS], 0)
