import collections
import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, parallel, penalties
from jaxgan.errors import UserError
from jaxgan.game.state import init
from jaxgan.game.terms import scale
from jaxgan.rng import Rng
from support import games

ROWS, STEPS = 16, 4


def noisy(outputs):
    """A penalty with its own noise, at points around the real ones."""
    points = outputs.real + 0.1 * outputs.rng.normal((2,))
    return jnp.mean(penalties.squared_slopes(outputs.critic, points))


# Latents, dropout, penalty noise and batch normalization in one game; gradient descent,
# under which a gradient n times too large moves n times too far.
GAME = games.gan(
    generator=games.NormalizedGenerator(),
    discriminator=games.Critic(norm=True, rate=0.3),
    terms={
        "g": {"adversarial": losses.nonsaturating.generator},
        "d": {
            "adversarial": losses.nonsaturating.discriminator,
            "r1": scale(0.5, penalties.r1),
            "noisy": noisy,
        },
    },
)
CHUNK = games.points(STEPS, GAME, ROWS)


def run(game, count, backend="pmap"):
    devices = jax.devices()[:count]
    runner = games.Runner(game, devices, backend)
    state, logs = runner.one_by_one(games.born(game, devices), CHUNK)
    return games.own(state), logs


@pytest.fixture(scope="module")
def one():
    return run(GAME, 1)


@pytest.fixture(scope="module")
def eight():
    return {backend: run(GAME, 8, backend) for backend in ("pmap", "shard_map")}


@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_eight_devices_equal_one(backend, one, eight):
    # Sums of 16 rows in another order: float32 rounding (6e-8) of values around 1, grown by
    # four steps. A mistake in one gradient shows at 1e-2 (see the controls below).
    games.close(eight[backend], one, rtol=1e-4, atol=2e-6)


def test_the_two_backends_agree_in_every_bit(eight):
    assert games.same(eight["pmap"], eight["shard_map"])


def per_device_latents(rng, truncation=None):
    count = rng.rows.shape[0]
    return forward.normal(3)(Rng(rng.key, jnp.arange(count, dtype=jnp.int32)), truncation)


@pytest.mark.parametrize("mistake", ["latents", "moments"])
def test_a_mistake_that_depends_on_the_device_is_seen(mistake, one):
    """The controls of the test above: its tolerance is not what makes it pass."""
    if mistake == "latents":
        game = dataclasses.replace(GAME, forward=forward.unconditional(per_device_latents))
    else:
        unsynced = games.NormalizedGenerator(axis=None)
        game = dataclasses.replace(GAME, generator=unsynced)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        games.close(run(game, 8), one, rtol=1e-2, atol=1e-2)


def test_a_state_created_on_every_device_is_donated():
    devices = jax.devices()[:8]
    batch = {"image": jnp.zeros((2, 2))}
    build = functools.partial(init, GAME, jax.random.key(0), batch)
    state = jax.jit(build, out_shardings=parallel.replicated(devices))()
    assert all(leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(state))
    assert all(len(leaf.sharding.device_set) == 8 for leaf in jax.tree.leaves(state))
    count = lambda state, *rest: (state.replace(step=state.step + 1), {})  # noqa: E731
    step = parallel.spread(count, devices, "pmap", games.AXES)
    chunk = parallel.divide(CHUNK, devices, "pmap", games.ROWS)
    after, _ = step(state, {}, {}, chunk, np.int32(1))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))
    assert int(after.step) == 1


@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_each_device_gets_consecutive_rows(backend):
    devices = jax.devices()[:4]
    rows = np.arange(2 * 3 * 8, dtype=np.float32).reshape(2, 3, 8, 1)

    def function(state, hyperparameters, arrays, chunk, count):
        del hyperparameters, arrays, count
        assert chunk.shape == (2, 3, 2, 1)
        return jax.lax.all_gather(chunk, parallel.AXIS), state

    run = parallel.spread(function, devices, backend, games.AXES)
    chunk = parallel.divide(rows, devices, backend, games.ROWS)
    seen, _ = run(jnp.zeros(()), {}, {}, chunk, np.int32(2))
    np.testing.assert_array_equal(seen, np.moveaxis(rows.reshape(2, 3, 4, 2, 1), 2, 0))


@pytest.mark.parametrize("backend", ["pmap", "shard_map"])
def test_any_axis_of_any_argument_may_be_divided(backend):
    """Two arguments, along their first and their last axis; the third is whole on each device."""
    devices = jax.devices()[:2]
    first, last = np.arange(8.0).reshape(4, 2), np.arange(12.0).reshape(3, 4)

    def function(total, mine, also, whole):
        assert (mine.shape, also.shape, whole.shape) == ((2, 2), (3, 2), (5,))
        return jax.lax.all_gather((mine, also), parallel.AXIS), total + whole.sum()

    run = parallel.spread(function, devices, backend, (None, 0, 1, None))
    parts = [parallel.divide(rows, devices, backend, n) for n, rows in enumerate((first, last))]
    (mine, also), total = run(jnp.zeros(()), *parts, np.ones(5))
    np.testing.assert_array_equal(mine, [first[:2], first[2:]])
    np.testing.assert_array_equal(also, [last[:, :2], last[:, 2:]])
    assert total == 5.0


def test_devices_of_a_process_are_neighbors_whatever_their_wiring():
    """On a TPU slice the devices of several processes take turns in ``jax.devices()``."""
    Device = collections.namedtuple("Device", ["id", "process_index"])
    wired = [Device(0, 0), Device(1, 0), Device(4, 1), Device(5, 1), Device(2, 0), Device(3, 0)]
    wired += [Device(6, 1), Device(7, 1)]
    found = parallel.ordered(wired[::-1])
    assert [device.process_index for device in found] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [device.id for device in found] == list(range(8))


def test_a_job_s_devices_are_chosen_in_that_order(monkeypatch):
    devices = jax.devices()
    monkeypatch.setattr(jax, "devices", lambda: devices[::-1])
    assert parallel.choose_devices(None) == devices
    assert parallel.choose_devices(3) == devices[:3]


def test_devices_are_counted():
    assert parallel.choose_devices(None) == jax.devices()
    assert parallel.choose_devices(3) == jax.devices()[:3]
    for count in (0, -1, 9):
        with pytest.raises(UserError, match=f"--devices {count}: this job has 8"):
            parallel.choose_devices(count)


def test_hyperparameters_are_arguments_of_the_compiled_step():
    traces = []

    def game(hyperparameters):
        traces.append(hyperparameters)
        return games.gan(
            optimizers={
                "g": optax.sgd(hyperparameters["lr"]),
                "d": optax.sgd(hyperparameters["lr"]),
            }
        )

    runner = games.Runner(game)
    chunk = games.points(1, games.gan(), 4)
    moved = {}
    for lr in (0.1, 0.3):
        start = games.born(games.gan())
        before = games.arrays(start.players["d"].params)
        state, _ = runner(start, chunk, hyperparameters={"lr": np.float32(lr)})
        moved[lr] = jax.tree.map(np.subtract, games.arrays(state.players["d"].params), before)
    games.close(moved[0.3], jax.tree.map(lambda x: 3 * x, moved[0.1]), rtol=1e-4, atol=1e-6)
    assert len(traces) == 1
