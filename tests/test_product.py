"""Losses x penalties x networks: everything composes with everything.

Fast are a trace and a step of each loss and penalty with a perceptron; steps of the other networks
are the experiments' smokes. Slow are the product of losses and penalties, a trace of each with each
network, and steps for a cover in which each pair of the three occurs.
"""

import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import games
from jaxgan import augment, losses, penalties, plays
from jaxgan.game import Gan, Weights, init
from jaxgan.nets import biggan, dcgan, infogan, mlp, resnet, sagan, sndcgan
from jaxgan.nn import spectral
from jaxgan.step import make_step
from jaxgan.terms import scale
from jaxgan.types import AXIS

ROWS, SIDE, LATENT, CLASSES = 4, 32, 8, 3

F = {
    name: losses.__dict__[name]
    for name in (
        "kullback_leibler",
        "reverse_kullback_leibler",
        "pearson",
        "squared_hellinger",
        "jensen_shannon",
        "gan_divergence",
    )
}

LOSSES = {
    "minimax": (losses.minimax_discriminator, losses.minimax_generator),
    "nonsaturating": (losses.nonsaturating_discriminator, losses.nonsaturating_generator),
    "least squares": (losses.least_squares_discriminator(), losses.least_squares_generator()),
    "hinge": (losses.hinge_discriminator, losses.hinge_generator),
    "wasserstein": (losses.wasserstein_discriminator, losses.wasserstein_generator),
    "smoothed": (losses.smoothed_discriminator(0.9), losses.nonsaturating_generator),
    "top-k": (losses.nonsaturating_discriminator, losses.top_k_generator(3)),
    "relativistic": (losses.relativistic_discriminator, losses.relativistic_generator),
    "relativistic average": (
        losses.average_relativistic_discriminator,
        losses.average_relativistic_generator,
    ),
    "average least squares": (
        losses.average_least_squares_discriminator,
        losses.average_least_squares_generator,
    ),
    "average hinge": (losses.average_hinge_discriminator, losses.average_hinge_generator),
    **{name: (losses.f_discriminator(f), losses.f_generator(f)) for name, f in F.items()},
}

PENALTIES = {
    "none": lambda round: jnp.zeros(()),
    "r1": penalties.r1,
    "r2": penalties.r2,
    "wgan-gp": penalties.gradient_penalty,
    "wgan-lp": penalties.lipschitz_penalty,
    "zero-centred": penalties.zero_centred(),
    "dragan": penalties.dragan(),
    "consistency": penalties.consistency(augment.diff_augment),
    "balanced consistency": penalties.balanced_consistency(augment.diff_augment),
    "latent consistency": penalties.latent_consistency(0.05),
    "lecam": penalties.lecam,
    "orthogonal": penalties.orthogonal("d"),
}


def narrow(dtype):
    """name -> (generator, discriminator), of few features; those of classes say so."""
    return {
        "perceptron": (
            mlp.Generator((SIDE, SIDE, 3), (8,), output=nn.tanh, dtype=dtype),
            mlp.Discriminator((8,), dtype=dtype),
        ),
        "dcgan": (
            dcgan.Generator(SIDE, 3, 4, dtype=dtype),
            dcgan.Discriminator(4, dtype=dtype),
        ),
        "infogan": (
            infogan.Generator(SIDE, 3, 4, dtype=dtype),
            infogan.Discriminator(4, dtype=dtype),
        ),
        "sndcgan": (
            sndcgan.Generator(SIDE, 3, 4, dtype=dtype),
            sndcgan.Discriminator(4, dtype=dtype),
        ),
        "sngan": (
            resnet.sngan_generator(SIDE, 4, dtype=dtype),
            # Of a sum over places f-GAN's conjugate of KL, an exponential, is too large.
            resnet.sngan_discriminator(SIDE, 4, pool=jnp.mean, dtype=dtype),
        ),
        "sagan, of classes": (
            sagan.generator(SIDE, 8, classes=CLASSES, dtype=dtype),
            sagan.discriminator(SIDE, 8, classes=CLASSES, dtype=dtype),
        ),
        "biggan, of classes": (
            biggan.Generator(SIDE, 3, 4, CLASSES, 8, False, 16, dtype=dtype),
            biggan.discriminator(SIDE, 4, CLASSES, 16, dtype=dtype),
        ),
    }


NETWORKS = tuple(narrow(jnp.float32))


def game(loss, penalty, network, dtype=jnp.float32) -> Gan:
    generator, discriminator = narrow(dtype)[network]
    prior = plays.normal(LATENT)
    of_d, of_g = LOSSES[loss]
    classes = network.endswith("of classes")
    return Gan(
        networks={"g": generator, "d": discriminator},
        play=plays.labelled(prior) if classes else plays.noise(prior),
        prior=prior,
        terms={
            "g": {"adversarial": of_g},
            "d": {"adversarial": of_d, "penalty": scale(0.1, PENALTIES[penalty])},
        },
        optimizers={who: optax.sgd(1e-3) for who in ("g", "d")},
        weights={"d": Weights(spectral.vectors, spectral.normalise, spectral.COLLECTION)},
        slow=dict(penalties.lecam_start),
        tune=penalties.lecam_averages(),
    )


def batch(steps=()):
    random = np.random.default_rng(0)
    image = random.uniform(-1, 1, (*steps, ROWS, SIDE, SIDE, 3)).astype(np.float32)
    label = random.integers(0, CLASSES, (*steps, ROWS)).astype(np.int32)
    return {"image": image, "label": label}


def traced(gan: Gan):
    """Shapes of the state and of the logs after a step."""
    key = jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(lambda key: init(gan, key, jax.tree.map(jnp.asarray, batch())), key)
    step = jax.vmap(make_step(gan), in_axes=(None, 0), out_axes=None, axis_name=AXIS)
    return state, jax.eval_shape(step, state, batch((1, 1)))


@pytest.mark.parametrize(
    "network", [NETWORKS[0], *(pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS[1:])]
)
def test_every_loss_and_penalty_is_traced_with_each_network(network):
    """Each loss and each penalty once; their pairs do not meet before they are added."""
    for loss, penalty, _ in cover(1):
        check_traced(loss, penalty, network)


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_the_product_of_losses_and_penalties_is_traced(loss):
    for penalty in PENALTIES:
        check_traced(loss, penalty, "perceptron")


def check_traced(loss, penalty, network):
    before, (after, logs) = traced(game(loss, penalty, network))
    assert jax.tree.structure(before) == jax.tree.structure(after), (loss, penalty)
    assert [leaf.shape for leaf in jax.tree.leaves(before)] == [
        leaf.shape for leaf in jax.tree.leaves(after)
    ]
    assert [leaf.dtype for leaf in jax.tree.leaves(before)] == [
        leaf.dtype for leaf in jax.tree.leaves(after)
    ]
    assert {"g/adversarial", "d/adversarial", "d/penalty"} <= set(logs)


def cover(strength):
    """Triples in which each value (1) or each pair of values (2) of the three axes occurs."""
    axes = [tuple(LOSSES), tuple(PENALTIES), NETWORKS]
    if strength == 1:
        size = max(map(len, axes))
        return [tuple(axis[n % len(axis)] for axis in axes) for n in range(size)]
    wanted = {
        ((i, a), (j, b))
        for i, j in itertools.combinations(range(3), 2)
        for a in axes[i]
        for b in axes[j]
    }
    chosen = []
    for triple in itertools.product(*axes):  # greedy enough: the bound is 17 x 12
        pairs = set(itertools.combinations(enumerate(triple), 2)) & wanted
        if len(pairs) >= 2 or (pairs and len(wanted) < 300):
            chosen.append(triple)
            wanted -= pairs
    assert not wanted
    return chosen


def check_stepped(loss, penalty, network, dtype):
    gan = game(loss, penalty, network, dtype)
    state = init(gan, jax.random.key(0), jax.tree.map(jnp.asarray, batch()))
    step = jax.jit(jax.vmap(make_step(gan), in_axes=(None, 0), out_axes=None, axis_name=AXIS))
    after, logs = step(state, batch((1, 1)))
    for name, value in games.means(logs).items():
        assert np.isfinite(value), name
    moved = 0.0
    for who in ("g", "d"):
        old, new = state.players[who].params, after.players[who].params
        gaps = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), old, new)
        assert all(np.isfinite(gap) for gap in jax.tree.leaves(gaps))
        moved = max(jax.tree.leaves(gaps))
        assert moved > 0, f"{who} stands still"


@pytest.mark.parametrize("number", range(len(cover(1))))
def test_each_loss_and_penalty_makes_a_finite_step(number):
    """In turn with activations in float32 and in bfloat16."""
    loss, penalty, _ = cover(1)[number]
    check_stepped(loss, penalty, "perceptron", (jnp.float32, jnp.bfloat16)[number % 2])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_each_pair_makes_a_finite_step(part):
    for number, triple in list(enumerate(cover(2)))[part::20]:
        check_stepped(*triple, (jnp.float32, jnp.bfloat16)[number % 2])


def test_the_covers_cover():
    for strength in (1, 2):
        found = cover(strength)
        for axes in itertools.combinations(range(3), strength):
            sizes = [len((LOSSES, PENALTIES, NETWORKS)[axis]) for axis in axes]
            assert len({tuple(t[axis] for axis in axes) for t in found}) == np.prod(sizes)
    assert len(cover(2)) < 0.5 * len(LOSSES) * len(PENALTIES) * len(NETWORKS)
