"""Rematerialized steps are the same steps, of programs that compute more and keep less."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import losses, penalties
from jaxgan.game.gan import D, G, Phase
from jaxgan.game.remat import cuts, rematerialized
from jaxgan.game.terms import scale
from jaxgan.nn import spectral
from support import games

PENALIZED = losses.nonsaturating.terms(
    discriminator={"r1": scale(2.0, penalties.r1), "gp": penalties.gradient_penalty}
)
NORMALIZED = {"generator": games.NormalizedGenerator(), "discriminator": games.Critic(norm=True)}
GAMES = {
    "everything": games.gan(
        **{**NORMALIZED, "discriminator": games.Critic(norm=True, rate=0.4)},
        reparametrize={"d": spectral.spectral_norm()},
        terms=PENALIZED,
        updates=(D, D, G),
    ),
    "plain": games.gan(),
    "unrolled": games.gan(updates=(D, Phase("g", real="same", unroll=1))),
    "parts": games.gan(terms=PENALIZED, parts=2),
}


def after(gan, devices=1):
    """The state after two steps, and the means of the last."""
    runner = games.Runner(gan, jax.devices()[:devices])
    start = games.born(gan, runner.devices)
    state, logs = runner.one_by_one(start, games.points(2, gan, 8))
    return games.own(state), logs[-1]


@pytest.mark.parametrize(
    "name, devices",
    [
        ("plain", 1),
        pytest.param("everything", 2, marks=pytest.mark.slow),
        *(pytest.param(name, 1, marks=pytest.mark.slow) for name in ("unrolled", "parts")),
    ],
)
def test_a_rematerialized_step_is_the_step(name, devices):
    gan = GAMES[name]
    plain, again = after(gan, devices), after(dataclasses.replace(gan, remat=True), devices)
    assert plain[1].keys() == again[1].keys()
    for one, other in zip(*map(jax.tree.leaves, (plain, again)), strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6)


def named(jaxpr, name):
    """How many equations of a program, and of those inside, have this primitive."""
    count = 0
    for equation in jaxpr.eqns:
        inside = jax.tree.leaves(list(equation.params.values()), is_leaf=is_jaxpr)
        count += equation.primitive.name == name
        count += sum(named(getattr(one, "jaxpr", one), name) for one in inside if is_jaxpr(one))
    return count


def is_jaxpr(value):
    return hasattr(value, "eqns")


def program(gan):
    """A step of two devices, as JAX writes it."""
    runner = games.Runner(gan, jax.devices()[:2])
    state = jax.eval_shape(lambda: games.born(gan))
    chunk = games.points(1, gan, 8)
    chunk = {"image": chunk["image"].reshape(1, -1, 2, 4, 2)}
    return jax.make_jaxpr(runner._one)(state, {}, {}, chunk, np.int32(1)).jaxpr


def test_devices_exchange_no_more_than_without():
    """Moments of batch normalizations are kept, so that no derivative asks for them again."""
    gan = games.gan(**NORMALIZED)
    plain, again = (program(dataclasses.replace(gan, remat=on)) for on in (False, True))
    assert named(again, "tanh") > named(plain, "tanh") > 0
    exchanges = [
        sum(named(one, name) for name in ("psum", "psum_invariant")) for one in (plain, again)
    ]
    assert exchanges[0] == exchanges[1] > 0


def chain(layers, x):
    """Layers of one width: of each, a product and a nonlinearity."""
    for kernel in layers:
        x = jnp.tanh(x @ kernel)
    return x


def kernels(depth, width=16):
    generator = np.random.default_rng(0)
    return [jnp.array(generator.normal(size=(width, width)) / 4, jnp.float32)] * depth


def kept(function, *arguments):
    """The numbers that a derivative keeps of the forward pass, but for arguments."""
    pull = jax.eval_shape(lambda *given: jax.vjp(function, *given)[1], *arguments)
    sizes = [leaf.size for leaf in jax.tree.leaves(pull)]
    return sum(sizes) - sum(leaf.size for leaf in jax.tree.leaves(arguments))


def test_a_program_is_cut_where_little_crosses():
    """Wide and narrow layers take turns: cuts follow the narrow ones, whose results cross."""
    wide, narrow = jnp.zeros((4, 64)), jnp.zeros((64, 4))

    def hourglass(x):
        for _ in range(8):
            x = jnp.tanh(jnp.tanh(x @ wide) @ narrow)
        return x

    jaxpr = jax.make_jaxpr(hourglass)(jnp.zeros((100, 4))).jaxpr
    found = cuts(jaxpr)
    assert found
    for place in found:
        assert jaxpr.eqns[place - 1].outvars[0].aval.shape == (100, 4)


def test_cuts_of_a_deep_chain_are_about_the_square_root_of_its_depth():
    for depth in (9, 36, 64):
        jaxpr = jax.make_jaxpr(chain)(kernels(depth), jnp.zeros((1000, 16))).jaxpr
        assert abs(len(cuts(jaxpr)) + 1 - depth**0.5) <= 3


def test_what_is_not_worth_it_is_not_cut():
    assert cuts(jax.make_jaxpr(lambda x: x + 1.0)(jnp.zeros(8)).jaxpr) == []
    assert cuts(jax.make_jaxpr(lambda x: x)(jnp.zeros(8)).jaxpr) == []


@pytest.mark.parametrize("depth", [9, 36])
def test_derivatives_keep_the_square_root_of_a_deep_chain(depth):
    """Of each layer its result and the slope there, or one result of each segment."""
    arguments = kernels(depth), jnp.zeros((1000, 16))
    segments = len(cuts(jax.make_jaxpr(chain)(*arguments).jaxpr)) + 1
    one = 1000 * 16
    assert kept(chain, *arguments) == 2 * depth * one
    assert kept(rematerialized(chain), *arguments) == (segments - 1) * one


def test_values_and_derivatives_of_random_chains():
    for seed in range(3):
        random = np.random.default_rng(seed)
        widths = random.integers(1, 9, int(random.integers(2, 9)))
        layers = [
            jnp.array(random.normal(size=sides), jnp.float32)
            for sides in itertools.pairwise(widths)
        ]
        x = jnp.array(random.normal(size=(5, widths[0])), jnp.float32)
        found = [
            jax.jit(jax.value_and_grad(lambda *given, f=f: jnp.sum(f(*given) ** 2), (0, 1)))(
                layers, x
            )
            for f in (chain, rematerialized(chain))
        ]
        for one, other in zip(*map(jax.tree.leaves, found), strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
