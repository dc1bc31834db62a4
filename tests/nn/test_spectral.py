"""Spectral normalization against SVD, and the same critic for every use in a phase."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import penalties
from jaxgan.data.datasets import RING
from jaxgan.experiment import Task
from jaxgan.game.gan import SIMULTANEOUS
from jaxgan.game.terms import scale
from jaxgan.nn import spectral
from jaxgan.sampling.sampler import sampler_of
from support import games

NORMALIZED = spectral.spectral_norm()
NORMALIZE = jax.jit(spectral.normalize)


def largest(kernel):
    return np.linalg.svd(np.asarray(kernel).reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.fixture
def params():
    random = np.random.default_rng(0)
    rng = lambda *shape: jnp.asarray(random.normal(size=shape), jnp.float32)  # noqa: E731
    return {
        "conv": {"kernel": rng(3, 3, 4, 6), "bias": rng(6)},
        "dense": {"kernel": rng(5, 7)},
        "classes": {"embedding": rng(10, 3)},
        "norm": {"scale": rng(4)},
    }


def test_each_kernel_s_largest_singular_value_becomes_one(params):
    us = spectral.vectors(jax.random.key(0), params)
    assert {name: u.shape for name, u in us.items()} == {
        "conv/kernel": (6,),
        "dense/kernel": (7,),
        "classes/embedding": (3,),
    }
    for _ in range(200):
        found, us = NORMALIZE(params, us)
    for layer, leaf in (("conv", "kernel"), ("dense", "kernel"), ("classes", "embedding")):
        np.testing.assert_allclose(largest(found[layer][leaf]), 1.0, rtol=1e-4)
        ratio = np.asarray(params[layer][leaf] / found[layer][leaf])
        np.testing.assert_allclose(ratio, largest(params[layer][leaf]), rtol=1e-4)
    np.testing.assert_array_equal(found["conv"]["bias"], params["conv"]["bias"])
    np.testing.assert_array_equal(found["norm"]["scale"], params["norm"]["scale"])


def test_one_iteration_is_algorithm_1(params):
    us = spectral.vectors(jax.random.key(1), params)
    found, moved = spectral.normalize(params, us)
    matrix = np.asarray(params["dense"]["kernel"], np.float64)
    v = matrix @ np.asarray(us["dense/kernel"], np.float64)
    v /= np.linalg.norm(v)
    u = matrix.T @ v
    u /= np.linalg.norm(u)
    np.testing.assert_allclose(moved["dense/kernel"], u, rtol=1e-5)
    np.testing.assert_allclose(found["dense"]["kernel"], matrix / (v @ matrix @ u), rtol=1e-5)


def test_only_what_is_asked_for_is_normalized(params):
    us = spectral.vectors(jax.random.key(0), params, where=lambda path: "dense" in path)
    assert list(us) == ["dense/kernel"]


def test_gradients_flow_through_the_norm(params):
    """Equation 12: those of W / sigma(W) at the true singular vectors, by central differences."""
    us = spectral.vectors(jax.random.key(0), params)
    for _ in range(300):
        us = NORMALIZE(params, us)[1]
    random = np.random.default_rng(1)
    direction = random.normal(size=(5, 7))
    target = random.normal(size=(5, 7))

    def loss(kernel):
        changed = {**params, "dense": {"kernel": kernel}}
        return jnp.sum(spectral.normalize(changed, us)[0]["dense"]["kernel"] * target)

    kernel = np.asarray(params["dense"]["kernel"], np.float64)
    exact = lambda kernel: np.sum(kernel / largest(kernel) * target)  # noqa: E731
    e = 1e-5
    expected = (exact(kernel + e * direction) - exact(kernel - e * direction)) / (2 * e)
    found = np.sum(np.asarray(jax.jit(jax.grad(loss))(params["dense"]["kernel"])) * direction)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def game(**changes):
    base = games.gan()
    terms = {
        "g": base.terms["g"],
        "d": {**base.terms["d"], "r1": scale(0.5, penalties.r1)},
    }
    return games.gan(terms=terms, reparametrize={"d": NORMALIZED}, **changes)


GAME = game(updates=SIMULTANEOUS)
ONE = games.Runner(GAME)


def test_a_step_iterates_once_and_every_use_sees_one_critic():
    """The step of a hand-written critic, whose weights are normalized once, outside."""
    start = games.born(GAME)
    chunk = games.points(1, GAME, 8)
    before = jax.tree.map(jnp.copy, start.players["d"])
    after, logs = ONE(games.copied(start), chunk)
    found, moved = spectral.normalize(before.params, before.stats[spectral.COLLECTION])
    for name, u in after.players["d"].stats[spectral.COLLECTION].items():
        np.testing.assert_allclose(u, moved[name], atol=1e-6)

    bare = games.gan(terms=GAME.terms, updates=SIMULTANEOUS)
    plain = games.born(bare)
    plain = games.with_params(plain, "d", found)
    plain = games.with_params(plain, "g", start.players["g"].params)
    plain = plain.replace(key=jnp.copy(start.key))
    _, expected = games.Runner(bare)(plain, chunk)
    ours, theirs = games.means(logs), games.means(expected)
    for name in ("d/loss", "d/r1", "g/loss", "d/logits_real"):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-5), name


def test_one_device_and_eight_agree():
    chunk, devices = games.points(2, GAME, 8), jax.devices()
    one, _ = ONE.one_by_one(games.born(GAME), chunk)
    eight, _ = games.Runner(GAME, devices).one_by_one(games.born(GAME, devices), chunk)
    games.close(games.own(one), games.own(eight), rtol=2e-4, atol=1e-5)


def test_the_generator_draws_with_the_weights_it_was_trained_with():
    gan = games.gan(reparametrize={"g": NORMALIZED})
    state = games.born(gan)

    sampler = sampler_of(gan, state, Task.of(RING), "raw")
    drawn = sampler(5)
    params, _ = spectral.normalize(state.players["g"].params, state.players["g"].stats["spectral"])
    latents = jnp.asarray(sampler.latents(5))
    expected = gan.generator.apply({"params": params}, latents, train=False)
    np.testing.assert_allclose(drawn, expected, rtol=1e-5, atol=1e-6)
    raw = gan.generator.apply({"params": state.players["g"].params}, latents, train=False)
    assert np.abs(drawn - raw).max() > 1e-3
