"""The step against hand-written loops, and its gradients against finite differences."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.game.gan import ALTERNATING, SIMULTANEOUS, D, G, Phase
from jaxgan.game.step import make_step
from jaxgan.game.terms import Cost, scale
from jaxgan.nets import mlp
from jaxgan.nn import spectral
from jaxgan.rng import Rng, named
from jaxgan.types import Mean
from support import games

ROWS, LR = 6, 0.1

# Gradients


DIFFERENTIATED = {
    "r1": ({}, {"r1": scale(2.0, penalties.r1)}),
    "dropout and r1": ({"rate": 0.4}, {"r1": penalties.r1, "r2": penalties.r2}),
    "batch norm and r1": ({"norm": True}, {"r1": penalties.r1}),
}


@pytest.mark.parametrize("case", DIFFERENTIATED)
def test_the_gradient_of_each_player_equals_central_differences(case):
    """Of the loss that the step itself reports, in a random direction in each array."""
    critic, terms = DIFFERENTIATED[case]
    generator = games.NormalizedGenerator() if critic.get("norm") else games.generator()
    base = games.gan()
    game = games.gan(
        generator=generator,
        discriminator=games.Critic(**critic),
        terms={"g": base.terms["g"], "d": {**base.terms["d"], **terms}},
        updates=SIMULTANEOUS,
        optimizers={"g": optax.sgd(LR), "d": optax.sgd(LR)},
    )
    runner, chunk, start = games.Runner(game), games.points(1, game, ROWS), games.born(game)
    after, _ = runner(games.copied(start), chunk)
    random = np.random.default_rng(0)
    for who in ("g", "d"):
        old = games.arrays(start.players[who].params)
        new = games.arrays(after.players[who].params)
        gradient = jax.tree.map(lambda old, new: (old - new) / LR, old, new)
        for number in range(len(jax.tree.leaves(old))):
            direction = one_array(random, old, number)

            def loss(size, who=who, old=old, direction=direction):
                params = jax.tree.map(lambda x, v: x + np.float32(size) * v, old, direction)
                _, logs = runner(games.with_params(start, who, params), chunk)
                return games.means(logs)[f"{who}/loss"]

            e = 0.03  # fourth order: the error is about e^4 = 1e-6, rounding 1e-7 / e = 3e-6
            slope = (8 * (loss(e) - loss(-e)) - (loss(2 * e) - loss(-2 * e))) / (12 * e)
            got = optax.tree.vdot(gradient, direction)
            assert got == pytest.approx(slope, rel=1e-3, abs=5e-5), (who, number)


def one_array(random, tree, number):
    """A direction of length one in array ``number`` of the tree, zero elsewhere."""
    leaves, structure = jax.tree.flatten(jax.tree.map(np.zeros_like, tree))
    leaves[number] = random.normal(size=leaves[number].shape).astype(np.float32)
    leaves[number] /= np.linalg.norm(leaves[number])
    return jax.tree.unflatten(structure, leaves)


# Phases

ADAM = {"g": optax.adam(0.02, b1=0.5), "d": optax.adam(0.03, b1=0.5)}


def first_moments(outputs):
    """A term of the generator that looks at real data."""
    return jnp.sum(jnp.square(jnp.mean(outputs.fake, 0) - jnp.mean(outputs.real, 0)))


PLAYED = games.gan(
    generator=games.generator((4,)),
    discriminator=mlp.Discriminator((4,), activation=nn.tanh),
    terms={
        "g": {"adversarial": losses.nonsaturating.generator, "moments": first_moments},
        "d": {"adversarial": losses.nonsaturating.discriminator},
    },
    optimizers=ADAM,
)

# What moves together, each as (player, number of real batch, number of latents).
ORDERS = {
    "alternating": (ALTERNATING, [[("d", 0, 0)], [("g", 0, 1)]]),
    "simultaneous": (SIMULTANEOUS, [[("d", 0, 0), ("g", 0, 0)]]),
    "five to one": (
        (D,) * 5 + (G,),
        [[("d", n, n)] for n in range(5)] + [[("g", 4, 5)]],
    ),
    "one to two (PacGAN)": (
        (D, G, Phase("g", real="same", latents="same")),
        [[("d", 0, 0)], [("g", 0, 1)], [("g", 0, 1)]],
    ),
    "generator first (CycleGAN)": (
        (Phase("g"), Phase("d", real="same", latents="same")),
        [[("g", 0, 0)], [("d", 0, 0)]],
    ),
}


def latents(key, step, number):
    """The numbers that a run draws; changing them changes every published run."""
    key = jax.random.fold_in(key, step)
    key = jax.random.fold_in(named(key, "latents"), number)
    return Rng(named(key, "latent"), jnp.arange(ROWS, dtype=jnp.int32)).normal((3,))


def perceptron(params, x):
    first, last = params["Dense_0"], params["Dense_1"]
    return jnp.tanh(x @ first["kernel"] + first["bias"]) @ last["kernel"] + last["bias"]


def log_sigmoid(x):
    return -jnp.log(1 + jnp.exp(-x))


def loss_by_hand(own, who, params, real, z):
    params = {**params, who: own}
    fake = perceptron(params["g"], z)
    judged_fake = perceptron(params["d"], fake)
    if who == "g":
        moments = jnp.sum((fake.mean(0) - real.mean(0)) ** 2)
        return -log_sigmoid(judged_fake).mean() + moments
    judged_real = perceptron(params["d"], real)
    return -log_sigmoid(judged_real).mean() - log_sigmoid(-judged_fake).mean()


GRADIENT_BY_HAND = jax.jit(jax.grad(loss_by_hand), static_argnums=1)
ADAM_BY_HAND = {who: jax.jit(tx.update) for who, tx in ADAM.items()}


@pytest.mark.parametrize("order", ORDERS)
def test_phases_equal_a_loop_written_by_hand(order):
    updates, groups = ORDERS[order]
    game = dataclasses.replace(PLAYED, updates=updates)
    chunk, state = games.points(2, game, ROWS), games.born(game)
    fresh = 1 + max(batch for group in groups for _, batch, _ in group)
    assert chunk["image"].shape[1] == fresh
    key = jax.random.wrap_key_data(np.array(jax.random.key_data(state.key)))
    params = {who: games.arrays(state.players[who].params) for who in "gd"}
    memory = {who: ADAM[who].init(params[who]) for who in "gd"}
    for step in range(2):
        for group in groups:
            gradients = [
                (who, GRADIENT_BY_HAND(params[who], who, params, chunk["image"][step, batch], z))
                for who, batch, number in group
                for z in [latents(key, step, number)]
            ]
            for who, gradient in gradients:
                change, memory[who] = ADAM_BY_HAND[who](gradient, memory[who], params[who])
                params[who] = optax.apply_updates(params[who], change)
    state, _ = games.Runner(game).one_by_one(state, chunk)
    for who in "gd":
        games.close(state.players[who].params, params[who], rtol=1e-4, atol=1e-5)
        games.close(state.players[who].opt, memory[who], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("who, other", ["gd", "dg"])
def test_a_phase_leaves_the_other_player_as_it_was(who, other):
    networks = {"g": games.NormalizedGenerator(), "d": games.Critic(norm=True)}
    game = games.gan(networks=networks, optimizers=ADAM, updates=(Phase(who),))
    state = games.born(game)
    before = games.arrays(state.players)
    state, logs = games.Runner(game)(state, games.points(1, game, ROWS))
    after = games.arrays(state.players)
    assert games.same(after[other], before[other])
    for part in ("params", "stats", "opt"):
        old, new = getattr(before[who], part), getattr(after[who], part)
        pairs = zip(jax.tree.leaves(old), jax.tree.leaves(new), strict=True)
        assert any(not np.array_equal(x, y) for x, y in pairs), part
    assert not [name for name in logs if name.startswith(f"{other}/")]


def broken(outputs):
    return jnp.asarray(jnp.nan)


def test_a_phase_may_minimize_some_terms_on_some_steps():
    """StyleGAN2's lazy phases: R1 alone, by an Adam step of its own, every third step."""
    game = games.gan(
        terms={
            "g": {"adversarial": losses.nonsaturating.generator, "broken": broken},
            "d": {"adversarial": broken, "r1": penalties.r1},
        },
        updates=(
            Phase("g", terms=("adversarial",)),
            Phase("d", real="same", terms=("r1",), every=3),
        ),
    )
    runner, state, moved = games.Runner(game), games.born(game), []
    chunk = games.points(4, game, ROWS)
    for step in range(4):
        before = games.arrays(state.players)
        state, logs = runner(state, {"image": chunk["image"][step : step + 1]})
        after = games.arrays(state.players)
        assert not games.same(before["g"].params, after["g"].params)
        moved.append(not games.same(before["d"], after["d"]))
        assert float(logs["d/r1"].count) == moved[-1]
        assert float(logs["g/adversarial"].count) == 1
        assert not {"d/adversarial", "g/broken"} & set(logs)
    assert moved == [True, False, False, True]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(after))


def test_phases_that_move_together_must_be_due_together():
    game = games.gan(updates=((D, Phase("g", every=2)),))
    with pytest.raises(ValueError, match="one `every`"):
        make_step(game)


# Statistics, logs, adaptive state


class Normed(nn.Module):
    """Batch normalization alone."""

    @nn.compact
    def __call__(self, x, *, train):
        norm = games.BatchNorm(use_running_average=not train, momentum=0.9)
        return jnp.sum(norm(x), axis=-1)


class Training(nn.Module):
    """A generator whose samples are its latents, but for a parameter that is zero."""

    @nn.compact
    def __call__(self, latent, *, train):
        return latent + self.param("shift", nn.initializers.zeros, (2,))


def test_running_moments_are_those_of_the_global_batch_real_then_fake():
    def third(rng, truncation=None):
        return rng.rows[:, None].astype(jnp.float32) / jnp.array([3.0, 5.0])

    game = games.gan(prior=third, generator=Training(), discriminator=Normed(), updates=(D,))
    devices = jax.devices()[:4]
    chunk, state = games.points(1, game, 8), games.born(game, devices)
    state, _ = games.Runner(game, devices)(state, chunk)
    mean, var = np.zeros(2), np.ones(2)
    for x in (chunk["image"][0, 0], np.arange(8)[:, None] / np.array([3.0, 5.0])):
        mean, var = 0.9 * mean + 0.1 * x.mean(0), 0.9 * var + 0.1 * x.var(0)
    running = state.players["d"].stats["batch_stats"]["BatchNorm_0"]
    np.testing.assert_allclose(running["mean"], mean, rtol=1e-5)
    np.testing.assert_allclose(running["var"], var, rtol=1e-5)


# Whose statistics a phase keeps

BOTH = Phase("d", moves_stats=("d", "g"))


class NormedLatents(nn.Module):
    """A generator that is a batch normalization."""

    @nn.compact
    def __call__(self, latent, *, train):
        return games.BatchNorm(use_running_average=not train, momentum=0.9)(latent)


def nothing(rng, truncation=None):
    """Latents of no variance: each pass leaves 0.9 of the generator's running one."""
    return jnp.zeros((len(rng.rows), 2))


SHARES = {
    "5 + 1, each its own": ((D,) * 5 + (G,), [0.9, 0.9**2]),
    "5 + 1, the generator's in all": ((BOTH,) * 5 + (G,), [0.9**6, 0.9**12]),
    "nobody's": ((Phase("d", moves_stats=()), Phase("g", moves_stats=())), [1.0]),
    "simultaneous": (((BOTH, Phase("g", moves_stats=())),), [0.9]),
    "lazy": ((dataclasses.replace(BOTH, every=2, first=1), G), [0.9, 0.9**3]),
    "unrolled generator": ((BOTH, dataclasses.replace(G, unroll=2)), [0.9**2]),
    "unrolled discriminator": ((dataclasses.replace(BOTH, unroll=2), G), [0.9**4]),
}
"""What is left of the generator's initial running variance after each step."""


@pytest.mark.parametrize("case", SHARES)
def test_passes_whose_statistics_stay_move_the_generators_running_variance(case):
    updates, shares = SHARES[case]
    networks = {"g": NormedLatents(), "d": games.Critic()}
    game = games.gan(prior=nothing, networks=networks, updates=updates)
    runner, state, chunk = games.Runner(game), games.born(game), games.points(2, game, ROWS)
    for step, share in enumerate(shares):
        state, _ = runner(state, {"image": chunk["image"][step : step + 1]})
        var = state.players["g"].stats["batch_stats"]["BatchNorm_0"]["var"]
        np.testing.assert_allclose(var, share, rtol=1e-5)


MOVING = games.gan(
    generator=games.NormalizedGenerator(),
    discriminator=games.Critic(norm=True),
    updates=(BOTH, BOTH, G),
)


@pytest.fixture(scope="module")
def moving():
    """Two steps of it on one device, and their real batches."""
    chunk = games.points(2, MOVING, 8)
    state, _ = games.Runner(MOVING)(games.born(MOVING), chunk)
    return chunk, state


def test_moments_that_a_phase_keeps_change_no_gradient(moving):
    chunk, shared = moving
    game = dataclasses.replace(MOVING, updates=(D, D, G))
    alone, _ = games.Runner(game)(games.born(game), chunk)
    shared, alone = games.arrays(shared.players), games.arrays(alone.players)
    assert games.same(shared["d"], alone["d"])
    assert games.same(shared["g"].params, alone["g"].params)
    pairs = zip(*(jax.tree.leaves(each["g"].stats) for each in (shared, alone)), strict=True)
    assert not any(np.allclose(x, y) for x, y in pairs)


def test_one_device_and_eight_keep_the_same_statistics(moving):
    chunk, one = moving
    devices = jax.devices()
    eight, _ = games.Runner(MOVING, devices)(games.born(MOVING, devices), chunk)
    games.close(games.own(one), games.own(eight), rtol=1e-4, atol=1e-6)


def test_singular_vectors_are_statistics_too():
    """One step of the power iteration for each phase that keeps the generator's statistics."""
    game = games.gan(reparametrize={"g": spectral.spectral_norm()}, updates=(BOTH, D, BOTH))
    state, chunk = games.born(game), games.points(1, game, ROWS)
    generator = state.players["g"]
    vectors = generator.stats[spectral.COLLECTION]
    for _ in range(2):
        vectors = spectral.normalize(generator.params, vectors)[1]
    expected = games.arrays(vectors)
    state, _ = games.Runner(game)(state, chunk)
    games.close(
        games.arrays(state.players["g"].stats[spectral.COLLECTION]), expected, rtol=1e-5, atol=1e-6
    )


def test_phases_that_move_together_may_not_keep_the_same_statistics():
    """Both begin at the same ones, so the second would undo the first."""
    game = games.gan(updates=((BOTH, G),))
    with pytest.raises(ValueError, match="must not keep the statistics of the same player"):
        make_step(game)


LOGGED = games.gan(
    generator=Training(),
    discriminator=games.Critic(),
    prior=forward.normal(2),
    updates=(D, D, G),
    adaptive={"k": 0.25},
    terms={
        "d": {
            "adversarial": lambda outputs: Cost(
                jnp.mean(outputs.real_logits)
                - outputs.adaptive["k"] * jnp.mean(outputs.fake_logits),
                {
                    "": Mean.of(outputs.adaptive["k"]),
                    "real": Mean.of(jnp.mean(outputs.real_logits)),
                    "fake": Mean.of(jnp.mean(outputs.fake_logits)),
                },
            )
        },
        "g": {"adversarial": losses.wasserstein.generator},
    },
    # BEGAN's controller (Berthelot et al. 2017, equation 5), with a large gain.
    adapt=lambda adaptive, seen: {
        "k": jnp.clip(
            adaptive["k"]
            + 0.3
            * (0.5 * seen.logs["d/adversarial/real"].total - seen.logs["d/adversarial/fake"].total)
            / seen.logs["d/adversarial/real"].count,
            0.0,
            1.0,
        )
    },
)


@pytest.fixture(scope="module")
def logged():
    """Logs and states of three steps."""
    runner, state, seen = games.Runner(LOGGED), games.born(LOGGED), []
    chunk = games.points(3, LOGGED, ROWS)
    for step in range(3):
        before = games.arrays(state.players)
        state, logs = runner(state, {"image": chunk["image"][step : step + 1]})
        k = float(state.adaptive["k"])
        seen.append((before, games.arrays(state.players), games.arrays(logs), k))
    return chunk, seen


def test_a_controller_moves_adaptive_state_that_a_term_reads(logged):
    k = 0.25
    for _, _, logs, moved in logged[1]:
        value = games.means(logs)
        assert value["d/adversarial"] == pytest.approx(k)
        real, fake = value["d/adversarial/real"], value["d/adversarial/fake"]
        k = min(max(k + 0.3 * (0.5 * real - fake), 0.0), 1.0)
        assert moved == pytest.approx(k, abs=1e-6)
    assert len({moved for *_, moved in logged[1]}) > 1


def test_logs_are_means_over_the_phases_of_a_step(logged):
    _, seen = logged
    for before, after, logs, _ in seen:
        assert logs["d/loss"].count == 2
        assert logs["g/loss"].count == 1
        value = games.means(logs)
        moved = jax.tree.map(np.subtract, after["g"].params, before["g"].params)
        assert value["g/update_norm"] == pytest.approx(np.linalg.norm(moved["shift"]), rel=1e-4)
        assert value["g/gradient_norm"] == pytest.approx(10 * value["g/update_norm"], rel=1e-5)
        shift = np.linalg.norm(after["g"].params["shift"])
        assert value["g/parameter_norm"] == pytest.approx(shift, rel=1e-5)


@pytest.mark.parametrize(
    "threshold, of_real, of_fake", [(0.0, 3 / 4, 1 / 4), (2.0, 2 / 4, 3 / 4), (None, None, None)]
)
def test_the_discriminators_accuracy_counts_logits_on_their_side_of_the_threshold(
    threshold, of_real, of_fake
):
    class Coordinate(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return x[:, 0] * self.param("weight", nn.initializers.ones, ())

    def ramp(rng, truncation=None):
        return jnp.stack([rng.rows.astype(jnp.float32) - 0.5] * 2, axis=1)

    networks = {"g": Training(), "d": Coordinate()}
    game = games.gan(prior=ramp, networks=networks, updates=(D,), threshold=threshold)
    real = np.array([[3.0, 0], [1, 0], [-2, 0], [4, 0]], np.float32)[None, None]
    _, logs = games.Runner(game)(games.born(game), {"image": real})
    value = games.means(logs)
    assert value["d/logits_real"] == pytest.approx(1.5)
    assert value["d/logits_fake"] == pytest.approx(1.0)
    assert value.get("d/accuracy_real") == of_real
    assert value.get("d/accuracy_fake") == of_fake  # fakes are at -0.5, 0.5, 1.5 and 2.5


def test_dropout_and_penalty_noise_are_new_in_every_step_and_phase():
    def noise(outputs):
        return Cost(jnp.zeros(()), {"": Mean.of(jnp.sum(outputs.rng.normal(())))})

    game = games.gan(
        generator=games.generator(),
        discriminator=games.Critic(rate=0.5),
        optimizers={who: optax.sgd(0.0) for who in "gd"},
        terms={who: {"noise": noise, "logits": lambda r: r.real_logits.sum()} for who in "gd"},
        updates=(D, G),
    )
    chunk = {"image": np.ones((2, 1, ROWS, 2), np.float32)}
    _, seen = games.Runner(game).one_by_one(games.born(game), chunk)
    for name in ("noise", "logits"):
        values = [logs[f"{who}/{name}"] for logs in seen for who in "gd"]
        assert len(set(values)) == 4, name
