"""The pool of past images: by hand, against the rule written out, and on any number of devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan import forward
from jaxgan.forward.pool import Arrivals, arrivals, drawn, exchanged
from jaxgan.rng import Rng
from jaxgan.types import AXIS, Seen
from support.outputs import drawn as rows_from
from support.outputs import rows_of


def pool_of(*values, size=3):
    images = np.zeros((size, 1), np.float32)
    images[: len(values), 0] = values
    return {"images": jnp.asarray(images), "held": jnp.int32(len(values))}


def new(values, coins, places):
    images = jnp.asarray(values, jnp.float32)[:, None]
    return Arrivals(images, jnp.asarray(coins, bool), jnp.asarray(places, jnp.int32))


def test_a_pool_is_filled_first_and_then_exchanges_where_the_coin_says_so():
    """Three places: the third image fills the last, and meets no coin."""
    come = new([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 1], [2, 2, 2, 0, 1, 0])
    after, shown = exchanged(pool_of(), come)
    np.testing.assert_array_equal(shown[:, 0], [1, 2, 3, 1, 5, 4])
    np.testing.assert_array_equal(after["images"][:, 0], [6, 2, 3])
    assert after["held"] == 3


def test_an_image_may_come_out_in_the_batch_that_it_came_in():
    _, shown = exchanged(pool_of(7, 8, 9), new([1, 2], [1, 1], [1, 1]))
    np.testing.assert_array_equal(shown[:, 0], [8, 1])


def by_the_rule(size, come):
    """The rule, one image after the other: what is shown, and what the pool holds."""
    held, shown = [], []
    for image, coin, place in zip(*(np.asarray(part) for part in come), strict=True):
        if len(held) < size:
            held.append(image)
            shown.append(image)
        elif coin:
            shown.append(held[place])
            held[place] = image
        else:
            shown.append(image)
    return np.stack(held), np.stack(shown)


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_batches_of_any_size_make_one_sequence(cut):
    """40 images in batches of ``cut``: what they meet does not depend on it, but by the draws."""
    random = np.random.default_rng(0)
    come = new(np.arange(1, 41), random.random(40) < 0.5, random.integers(0, 3, 40))
    exchange, pool, parts = jax.jit(exchanged), pool_of(), []
    for first in range(0, 40, cut):
        part = jax.tree.map(lambda leaf, n=first: leaf[n : n + cut], come)
        pool, shown = exchange(pool, part)
        parts.append(shown)
    held, expected = by_the_rule(3, come)
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    np.testing.assert_array_equal(pool["images"], held)


def test_half_of_the_images_come_out_of_a_full_pool_from_every_place():
    images = jnp.zeros((20_000, 1))
    (come,) = arrivals((pool_of(size=5),), (images,), rows_from(20_000))
    assert np.mean(come.coins) == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(np.bincount(come.places) / 20_000, np.full(5, 0.2), atol=0.02)
    assert abs(np.corrcoef(come.coins, come.places)[0, 1]) < 0.03


POOLS = (pool_of(7, 8, 9), pool_of(size=2))
FAKES = (np.arange(1.0, 17)[:, None], np.arange(21.0, 37)[:, None])


def looked(devices):
    """What is shown for sixteen rows, and the pools after the step, on so many devices."""

    def device(*fakes):
        rows = rows_of(len(fakes[0]))
        own = arrivals(POOLS, fakes, Rng(jax.random.key(3), rows))
        everyone = jax.tree.map(lambda leaf: jax.lax.all_gather(leaf, AXIS, tiled=True), own)
        seen = Seen({}, {}, {"d": {"arrivals": everyone}})
        return drawn(POOLS, own, rows), forward.move_pools({"pools": POOLS, "k": 1}, seen)

    shards = [jnp.asarray(f, jnp.float32).reshape(devices, -1, 1) for f in FAKES]
    shown, after = jax.jit(jax.vmap(device, axis_name=AXIS))(*shards)
    return [np.concatenate(part) for part in shown], jax.tree.map(lambda leaf: leaf[0], after)


def test_the_pools_are_the_same_on_one_device_and_on_eight():
    shown, after = looked(1)
    for one, other in zip(*map(jax.tree.leaves, (looked(8), (shown, after))), strict=True):
        np.testing.assert_array_equal(one, other)
    rng = Rng(jax.random.key(3), jnp.arange(16))
    own = arrivals(POOLS, tuple(map(jnp.asarray, FAKES)), rng)
    for number, pool in enumerate(POOLS):
        later, expected = exchanged(pool, own[number])
        np.testing.assert_array_equal(shown[number], expected)
        np.testing.assert_array_equal(after["pools"][number]["images"], later["images"])
    assert after["k"] == 1
    assert set(shown[0].ravel()) & {7.0, 8.0, 9.0}


def test_no_gradient_passes_through_a_pool():
    def total(scale):
        fakes = (scale * jnp.ones((4, 1)),)
        pools = (pool_of(),)
        return sum(map(jnp.sum, drawn(pools, arrivals(pools, fakes, rows_from(4)), jnp.arange(4))))

    value, slope = jax.value_and_grad(total)(2.0)
    assert (value, slope) == (8.0, 0.0)
