"""Losses x penalties x networks: everything composes with everything.

The whole product is traced, and makes a finite step in float32 and in bfloat16: with perceptrons in
the fast tests, with every other pair of networks in the slow ones. One program has all losses and
penalties, which are chosen by number when it runs: compiling is what costs.

Losses that need a play or a critic of their own (energies, information, auxiliary classes, joint
and packed games) meet their networks in the smokes of their experiments.
"""

import dataclasses
import itertools
from collections.abc import Callable, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import lax

import games
from jaxgan import augment, losses, penalties, plays
from jaxgan.game import Gan, Weights, init
from jaxgan.nets import biggan, cgan, dcgan, infogan, mlp, resnet, sagan, sndcgan
from jaxgan.nn import spectral
from jaxgan.step import make_step
from jaxgan.terms import evaluate, scale
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
    "lecam, clipped": penalties.lecam_clipped,
    "orthogonal": penalties.orthogonal("d"),
    "orthogonal, off the diagonal": penalties.orthogonal_off_diagonal("d"),
}

OF_GENERATOR = {"latent consistency": penalties.latent_diversity(0.05)}
"""What the generator adds where the discriminator has the penalty of this name."""


def narrow(dtype):
    """name -> (generator, discriminator), of few features; those of classes say so.

    Discriminators that sum over places take the mean here: of a large logit f-GAN's conjugate of
    KL, an exponential, is too large, and beside its gradient a penalty's is rounded away.
    """
    return {
        "perceptron": (
            mlp.Generator((SIDE, SIDE, 3), (8,), output=nn.tanh, dtype=dtype),
            mlp.Discriminator((8,), dtype=dtype),
        ),
        "maxout": (
            mlp.Generator((SIDE, SIDE, 3), (8,), output=nn.tanh, dtype=dtype),
            mlp.MaxoutDiscriminator((8, 8), 2, dtype=dtype),
        ),
        "conditional perceptron, of classes": (
            cgan.Generator((SIDE, SIDE, 3), CLASSES, 8, 8, 8, output=nn.tanh, dtype=dtype),
            cgan.Discriminator(CLASSES, 8, 2, 4, 2, 8, 2, dtype=dtype),
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
            resnet.sngan_discriminator(SIDE, 4, pool=jnp.mean, dtype=dtype),
        ),
        "sagan, of classes": (
            sagan.generator(SIDE, 8, classes=CLASSES, dtype=dtype),
            sagan.discriminator(SIDE, 8, classes=CLASSES, pool=jnp.mean, dtype=dtype),
        ),
        "biggan, of classes": (
            biggan.Generator(SIDE, 3, 4, CLASSES, 8, False, 16, dtype=dtype),
            biggan.discriminator(SIDE, 4, CLASSES, 16, pool=jnp.mean, dtype=dtype),
        ),
        "biggan-deep, of classes": (
            biggan.DeepGenerator(SIDE, 3, 4, CLASSES, 8, 16, dtype=dtype),
            biggan.DeepDiscriminator(4, CLASSES, attention=16, pool=jnp.mean, dtype=dtype),
        ),
    }


NETWORKS = tuple(narrow(jnp.float32))


def chosen(some: Sequence[Callable], number) -> Callable:
    """One term that is any of these, by a number that may be traced."""

    def term(round):
        return lax.switch(number, [lambda term=term: evaluate(term, round).loss for term in some])

    return term


def game(loss, penalty, network, dtype=jnp.float32) -> Gan:
    """A game of the loss and the penalty of these names, or of these traced numbers."""
    generator, discriminator = narrow(dtype)[network]
    prior = plays.normal(LATENT)
    none = PENALTIES["none"]
    of_d = [of_d for of_d, _ in LOSSES.values()]
    of_g = [of_g for _, of_g in LOSSES.values()]
    beside = [OF_GENERATOR.get(name, none) for name in PENALTIES]
    if isinstance(loss, str):
        loss, penalty = tuple(LOSSES).index(loss), tuple(PENALTIES).index(penalty)
    return Gan(
        networks={"g": generator, "d": discriminator},
        play=plays.labelled(prior) if network.endswith("of classes") else plays.noise(prior),
        prior=prior,
        terms={
            "g": {
                "adversarial": chosen(of_g, loss),
                "penalty": scale(0.1, chosen(beside, penalty)),
            },
            "d": {
                "adversarial": chosen(of_d, loss),
                "penalty": scale(0.1, chosen(tuple(PENALTIES.values()), penalty)),
            },
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


HEAVY = ("sagan, of classes", "biggan, of classes", "biggan-deep, of classes")

TRACED = [
    pytest.param(network, marks=pytest.mark.slow if network in HEAVY else ())
    for network in NETWORKS
]


@pytest.mark.parametrize("network", TRACED)
def test_the_whole_product_is_traced(network):
    """One game with every loss and every penalty as terms of its own.

    Terms meet in their sum alone (``terms.total``), so the gradients of these terms are those of
    each pair of a loss and a penalty with this network.
    """
    gan = dataclasses.replace(
        game("minimax", "none", network),
        terms={
            "g": {f"loss {name}": of_g for name, (_, of_g) in LOSSES.items()}
            | {f"penalty {name}": term for name, term in OF_GENERATOR.items()},
            "d": {f"loss {name}": of_d for name, (of_d, _) in LOSSES.items()}
            | {f"penalty {name}": term for name, term in PENALTIES.items()},
        },
    )
    before, (after, logs) = traced(gan)
    assert jax.tree.structure(before) == jax.tree.structure(after)
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
    names = {f"{who}/{term}" for who in ("g", "d") for term in gan.terms[who]}
    assert len(names) == 2 * len(LOSSES) + len(PENALTIES) + len(OF_GENERATOR)
    for name in names:
        assert (logs[name].total.shape, logs[name].total.dtype) == ((), jnp.float32), name


FAST = ("perceptron",)
STEPPED = [
    pytest.param(network, dtype, id=f"{network}, {dtype.__name__}", marks=marks)
    for network in NETWORKS
    for dtype in (jnp.float32, jnp.bfloat16)
    for marks in ([() if network in FAST else pytest.mark.slow])
]


@pytest.mark.parametrize("network, dtype", STEPPED)
def test_the_whole_product_makes_finite_steps(network, dtype):
    """Both players move, and a penalty moves the discriminator to another place than none does."""
    start = init(game("minimax", "none", network, dtype), jax.random.key(0), example())

    def stepped(loss, penalty, state, batch):
        step = make_step(game(loss, penalty, network, dtype))
        return jax.vmap(step, in_axes=(None, 0), out_axes=None, axis_name=AXIS)(state, batch)

    stepped = jax.jit(stepped, compiler_options={"xla_backend_optimization_level": 0})
    for (i, loss), (j, penalty) in itertools.product(enumerate(LOSSES), enumerate(PENALTIES)):
        told = f"{loss}, {penalty}"
        after, logs = stepped(i, j, start, batch((1, 1)))
        for name, value in games.means(logs).items():
            assert np.isfinite(value), f"{told}: {name}"
        for who in ("g", "d"):
            gap = furthest(start.players[who].params, after.players[who].params)
            assert 0 < gap < np.inf, f"{told}: {who} moves by {gap}"
        if penalty == "none":
            plain = after
        elif not at_rest(network, penalty, games.means(logs)["d/penalty"]):
            gap = furthest(plain.players["d"].params, after.players["d"].params)
            assert gap > 0, f"{told}: the penalty has no gradient"


def at_rest(network, penalty, value):
    """Whether a penalty has no gradient where a game begins.

    Slopes may be below 1, which is all that WGAN-LP asks, and BigGAN's kernels start orthogonal.
    """
    if penalty == "wgan-lp":
        return value == 0
    return penalty == "orthogonal" and network.startswith("biggan")


def example():
    return jax.tree.map(jnp.asarray, batch())


def furthest(some, others) -> float:
    """Largest absolute difference between two trees; NaN if there is one."""
    gaps = [np.abs(a - b).max() for a, b in zip(*map(leaves, (some, others)), strict=True)]
    return float(np.max(gaps))


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
