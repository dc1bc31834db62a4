"""bfloat16: activations in half, everything that is summed, stored or optimized in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxgan import forward, losses, penalties
from jaxgan.game.gan import SIMULTANEOUS
from jaxgan.nets import dcgan, mlp
from jaxgan.types import AXIS
from support import games

F32, BF16 = jnp.dtype(jnp.float32), jnp.dtype(jnp.bfloat16)


def families(dtype):
    return {
        "dcgan generator": (dcgan.Generator(16, 1, 2, 3, dtype=dtype), (5,)),
        "dcgan discriminator": (dcgan.Discriminator(2, 3, dtype=dtype), (16, 16, 1)),
        "mlp generator": (mlp.Generator((2,), (4, 4), dtype=dtype), (5,)),
        "mlp discriminator": (mlp.Discriminator((4, 4), dtype=dtype), (2,)),
        "maxout discriminator": (mlp.MaxoutDiscriminator((4,), 2, dtype=dtype), (2,)),
    }


@pytest.mark.parametrize("family", families(F32))
@pytest.mark.parametrize("dtype", [F32, BF16], ids=str)
def test_only_activations_are_in_half_precision(family, dtype):
    network, shape = families(dtype)[family]

    def run(x):
        rngs = {"params": jax.random.key(0), "dropout": jax.random.key(1)}
        variables = network.init(rngs, x, train=False)
        out, seen = network.apply(
            variables, x, train=True, rngs=rngs, mutable=True, capture_intermediates=True
        )
        return out, variables, seen

    rows = jnp.zeros((1, 2, *shape))
    out, variables, seen = jax.eval_shape(jax.vmap(run, axis_name=AXIS), rows)
    assert out.dtype == F32
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {F32}
    assert all(leaf.dtype == F32 for leaf in jax.tree.leaves(seen.get("batch_stats", {})))
    layers = {
        name: jax.tree.leaves(value)[0].dtype
        for name, value in seen["intermediates"].items()
        if name != "__call__"
    }
    last = max((name for name in layers if "Dense" in name), default=None)
    for name, found in layers.items():
        # A perceptron or critic ends in float32; a DCGAN generator in a half-precision layer.
        ends = name == last and family != "dcgan generator"
        # Dropout on the input itself sees float32 data.
        first = name == "Dropout_0"
        assert found == (F32 if ends or first else dtype), name


def game(dtype):
    return games.gan(
        generator=dcgan.Generator(8, 1, 4, 3, dtype=dtype),
        discriminator=dcgan.Discriminator(4, 3, dtype=dtype),
        prior=forward.normal(5),
        terms=losses.nonsaturating.terms(discriminator={"r1": penalties.r1}),
        optimizers={who: optax.sgd(0.1) for who in "gd"},
        updates=SIMULTANEOUS,
    )


@pytest.fixture(scope="module")
def stepped():
    """Parameters before, and states and logs after one step in each precision."""
    results = {}
    for dtype in (F32, BF16):
        one = game(dtype)
        start = games.born(one, shape=(8, 8, 1))
        before = games.arrays(start.players)
        chunk = games.points(1, one, 16, shape=(8, 8, 1))
        state, logs = games.Runner(one)(start, chunk)
        results[dtype] = before, state, logs
    return results


def test_a_half_precision_step_leaves_float32_behind(stepped):
    before, state, logs = stepped[BF16]
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(state.players), strict=True):
        assert new.dtype == old.dtype
    assert {leaf.dtype for leaf in jax.tree.leaves((state.players, state.ema, logs))} == {F32}
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state.players))


def test_a_half_precision_step_is_near_the_float32_step(stepped):
    moves, values = [], []
    for before, state, logs in stepped.values():
        after = games.arrays(state.players)
        move = [
            np.ravel(new - old)
            for who in "gd"
            for old, new in zip(
                jax.tree.leaves(before[who].params),
                jax.tree.leaves(after[who].params),
                strict=True,
            )
        ]
        moves.append(np.concatenate(move))
        values.append(games.means(logs))
    assert games.same(stepped[F32][0], stepped[BF16][0])
    difference = np.linalg.norm(moves[1] - moves[0]) / np.linalg.norm(moves[0])
    assert 0 < difference < 0.05  # bfloat16 rounds at 2**-9 = 0.002
    for name in ("d/loss", "g/loss", "d/r1"):
        assert values[1][name] == pytest.approx(values[0][name], rel=0.03)
