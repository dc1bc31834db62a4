"""Path length regularization by hand, and on any number of devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import penalties
from jaxgan.errors import UserError
from jaxgan.rng import Rng
from jaxgan.types import Mean
from support.outputs import across, after, alone, drawn, judged, rows_of

ROWS, LAYERS, SIZE = 16, 2, 3
RANDOM = np.random.default_rng(0)
MATRIX = RANDOM.normal(size=(LAYERS, SIZE, 4, 2, 1)).astype(np.float32)
SIZES = RANDOM.uniform(0.5, 2.0, ROWS).astype(np.float32)


def outputs_of(gain, sizes, rng, shrink=2, average=0.3):
    """Images that are linear in their styles, each with a length of its own."""

    def shifted(shift):
        sizes_ = (gain * sizes[::shrink])[:, None, None, None]
        return sizes_ * jnp.einsum("bls,lshwc->bhwc", shift, MATRIX)

    shift = jnp.zeros((len(sizes[::shrink]), LAYERS, SIZE))
    extras = {"shift": shift, "shifted": shifted}
    adaptive = {"path_length": jnp.float32(average)}
    return judged(jnp.zeros(ROWS), jnp.zeros(ROWS), rng=rng, extras=extras, adaptive=adaptive)


def expected_lengths():
    """Of every second row, at the noise that the penalty draws for it."""
    noise = Rng(jax.random.key(0), jnp.arange(0, ROWS, 2)).normal((4, 2, 1)) / np.sqrt(8)
    slopes = np.einsum("bhwc,lshwc->bls", noise, MATRIX) * SIZES[::2, None, None]
    return np.sqrt(np.square(slopes).sum(axis=2).mean(axis=1))


def test_the_penalty_by_hand():
    cost = alone(lambda: penalties.path_length(0.1)(outputs_of(1.0, SIZES, drawn(ROWS))))
    lengths = expected_lengths()
    average = 0.3 + 0.1 * (lengths.mean() - 0.3)
    assert float(cost.loss) == pytest.approx(np.square(lengths - average).mean(), rel=1e-4)
    assert float(cost.logs[""].total) == float(cost.loss)
    assert float(cost.logs["length"].total) == pytest.approx(lengths.mean(), rel=1e-5)


def test_one_device_and_eight_have_one_penalty_and_gradient():
    """The average is the global batch's, and its gradient counts."""

    def loss(gain, sizes):
        rng = Rng(jax.random.key(0), rows_of(len(sizes)))
        return penalties.path_length(0.1)(outputs_of(gain, sizes, rng)).loss

    one, eight = (across(count, loss, jnp.float32(1.0), SIZES) for count in (1, 8))
    np.testing.assert_allclose(one, eight, rtol=1e-5)
    lengths = expected_lengths()
    off = lengths - (0.3 + 0.1 * (lengths.mean() - 0.3))
    expected = np.mean(2 * off * (lengths - 0.1 * lengths.mean()))
    assert float(one[1]) == pytest.approx(expected, rel=1e-4)


def test_rows_must_be_divisible():
    with pytest.raises(UserError, match=r"one of 2 rows, and there are 3 rows .* a --batch-size"):
        penalties.path_length()(outputs_of(1.0, SIZES[:3], drawn(3)))


def test_the_average_moves_in_steps_with_the_penalty_only():
    move = penalties.path_length_average(0.25)
    start = {"path_length": jnp.float32(2.0), "other": 1}
    found = move(start, after({"g/path_length/length": Mean.of(jnp.float32(4.0))}))
    assert (float(found["path_length"]), found["other"]) == (2.5, 1)
    assert float(move(start, after({"g/path_length/length": Mean.nothing()}))["path_length"]) == 2.0
