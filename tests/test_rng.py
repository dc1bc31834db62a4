import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.rng import Rng, global_rows, named
from jaxgan.types import AXIS

pytestmark = pytest.mark.usefixtures("strict")


def draw(rows, seed=0):
    return Rng(jax.random.key(seed), jnp.asarray(rows, jnp.int32))


KINDS = {
    "normal": lambda rng: rng.normal((3,)),
    "uniform": lambda rng: rng.uniform((3, 2), -1.0, 2.0),
    "bernoulli": lambda rng: rng.bernoulli(0.5, (7,)),
    "named": lambda rng: rng.named("penalty").normal(()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_draws_the_same_whatever_rows_surround_it(kind):
    whole = np.asarray(KINDS[kind](draw(range(8))))
    pieces = [KINDS[kind](draw(rows)) for rows in (range(4), range(4, 8))]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))
    np.testing.assert_array_equal(whole[::-1], KINDS[kind](draw(range(8)[::-1])))
    assert len(np.unique(whole.reshape(8, -1), axis=0)) == 8


def test_names_seeds_and_rows_never_share_a_key():
    sources = [draw(range(50), seed).named(name) for seed in (0, 1) for name in ("a", "b", "ab")]
    nested = [draw(range(50)).named("a").named("b"), draw(range(50))]
    keys = np.concatenate([jax.random.key_data(source.keys()) for source in sources + nested])
    assert len(np.unique(keys, axis=0)) == 8 * 50


def test_names_drawn_together_draw_what_they_draw_alone():
    names, rng = ("latent", "flip", "flip?"), draw(range(3, 8))
    found = rng.each(names, lambda one: one.uniform((2,), -1.0, 2.0))
    assert tuple(found) == names
    for name, numbers in found.items():
        np.testing.assert_array_equal(numbers, rng.named(name).uniform((2,), -1.0, 2.0))


def test_a_name_gives_the_same_key_in_every_process():
    """Python's own hash of a string does not; 1827798387 is the CRC-32 of ``latent``."""
    key = jax.random.key(3)
    assert named(key, "latent") == jax.random.fold_in(key, np.uint32(1827798387))


def test_numbers_follow_their_distributions_and_do_not_correlate():
    rows = draw(range(20_000))
    normal = np.asarray(rows.named("z").normal((2,)))
    other = np.asarray(rows.named("y").normal((1,)))
    columns = np.concatenate([normal, other], axis=1)
    # Standard errors: 1/sqrt(20000) = 0.007, so five of them.
    np.testing.assert_allclose(columns.mean(0), 0, atol=0.036)
    np.testing.assert_allclose(np.cov(columns.T), np.eye(3), atol=0.05)
    between_rows = [np.corrcoef(normal[:-lag, 0], normal[lag:, 0])[0, 1] for lag in (1, 2)]
    np.testing.assert_allclose(between_rows, 0, atol=0.036)

    uniform = np.asarray(rows.uniform((), -1.0, 3.0))
    assert -1 <= uniform.min() < -0.99
    assert 2.99 < uniform.max() < 3
    assert uniform.mean() == pytest.approx(1, abs=5 * 4 / np.sqrt(12 * 20_000))
    assert np.mean(rows.bernoulli(0.3)) == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / 20_000))


def test_devices_hold_consecutive_blocks_of_global_rows():
    run = jax.vmap(lambda _: global_rows(3), axis_name=AXIS)
    np.testing.assert_array_equal(run(jnp.zeros(4)), np.arange(12).reshape(4, 3))


def test_certain_events_are_certain():
    for probability, shape in itertools.product((0.0, 1.0), ((), (5,))):
        assert np.all(draw(range(200)).bernoulli(probability, shape) == bool(probability))
