"""Unrolling against an explicit loop, and phases that begin later."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import losses
from jaxgan.game.gan import D, G, Phase, moves
from jaxgan.game.network import Network
from jaxgan.nets import mlp
from jaxgan.rng import Rng, named
from support import games

ROWS, LR = 6, 0.1


def unrolled(k, **changes):
    return games.gan(updates=(Phase("g", unroll=k),), **changes)


@functools.cache
def plain_game():
    """The compiled step of the game that nothing is unrolled in."""
    return games.Runner(unrolled(0))


def test_a_critic_whose_simulated_updates_are_nothing_gives_the_plain_game():
    still = {"g": optax.sgd(LR), "d": optax.sgd(0.0)}
    chunk = games.points(1, unrolled(0), ROWS)
    ours, _ = games.Runner(unrolled(3, optimizers=still))(games.born(unrolled(0)), chunk)
    plain, _ = plain_game()(games.born(unrolled(0)), chunk)
    games.close(games.own(ours)[2], games.own(plain)[2], rtol=1e-5, atol=1e-7)
    before = games.arrays(games.born(unrolled(0)).players["g"].params)
    assert not games.same(before, games.arrays(ours.players["g"].params))


def test_adam_with_something_under_its_root_unrolls_through_units_that_are_dead():
    """Whose gradients are exactly zero; without ``eps_root`` everything becomes NaN."""

    def moved(root):
        networks = {"g": games.generator(), "d": mlp.Discriminator((4,))}
        adam = optax.adam(0.01, eps_root=root)
        gan = unrolled(2, networks=networks, optimizers={"g": optax.sgd(LR), "d": adam})
        start = games.born(gan)
        dead = games.arrays(start.players["d"].params)
        dead["Dense_0"]["bias"] = np.array([-1e3, 0, 0, 0], np.float32)
        after, _ = games.Runner(gan)(
            games.with_params(start, "d", dead), games.points(1, gan, ROWS)
        )
        return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(games.own(after)[2])])

    assert np.isfinite(moved(1e-16)).all()
    assert np.isnan(moved(0.0)).any()


@pytest.mark.parametrize(
    "optimizer, k",
    [
        ("sgd", 0),
        ("sgd", 3),
        ("adam", 1),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (("sgd", 1), ("adam", 3))),
    ],
)
def test_the_gradient_goes_through_k_updates_of_the_critic(k, optimizer):
    """Against autodiff of a loop that is written out here, on the same batch and latents."""
    make = {"sgd": optax.sgd(0.3), "adam": optax.adam(0.05, b1=0.5, eps_root=1e-8)}[optimizer]
    gan = unrolled(k, optimizers={"g": optax.sgd(LR), "d": make})
    start, chunk = games.born(gan), games.points(1, gan, ROWS)
    real = chunk["image"][0, 0]
    key = jax.random.fold_in(start.key, 0)
    rng = Rng(jax.random.fold_in(named(key, "latents"), 0), jnp.arange(ROWS))
    latents = gan.forward.prior(rng.named("latent"))
    critic, generator = gan.discriminator, gan.generator

    def d_loss(d, g):
        fake = generator.apply({"params": g}, latents, train=False)
        logit = lambda x: critic.apply({"params": d}, x, train=False)  # noqa: E731
        return jnp.mean(jax.nn.softplus(-logit(real))) + jnp.mean(jax.nn.softplus(logit(fake)))

    def g_loss(g):
        d, opt = start.players["d"].params, start.players["d"].opt
        for _ in range(k):
            update, opt = make.update(jax.grad(d_loss)(d, g), opt, d)
            d = optax.apply_updates(d, update)
        fake = generator.apply({"params": g}, latents, train=False)
        return jnp.mean(jax.nn.softplus(-critic.apply({"params": d}, fake, train=False)))

    g, d = (games.arrays(start.players[who].params) for who in ("g", "d"))
    loss, gradient = jax.jit(jax.value_and_grad(g_loss))(g)
    expected = jax.tree.map(lambda p, grad: p - LR * grad, g, gradient)
    after, logs = games.Runner(gan)(games.copied(start), chunk)
    games.close(games.arrays(after.players["g"].params), games.arrays(expected), 1e-5, 1e-6)
    assert games.same(games.arrays(after.players["d"].params), d)  # only simulated
    assert games.means(logs)["g/loss"] == pytest.approx(float(loss), rel=1e-5)
    if k == 0:
        return
    plain, _ = plain_game()(games.born(gan), chunk)
    gap = jax.tree.map(
        lambda a, b: np.abs(a - b).max(), games.arrays(plain.players["g"].params), expected
    )
    assert max(jax.tree.leaves(gap)) > 1e-4  # the control: it is another gradient


def test_one_device_and_eight_unroll_alike():
    gan = games.gan(updates=(D, dataclasses.replace(G, unroll=2)))
    chunk = games.points(1, gan, 8)
    one, _ = games.Runner(gan)(games.born(gan), chunk)
    devices = jax.devices()
    eight, _ = games.Runner(gan, devices)(games.born(gan, devices), chunk)
    games.close(games.own(one), games.own(eight), rtol=1e-4, atol=1e-6)


def test_phases_may_begin_later():
    late = Phase("d", every=3, first=2)
    gan = games.gan(updates=(late, G), terms={
        "g": {"adversarial": losses.nonsaturating.generator},
        "d": {"adversarial": losses.nonsaturating.discriminator},
    })  # fmt: skip
    runner, state = games.Runner(gan), games.born(gan)
    chunk = games.points(7, gan, 4)
    seen = []
    for number in range(7):
        one = {"image": chunk["image"][number : number + 1]}
        before = games.arrays(state.players["d"].params)
        state, _ = runner(state, one)
        seen.append(not games.same(before, games.arrays(state.players["d"].params)))
    assert seen == [False, False, True, False, False, True, False]
    assert [moves((late,), "d", steps) for steps in range(8)] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert [moves((Phase("d", every=3),), "d", steps) for steps in range(5)] == [0, 1, 1, 1, 2]
    with pytest.raises(ValueError, match="`first` must be below `every`"):
        games.Runner(games.gan(updates=(Phase("d", every=2, first=2), G)))(
            games.born(games.gan()), chunk
        )


def test_terms_see_the_parameters_of_the_phase():
    """The differentiated ones: a penalty of weights has a gradient."""

    def weight_decay(outputs):
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(outputs.params["d"]))

    gan = games.gan(updates=(D,), terms={"g": {}, "d": {"decay": weight_decay}})
    start = games.born(gan)
    before = games.arrays(start.players["d"].params)
    after, _ = games.Runner(gan)(start, games.points(1, gan, 4))
    expected = jax.tree.map(lambda leaf: leaf * (1 - 2 * LR), before)
    games.close(games.arrays(after.players["d"].params), expected, rtol=1e-5, atol=1e-7)
    assert isinstance(gan.network("d", before, {}), Network)
