"""Slopes at samples that were judged already share the pass that judged them."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxgan as jg
from jaxgan.forward.critic import Critic, judge
from jaxgan.game import terms
from jaxgan.game.network import Network
from jaxgan.nn.conv import Conv
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.norm import BatchNorm
from jaxgan.rng import Rng
from support.outputs import alone


class Judging(nn.Module):
    """Everything that two passes might do in different ways."""

    classes: int = 0

    @nn.compact
    def __call__(self, image, label=None, *, train):
        x = nn.leaky_relu(Conv(5, 4, 2)(image))
        x = BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = Dropout(0.3)(nn.softplus(Conv(6, 3)(x)), train=train).mean((1, 2))
        if label is not None:
            x = x * nn.Embed(3, 6)(label)
        logits = nn.Dense(1)(x)[:, 0]
        return (logits, nn.Dense(self.classes)(x)) if self.classes else logits


class Generating(nn.Module):
    @nn.compact
    def __call__(self, latent, label=None, *, train):
        del label, train
        return nn.tanh(nn.Dense(8 * 6 * 2)(latent)).reshape(-1, 8, 6, 2)


FORWARDS = {
    "samples": (jg.forward.unconditional(jg.normal(3)), 0),
    "labels": (jg.forward.conditional(jg.normal(3)), 0),
    "classes": (jg.forward.auxiliary_classifier(jg.normal(3)), 3),
    "packs": (jg.forward.packed(2, jg.forward.unconditional(jg.normal(3))), 0),
    "augmented": (
        jg.forward.augmented(jg.augment.translation(0.25), jg.forward.unconditional(jg.normal(3))),
        0,
    ),
}
PENALTIES = {"r1": {"r1": jg.penalties.r1}, "r2": {"r2": jg.penalties.r2}}
PENALTIES["both"] = PENALTIES["r1"] | PENALTIES["r2"]
PENALTIES["lazy"] = {"r1": jg.every(2, jg.scale(3.0, jg.penalties.r1))}
PENALTIES["sigmoid"] = {"r1": jg.of_logits(nn.sigmoid, jg.penalties.r1)}


FEW = "samples"
"""The forward pass that is tried in the fast tests."""


def marked(names, fast):
    return [name if name == fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.fixture(params=marked(FORWARDS, FEW))
def objective(request):
    """D's loss as a function of its parameters, ``make(penalties, slopes)``, and parameters."""
    forward, classes = FORWARDS[request.param]
    d, g, pack = Judging(classes), Generating(), forward.pack
    images = jax.random.normal(jax.random.key(5), (6, 8, 6, 2))
    batch = {"image": images, "label": jnp.arange(6) % 3}
    label = batch["label"] if request.param == "labels" else None
    wide = jnp.concatenate([images] * pack, -1)[: 6 // pack]
    d_variables = d.init(jax.random.key(0), wide, label, train=False)
    g_params = g.init(jax.random.key(1), jnp.zeros((6, 3)), train=False)["params"]
    stats = {"batch_stats": d_variables["batch_stats"]}

    def make(penalties, slopes):
        def loss(params):
            rngs = {"dropout": jax.random.key(2)}
            rng = Rng(jax.random.key(3), jnp.arange(6))
            discriminator = Network(d, params, stats, True, rngs, slopes=slopes)
            generator = Network(g, g_params, {}, True)
            outputs = forward.run(generator, discriminator, batch, rng, {})
            outputs = dataclasses.replace(outputs, rng=rng, step=jnp.int32(0))
            wanted = {"adversarial": jg.losses.nonsaturating.discriminator, **penalties}
            return terms.total(wanted, outputs, "d")[0]

        return loss

    return make, d_variables["params"], request.param


def lowered(loss, params):
    mapped = jax.vmap(
        lambda _, params: jax.value_and_grad(loss)(params), in_axes=(0, None), axis_name="data"
    )
    return jax.jit(mapped).lower(jnp.zeros(1), params)


@pytest.mark.parametrize("penalties", marked(PENALTIES, "both"))
def test_a_shared_pass_changes_neither_value_nor_gradient(objective, penalties):
    make, params, _ = objective
    values = [
        alone(jax.value_and_grad(make(PENALTIES[penalties], slopes)), params)
        for slopes in (False, True)
    ]
    assert float(values[0][0]) > 0
    for plain, shared in zip(*map(jax.tree.leaves, values), strict=True):
        np.testing.assert_allclose(shared, plain, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("penalties, share", [("r1", 0.85), ("r2", 0.85), ("both", 0.75)])
def test_a_shared_pass_takes_fewer_operations(objective, penalties, share):
    make, params, kind = objective
    plain, shared = (
        lowered(make(PENALTIES[penalties], slopes), params).cost_analysis()["flops"]
        for slopes in (False, True)
    )
    if kind == "packs":  # whose critic takes packs apart, and joins them again
        assert shared == plain
    else:
        assert shared < share * plain


def test_slopes_that_nobody_asks_for_are_no_part_of_the_program(objective):
    make, params, _ = objective
    plain, kept = (lowered(make({}, slopes), params).as_text() for slopes in (False, True))
    assert plain == kept


def test_samples_of_another_dtype_have_no_slopes():
    network = dataclasses.make_dataclass("Asked", [("slopes", bool, True)])
    network.__call__ = lambda self, x: (x.sum((1, 2)), "stats")
    x = jnp.ones((2, 3, 4))
    assert judge(network(), x)[2][0][0] is x
    assert judge(network(), x.astype(jnp.bfloat16))[1:] == ("stats", ())
    assert judge(network(False), x)[1:] == ("stats", ())


def test_other_samples_are_judged_anew():
    x = jnp.arange(6.0).reshape(2, 3)
    critic = Critic(lambda x: jnp.sum(x**3, 1), ((x, lambda: "known"),))
    assert jg.forward.critic.slopes(critic, x) == "known"
    np.testing.assert_allclose(jg.forward.critic.slopes(critic, x + 0.0), 3 * x**2)
