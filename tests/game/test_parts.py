"""Accumulated gradients of parts of the rows are those of all rows."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.errors import UserError
from jaxgan.game.gan import SIMULTANEOUS, D, G, Phase
from jaxgan.game.parts import in_parts
from jaxgan.game.terms import scale
from jaxgan.nn import spectral
from support import games

ROWS = 12
PENALIZED = losses.nonsaturating.terms(
    discriminator={"r1": scale(2.0, penalties.r1), "gp": penalties.gradient_penalty}
)
GAMES = {
    "alternating": games.gan(updates=(D, D, G), terms=PENALIZED),
    "spectral norm": games.gan(reparametrize={"d": spectral.spectral_norm()}),
    "simultaneous": games.gan(
        updates=SIMULTANEOUS, optimizers=dict.fromkeys("gd", optax.adam(0.1))
    ),
    "packs": games.gan(forward=forward.packed(2, forward.unconditional(forward.normal(3)))),
}
COUPLED = {
    "batch norm": games.gan(discriminator=games.Critic(norm=True)),
    "dropout": games.gan(discriminator=games.Critic(rate=0.4)),
    "relativistic average": games.gan(terms=losses.average_relativistic.terms()),
    "DRAGAN's cloud": games.gan(
        terms=losses.nonsaturating.terms(discriminator={"dragan": penalties.dragan()})
    ),
    "unrolled": games.gan(updates=(D, Phase("g", real="same", unroll=1))),
}


def after(gan, steps=2, devices=1):
    """The state after some steps, and the means of the last."""
    runner = games.Runner(gan, jax.devices()[:devices])
    start = games.born(gan, runner.devices)
    state, logs = runner.one_by_one(start, games.points(steps, gan, ROWS))
    return games.own(state), logs[-1]


def marked(names, fast):
    return [name if name == fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("parts", marked([2, 3], 2))
@pytest.mark.parametrize("name", marked(GAMES, "spectral norm"))
def test_parts_make_the_step_of_all_rows(name, parts):
    gan = GAMES[name]
    whole, divided = after(gan), after(dataclasses.replace(gan, parts=parts))
    assert whole[1].keys() == divided[1].keys()
    for one, other in zip(*map(jax.tree.leaves, (whole, divided)), strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6)


@pytest.mark.slow
def test_parts_on_several_devices():
    gan = GAMES["alternating"]
    whole, divided = after(gan), after(dataclasses.replace(gan, parts=3), devices=2)
    for one, other in zip(*map(jax.tree.leaves, (whole, divided)), strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", COUPLED)
def test_rows_that_see_each_other_are_refused(name):
    with pytest.raises(UserError, match="--accumulate 2: rows of this game see or number"):
        after(dataclasses.replace(COUPLED[name], parts=2))


def test_parts_divide_the_rows():
    with pytest.raises(UserError, match="--accumulate 5: does not divide the 12 rows"):
        after(dataclasses.replace(GAMES["alternating"], parts=5))


def test_means_are_averaged_and_rows_kept():
    def function(factor, rows):
        return {"mean": factor * jnp.mean(rows), "count": jnp.int32(len(rows))}, -rows

    rows = jnp.arange(12.0)
    means, per_row = in_parts(function, 4)(2.0, rows)
    assert float(means["mean"]) == pytest.approx(11.0)
    assert int(means["count"]) == 3
    np.testing.assert_array_equal(per_row, -rows)
    assert in_parts(function, 1) is function
