"""Cumulative moments against NumPy's of all batches together."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.nn.moments import CumulativeMoments
from jaxgan.types import AXIS

BATCHES = np.random.default_rng(0).normal(3.0, [1.0, 5.0], size=(3, 8, 4, 2)).astype(np.float32)
BATCHES += np.arange(3, dtype=np.float32)[:, None, None, None]


def seen(devices):
    """What is answered after each batch, and the last state."""
    layer = CumulativeMoments(2)
    state, answers = layer.init(jax.random.key(0), None, train=False), []

    @jax.jit
    def step(state, batch):
        def one(rows):
            return layer.apply(state, rows, train=True, mutable=["moments"])

        rows = batch.reshape(devices, -1, *batch.shape[1:])
        return jax.tree.map(lambda leaf: leaf[0], jax.vmap(one, axis_name=AXIS)(rows))

    for batch in BATCHES:
        answer, state = step(state, batch)
        answers.append(answer)
    return answers, state


def test_they_are_those_of_all_batches_so_far():
    for count, (mean, deviation) in enumerate(seen(1)[0], start=1):
        rows = BATCHES[:count].reshape(-1, 2).astype(np.float64)
        np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(deviation, rows.std(axis=0), rtol=1e-5)


def test_eight_devices_have_the_moments_of_one():
    (one, state), (eight, others) = seen(1), seen(8)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), one, eight)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), state, others)
    assert state["moments"]["batches"] == 3


def test_evaluation_leaves_them():
    layer = CumulativeMoments(2)
    state = seen(1)[1]
    mean, deviation = layer.apply(state, jnp.asarray(BATCHES[0]), train=False)
    np.testing.assert_array_equal(mean, state["moments"]["mean"])
    np.testing.assert_allclose(deviation**2, state["moments"]["variance"], rtol=1e-6)
    fresh = layer.init(jax.random.key(0), jnp.asarray(BATCHES[0]), train=False)
    np.testing.assert_array_equal(layer.apply(fresh, train=False), ([0, 0], [1, 1]))
