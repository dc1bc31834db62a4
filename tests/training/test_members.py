"""Many runs as one compiled program: each member's steps equal those of a run of its own."""

import dataclasses
import functools
import logging

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import NamedSharding

import jaxgan as jg
from jaxgan import parallel
from jaxgan.data.feed import flat, make_feed, stacked_feed
from jaxgan.data.modality import POINTS
from jaxgan.data.source import from_arrays
from jaxgan.errors import UserError
from jaxgan.game.state import init
from jaxgan.losses.energy import began_balance
from jaxgan.training import members
from jaxgan.training.data import preparation
from jaxgan.training.engine import CompiledEngine, training_step
from jaxgan.training.members import SPECS, Population, PopulationEngine, member_of
from jaxgan.types import AXIS
from support import games

SEEDS, BATCH = (3, 4, 5), 8
SOURCE = from_arrays(
    "cloud",
    "train",
    {"image": np.random.default_rng(0).normal(1.0, 1.0, (37, 2)).astype(np.float32)},
    modality=POINTS,
)
VALUES = {
    "rate": jnp.float32([0.1, 0.05, 0.2]),
    "penalty": jnp.float32([1.0, 0.0, 3.0]),
    "fault": jnp.float32([-1, -1, -1]),
}
"""Hyperparameters of three members; ``fault`` is the step in which one becomes NaN."""

PAID = []
"""A note for every time that a penalty was computed."""


def penalty(outputs):
    jax.debug.callback(lambda step: PAID.append(int(step)), outputs.step)
    return jg.penalties.r1(outputs)


def terms(values, **discriminator):
    def faulty(outputs):
        return jnp.where(outputs.step == values["fault"], jnp.nan, 0.0)

    return jg.losses.nonsaturating.terms(generator={"fault": faulty}, discriminator=discriminator)


def plain(values):
    return games.gan(
        generator=games.NormalizedGenerator(),
        terms=terms(values),
        # A bias before batch normalization has no gradient; Adam would divide rounding by itself.
        optimizers={who: optax.adam(values["rate"], eps=1e-2) for who in ("g", "d")},
    )


def lazy(values):
    """All that a step may have: two critic updates, of which a penalty is in some steps only."""
    late = jg.every(3, jg.scale(values["penalty"], penalty))
    return games.gan(
        generator=games.NormalizedGenerator(),
        discriminator=games.Critic(rate=0.2),
        terms=terms(values, r1=late),
        optimizers={"g": optax.sgd(values["rate"]), "d": optax.sgd(values["rate"], momentum=0.5)},
        updates=(jg.D, jg.D, jg.G),
        reparametrize={"d": jg.spectral_norm()},
    )


def balanced(values):
    """BEGAN's controller, on the discriminator's squared logits as energies."""
    game = plain(values)
    energies = jg.losses.began.terms()
    square = lambda one: {n: jg.of_logits(jnp.square, term) for n, term in one.items()}  # noqa: E731
    return dataclasses.replace(
        game,
        terms={who: square(energies[who]) for who in ("g", "d")},
        adaptive={"k": 0.1},
        adapt=began_balance(0.7, values["rate"]),
        threshold=None,
    )


GAMES = {"plain": plain, "lazy": lazy, "balanced": balanced}
ONE = jax.devices()[:1]
PREPARE = preparation(POINTS, False)
TAKE = member_of(ONE)


def of_member(number, values=VALUES):
    return {name: value[number] for name, value in values.items()}


@functools.cache
def born(build):
    """The first states of all members, on the host."""

    def one(values, seed):
        return init(build(values), jax.random.key(seed), {"image": jnp.zeros((2, 2))})

    states = jax.jit(jax.vmap(one, out_axes=members.AXES))(VALUES, jnp.array(SEEDS))
    return states.replace(key=jax.random.key_data(states.key))


def population(build, mesh=None, alive=(True, True, True)):
    """They as a population, which may be donated."""
    states = jax.tree.map(jnp.copy, born(build))
    states = states.replace(key=jax.random.wrap_key_data(states.key))
    mesh = mesh or parallel.grid(ONE, 1)
    placed = jax.tree.map(lambda spec: NamedSharding(mesh, spec), SPECS)
    return jax.jit(lambda one: one, out_shardings=placed)(Population(states, jnp.array(alive)))


def engine_on(build, mesh):
    feed = stacked_feed(SOURCE, SEEDS, BATCH, "auto")
    return PopulationEngine(build, VALUES, PREPARE, feed, mesh, "loop", 2)


@functools.cache
def engine(build):
    return engine_on(build, parallel.grid(ONE, 1))


def trained(build, steps, values=VALUES):
    """The population after some steps, and the sums of their logs."""
    together, state = engine(build), population(build)
    place = lambda new, old: jax.device_put(new, old.sharding)  # noqa: E731
    together.hyperparameters = jax.tree.map(place, dict(values), together.hyperparameters)
    for step in range(0, steps, 2):
        state, logs = together(state, step, min(2, steps - step))
    return state, logs


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lazy", "plain", "balanced"])
def test_a_members_steps_equal_those_of_a_run_of_its_own(name):
    """With the same draws and data: the member's state and logs after two steps, and two more."""
    build = GAMES[name]
    feeds = [make_feed(SOURCE, seed=seed, batch_size=BATCH) for seed in SEEDS]
    solo = CompiledEngine(build, of_member(0), PREPARE, feeds[0], ONE, "pmap", "loop", 2)
    together, state = engine(build), population(build)
    for step in (0, 2):
        before = [TAKE(state, number) for number in range(3)]
        state, logs = together(state, step, 2)
        for number in range(3):
            solo.hyperparameters, solo._feed = of_member(number), feeds[number]
            expected, seen = solo(before[number], step, 2)
            found = games.own(TAKE(state, number))
            games.close(found, games.own(expected), rtol=1e-4, atol=5e-6)
            mine = jax.tree.map(lambda leaf, n=number: leaf[n], logs)
            assert games.means(mine) == pytest.approx(games.means(seen), rel=1e-4, abs=5e-6)


def test_members_differ():
    """The control: equal members would also agree with each other's own runs."""
    state, _ = trained(lazy, 2)
    kernels = [TAKE(state, number).players["g"].params["Dense_0"]["kernel"] for number in range(3)]
    assert not any(np.allclose(kernels[i], kernels[j]) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_a_penalty_that_is_not_due_is_not_computed():
    jax.effects_barrier()
    PAID.clear()
    trained(lazy, 6)
    jax.effects_barrier()
    assert sorted(PAID) == [0, 0, 3, 3], "for all members at once, by two critic updates"


def test_what_is_not_done_in_every_step_stays_a_branch():
    def build(values):
        late = jg.every(3, jg.scale(values["penalty"], jg.penalties.r1))
        updates = (jg.D, dataclasses.replace(jg.G, every=2))
        return games.gan(terms=terms(values, r1=late), updates=updates)

    def branches(axes):
        step = training_step(build, PREPARE)
        many = jax.vmap(step, in_axes=(axes, 0, None, 1), out_axes=(axes, 0))
        alone = jax.vmap(many, in_axes=None, axis_size=1, axis_name=AXIS, out_axes=None)
        states = population(build).members
        if axes == 0:
            states = states.replace(step=jnp.zeros(3, jnp.int32))
        chunk = jnp.zeros((2, 3, BATCH), jnp.int32)
        found = jax.make_jaxpr(alone)(states, VALUES, (flat(SOURCE.arrays()), {}), chunk)
        return str(found).count(" cond[")

    assert branches(members.AXES) >= 2
    assert branches(0) == 0, "the control: a step for each member makes selections of them"


def test_a_member_that_diverges_is_frozen_and_the_others_do_not_notice():
    state, logs = trained(lazy, 4, VALUES | {"fault": jnp.float32([-1, 2, -1])})
    assert np.isnan(logs["g/loss"].total).tolist() == [False, True, False]
    assert state.alive.tolist() == [True, False, True]
    assert int(state.step) == 4
    sound, _ = trained(lazy, 4)
    before, _ = trained(lazy, 2)
    for number, expected in ((0, sound), (1, before), (2, sound)):
        found, wanted = own(state, number), own(expected, number)
        assert games.same(found, wanted)


def own(state, number):
    """What a test compares of a member: all but the number of the step, and the key."""
    return games.own(TAKE(state, number))[1:]


def test_steps_and_hyperparameters_share_one_executable(caplog):
    trained(lazy, 2)
    with caplog.at_level(logging.DEBUG, "jax._src.interpreters.pxla"):
        trained(lazy, 3, VALUES | {"rate": VALUES["rate"] / 2})
        assert "Compiling jit(run)" not in caplog.text
        jax.jit(lambda run: run + 1, inline=False)(np.zeros(11))
        assert "Compiling jit(" in caplog.text, "the control: what is compiled is heard of"


@pytest.mark.parametrize(
    "count, groups",
    [
        pytest.param(3, 3, id="members"),
        pytest.param(8, 1, id="rows"),
        pytest.param(6, 3, id="both"),
    ],
)
@pytest.mark.slow
def test_members_or_rows_or_both_over_devices_equal_one_device(count, groups):
    mesh = parallel.grid(jax.devices()[:count], groups)
    state, _ = engine_on(plain, mesh)(population(plain, mesh), 0, 2)
    expected, _ = trained(plain, 2)
    taken = member_of(jax.devices()[:count])
    for number in range(3):
        found = taken(state, number)
        assert found.players["d"].params["Dense_0"]["kernel"].sharding.is_fully_replicated
        games.close(games.own(found)[1:], own(expected, number), rtol=1e-4, atol=5e-6)


def test_the_order_of_the_data_is_each_members_own():
    chunk = stacked_feed(SOURCE, SEEDS, BATCH, "resident").chunk(3, 4)
    for number, seed in enumerate(SEEDS):
        expected = make_feed(SOURCE, seed=seed, batch_size=BATCH).chunk(3, 4)
        np.testing.assert_array_equal(chunk[:, number], expected)


def test_data_that_are_streamed_are_refused():
    with pytest.raises(UserError, match="train one after another, or give --data-mode resident"):
        stacked_feed(SOURCE, SEEDS, BATCH, "streamed")
