"""A pool of past generated images, of which a discriminator sees some in the place of new ones.

Shrivastava et al. 2017, "Learning from simulated and unsupervised images through adversarial
training", section 2.3; as in CycleGAN's code (Zhu et al. 2017, section 4: 50 images). Each new
image is stored, and shown itself, until the pool is full. From then on either it is shown and
forgotten or, with probability 1/2, an image drawn at random out of the pool is shown and the new
one takes its place.

A pool is adaptive state, the same on all devices: images enter it one after the other in the order
of global rows, whatever the number of devices, and their coins and places belong to their rows.
A forward pass looks at the pool (``drawn``); ``move_pools``, a rule for ``Gan.adapt``, repeats the
exchange after the step, and keeps what is in it then.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxgan.rng import Rng, mapped
from jaxgan.types import AXIS, Image, Seen

Pool: TypeAlias = Mapping[str, Any]
"""``images``, float32 ``[size, ...]``, and ``held``, int32: the first ``held`` are filled."""


class Arrivals(NamedTuple):
    """New images, and what becomes of them once the pool is full.

    Attributes:
      images: ``[rows, ...]``.
      coins: bool ``[rows]``, whether the image is exchanged for one of the pool.
      places: int32 ``[rows]``, for which one.
    """

    images: jax.Array
    coins: jax.Array
    places: jax.Array


def empty_pools(size: int, shapes: Sequence[tuple[int, ...]]) -> dict[str, tuple[Pool, ...]]:
    """Adaptive state ``pools``: one of ``size`` images for each shape of an image."""
    return {
        "pools": tuple(
            {"images": np.zeros((size, *shape), np.float32), "held": np.zeros((), np.int32)}
            for shape in shapes
        )
    }


def arrivals(pools: Sequence[Pool], fakes: Sequence[Image], rng: Rng) -> tuple[Arrivals, ...]:
    """What comes to each pool: this device's fakes, without their gradient, and their draws."""

    def one(number: int, pool: Pool, images: Image) -> Arrivals:
        own = rng.named(f"pool {number}")
        draw = partial(jax.random.randint, shape=(), minval=0, maxval=len(pool["images"]))
        places = jax.vmap(draw)(own.named("place").keys())
        return Arrivals(lax.stop_gradient(images), own.named("coin").bernoulli(0.5), places)

    return tuple(map(one, range(len(pools)), pools, fakes))


def exchanged(pool: Pool, new: Arrivals) -> tuple[Pool, Image]:
    """The pool after all images have come, and what was shown for each of them."""
    size = len(pool["images"])

    def arrive(pool: Pool, one: Arrivals) -> tuple[Pool, jax.Array]:
        full = pool["held"] == size
        place = jnp.where(full, one.places, pool["held"])
        old = pool["images"][place]
        stored = jnp.where(~full | one.coins, one.images, old)
        shown = jnp.where(full & one.coins, old, one.images)
        images = pool["images"].at[place].set(stored)
        return {"images": images, "held": jnp.minimum(pool["held"] + 1, size)}, shown

    return lax.scan(arrive, pool, new)


def drawn(pools: Sequence[Pool], new: Sequence[Arrivals], rows: jax.Array) -> tuple[Image, ...]:
    """What is shown for this device's fakes, of each pool.

    Args:
      pools: before the step.
      new: this device's fakes.
      rows: int32, their places in the global batch.
    """
    if mapped():
        new = jax.tree.map(lambda leaf: lax.all_gather(leaf, AXIS, tiled=True), new)
    return tuple(exchanged(*both)[1][rows] for both in zip(pools, new, strict=True))


def move_pools(adaptive: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """An ``adapt`` for ``pools``: after what the discriminator saw last, its ``arrivals``."""
    both = zip(adaptive["pools"], seen.remembered["d"]["arrivals"], strict=True)
    return {**adaptive, "pools": tuple(exchanged(pool, new)[0] for pool, new in both)}
