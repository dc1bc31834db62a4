"""Losses x penalties x networks: everything composes with everything.

The whole product is traced: with four networks by the fast tests, with the others by the slow ones.
In the fast tests perceptrons make finite steps with every loss and penalty in float32, and DCGAN
with half of both in float32, with the other half in bfloat16. The slow tests do so with perceptrons
in bfloat16 and with the other networks, so that any two of a loss, a penalty, a network and a dtype
meet. The whole of the product steps by hand, in the long tests: 4000 pairs of steps. A program has
all its losses and penalties, with weights that are chosen when it runs: compiling is what costs.

Losses that need a play or a critic of their own (energies, information, auxiliary classes, joint
and packed games) meet their networks in the smokes of their experiments.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import augment, forward, losses, penalties
from jaxgan.game.gan import Gan
from jaxgan.game.state import init
from jaxgan.game.step import make_step
from jaxgan.game.terms import scale
from jaxgan.nets import biggan, cgan, dcgan, infogan, mlp, resnet, sndcgan
from jaxgan.nn import spectral
from jaxgan.types import AXIS, ScalarLike
from support import games

ROWS, SIDE, LATENT, CLASSES = 4, 8, 8, 3

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
    "minimax": (losses.minimax.discriminator, losses.minimax.generator),
    "nonsaturating": (losses.nonsaturating.discriminator, losses.nonsaturating.generator),
    "least squares": (losses.least_squares().discriminator, losses.least_squares().generator),
    "hinge": (losses.hinge.discriminator, losses.hinge.generator),
    "wasserstein": (losses.wasserstein.discriminator, losses.wasserstein.generator),
    "smoothed": (losses.smoothed(0.9).discriminator, losses.nonsaturating.generator),
    "top-k": (losses.nonsaturating.discriminator, losses.top_k_generator(3)),
    "relativistic": (losses.relativistic.discriminator, losses.relativistic.generator),
    "relativistic average": (
        losses.average_relativistic.discriminator,
        losses.average_relativistic.generator,
    ),
    "average least squares": (
        losses.average_least_squares.discriminator,
        losses.average_least_squares.generator,
    ),
    "average hinge": (losses.average_hinge.discriminator, losses.average_hinge.generator),
    **{
        name: (
            losses.f_divergence(f).discriminator,
            losses.f_divergence(f, alternative=False).generator,
        )
        for name, f in F.items()
    },
}

AUGMENT = augment.brightness()
"""The cheapest to compile; the others have tests of their own."""

PENALTIES = {
    "r1": penalties.r1,
    "r2": penalties.r2,
    "wgan-gp": penalties.gradient_penalty,
    "wgan-lp": penalties.lipschitz_penalty,
    "zero-centered": penalties.zero_centered(),
    "dragan": penalties.dragan(),
    "consistency": penalties.consistency(AUGMENT),
    "balanced consistency": penalties.balanced_consistency(AUGMENT),
    "latent consistency": penalties.latent_consistency(0.05),
    "lecam": penalties.lecam,
    "lecam, clipped": penalties.lecam_clipped,
    "orthogonal": penalties.orthogonal("d"),
    "orthogonal, off the diagonal": penalties.orthogonal_off_diagonal("d"),
}

OF_GENERATOR = {"latent consistency": penalties.latent_diversity(0.05)}
"""What the generator adds where the discriminator has the penalty of this name."""


@pytest.fixture(autouse=True)
def eight_pixels(monkeypatch):
    """BigGAN's tables begin at 32 pixels; this adds networks of 8, with one block or two."""
    for table in (biggan.GENERATOR, biggan.DISCRIMINATOR):
        monkeypatch.setitem(table, SIDE, (1, 1))
    for table in (biggan.DEEP_GENERATOR, biggan.DEEP_DISCRIMINATOR):
        monkeypatch.setitem(table, SIDE, (4, 4, 4))
    monkeypatch.setitem(biggan.HALVINGS, SIDE, 1)


def narrow(dtype):
    """name -> (generator, discriminator), of few layers and features; those of classes say so.

    Discriminators that sum over places take the mean here: of a large logit f-GAN's conjugate of
    KL, an exponential, is too large, and beside its gradient a penalty's is rounded away.
    """
    shape, blocks = (SIDE, SIDE, 3), ((8, True), (8, False))
    return {
        "perceptron": (
            mlp.Generator(shape, (8,), output=nn.tanh, dtype=dtype),
            mlp.Discriminator((8,), dtype=dtype),
        ),
        "maxout": (
            mlp.Generator(shape, (8,), output=nn.tanh, dtype=dtype),
            mlp.MaxoutDiscriminator((8,), 2, dtype=dtype),
        ),
        "conditional perceptron, of classes": (
            cgan.Generator(shape, CLASSES, 8, 8, 8, output=nn.tanh, dtype=dtype),
            cgan.Discriminator(CLASSES, 8, 2, 4, 2, 8, 2, dtype=dtype),
        ),
        "dcgan": (
            dcgan.Generator(SIDE, 3, 4, dtype=dtype),
            dcgan.Discriminator(4, dtype=dtype),
        ),
        "infogan": (
            infogan.Generator(SIDE, 3, 4, dtype=dtype),
            infogan.Discriminator(4, batch_norm=True, dtype=dtype),
        ),
        "sndcgan": (
            sndcgan.Generator(SIDE, 3, 4, dtype=dtype),
            sndcgan.Discriminator(4, dtype=dtype),
        ),
        "sngan": (
            resnet.Generator((8,), 8, dtype=dtype),
            resnet.Discriminator(blocks, pool=jnp.mean, dtype=dtype),
        ),
        "sagan, of classes": (
            resnet.Generator((8,), 8, classes=CLASSES, attention=8, dtype=dtype),
            resnet.Discriminator(
                blocks, CLASSES, pool=jnp.mean, wide=True, attention=4, dtype=dtype
            ),
        ),
        "biggan, of classes": (
            biggan.Generator(SIDE, 3, 8, CLASSES, 8, False, 8, dtype=dtype),
            biggan.discriminator(SIDE, 8, CLASSES, 4, pool=jnp.mean, dtype=dtype),
        ),
        "biggan-deep, of classes": (
            biggan.DeepGenerator(SIDE, 3, 4, CLASSES, 8, 8, dtype=dtype),
            biggan.DeepDiscriminator(4, CLASSES, attention=4, pool=jnp.mean, dtype=dtype),
        ),
    }


LIGHT = ("dcgan", "maxout", "conditional perceptron, of classes", "infogan", "sndcgan", "sngan")
HEAVY = ("sagan, of classes", "biggan, of classes", "biggan-deep, of classes")
DTYPES = (jnp.float32, jnp.bfloat16)


def game(network, dtype, weights: Mapping[str, ScalarLike]) -> Gan:
    """A game of these networks, with the losses and penalties of these names and weights."""
    generator, discriminator = narrow(dtype)[network]
    prior = forward.normal(LATENT)
    of_d = {name: of_d for name, (of_d, _) in LOSSES.items()} | PENALTIES
    of_g = {name: of_g for name, (_, of_g) in LOSSES.items()} | OF_GENERATOR

    def weighted(terms: Mapping[str, Callable]):
        return {
            name: scale(weight * (0.1 if name in PENALTIES else 1.0), terms[name])
            for name, weight in weights.items()
            if name in terms
        }

    return Gan(
        generator=generator,
        discriminator=discriminator,
        forward=forward.conditional(prior)
        if network.endswith("of classes")
        else forward.unconditional(prior),
        terms={"g": weighted(of_g), "d": weighted(of_d)},
        optimizers={who: optax.sgd(1e-3) for who in ("g", "d")},
        reparametrize={"d": spectral.spectral_norm()},
        adaptive=dict(penalties.lecam_start),
        adapt=penalties.lecam_averages(),
    )


def batch(steps=()):
    random = np.random.default_rng(0)
    image = random.uniform(-1, 1, (*steps, ROWS, SIDE, SIDE, 3)).astype(np.float32)
    label = random.integers(0, CLASSES, (*steps, ROWS)).astype(np.int32)
    return {"image": image, "label": label}


def stepped(network, dtype, weights, state):
    """The state and the logs after a step of such a game."""
    step = make_step(game(network, dtype, weights))
    over_devices = jax.vmap(step, in_axes=(None, 0), out_axes=None, axis_name=AXIS)
    return over_devices(state, batch((1, 1)))


def born(network, dtype, weights, key):
    """The state before."""
    return init(game(network, dtype, weights), key, jax.tree.map(jnp.asarray, batch()))


@pytest.mark.parametrize(
    "network",
    [
        *("perceptron", *LIGHT[:3]),
        *(pytest.param(name, marks=pytest.mark.slow) for name in (*LIGHT[3:], *HEAVY)),
    ],
)
def test_the_whole_product_is_traced(network):
    """One game with every loss and every penalty as terms of its own.

    Terms meet in their sum alone (``terms.total``), so the gradients of these terms are those of
    each pair of a loss and a penalty with this network.
    """
    weights = dict.fromkeys((*LOSSES, *PENALTIES), 1.0)
    key = jax.eval_shape(lambda: jax.random.key(0))
    before = jax.eval_shape(functools.partial(born, network, jnp.float32, weights), key)
    after, logs = jax.eval_shape(functools.partial(stepped, network, jnp.float32, weights), before)
    assert jax.tree.structure(before) == jax.tree.structure(after)
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
    names = {f"d/{name}" for name in weights} | {f"g/{name}" for name in (*LOSSES, *OF_GENERATOR)}
    assert len(names) == 2 * len(LOSSES) + len(PENALTIES) + len(OF_GENERATOR)
    for name in names:
        assert (logs[name].total.shape, logs[name].total.dtype) == ((), jnp.float32), name


def parameters(networks, marks=(), dtypes=DTYPES):
    """Networks in each dtype."""
    return [
        pytest.param(network, dtype, id=f"{network}, {dtype.__name__}", marks=marks)
        for network, dtype in itertools.product(networks, dtypes)
    ]


FLOAT32, BFLOAT16 = DTYPES
WHOLE = [
    *parameters(["perceptron"], dtypes=[FLOAT32]),
    *parameters(["perceptron"], pytest.mark.slow, [BFLOAT16]),
    *parameters((*LIGHT, *HEAVY), pytest.mark.long),
]
COVER = [*parameters(LIGHT[:1]), *parameters((*LIGHT[1:], *HEAVY), pytest.mark.slow)]


@pytest.mark.parametrize("network, dtype", WHOLE)
def test_the_whole_product_makes_finite_steps(network, dtype):
    check_steps(network, dtype, itertools.product(LOSSES, PENALTIES), (*LOSSES, *PENALTIES))


@pytest.mark.parametrize("network, dtype", COVER)
def test_a_pairwise_cover_makes_finite_steps(network, dtype):
    """Every second loss and penalty in float32, the others in bfloat16."""
    first = DTYPES.index(dtype)
    some, others = tuple(LOSSES)[first::2], tuple(PENALTIES)[first::2]
    pairs = zip(some, itertools.cycle(others))  # there are more losses
    check_steps(network, dtype, pairs, (*some, *others))


def check_steps(network, dtype, pairs: Iterable[tuple[str, str]], names: Sequence[str]):
    """Both players move, and a penalty moves the discriminator to another place than none does.

    The program has the terms of all these names; those that are not of a pair weigh nothing, but
    one that is not finite would still be seen.
    """
    none = dict.fromkeys(names, 0.0)
    start = jax.jit(functools.partial(born, network, dtype, none))(jax.random.key(0))
    step = jax.jit(functools.partial(stepped, network, dtype))
    without = functools.cache(lambda loss: step(none | {loss: 1.0}, start)[0])
    for loss, penalty in pairs:
        told = f"{loss}, {penalty}"
        plain = without(loss)
        after, logs = step(none | {loss: 1.0, penalty: 1.0}, start)
        values = games.means(logs)
        for name, value in values.items():
            assert np.isfinite(value), f"{told}: {name}"
        for state, who in itertools.product((plain, after), ("g", "d")):
            gap = furthest(start.players[who].params, state.players[who].params)
            assert 0 < gap < np.inf, f"{told}: {who} moves by {gap}"
        if not at_rest(network, penalty, values[f"d/{penalty}"]):
            gap = furthest(plain.players["d"].params, after.players["d"].params)
            assert gap > 0, f"{told}: the penalty has no gradient"


def at_rest(network, penalty, value):
    """Whether a penalty has no gradient where a game begins.

    Slopes may be below 1, which is all that WGAN-LP asks, and BigGAN's kernels start orthogonal.
    """
    if penalty == "wgan-lp":
        return value == 0
    return penalty == "orthogonal" and network.startswith("biggan")


def furthest(some, others) -> float:
    """Largest absolute difference between two trees; NaN if there is one."""
    gaps = [np.abs(a - b).max() for a, b in zip(*map(leaves, (some, others)), strict=True)]
    return float(np.max(gaps))


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]
