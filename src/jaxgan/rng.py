"""Random numbers that belong to a sample, not to a device.

Everything stochastic in a training step (latents, dropout, flips, penalty noise) is
drawn from ``fold_in(key, global_row)``: the row's place in the global batch. One device
and eight therefore draw the same numbers for the same rows.
"""

import dataclasses
import zlib
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike

from jaxgan.types import AXIS, Key


def named(key: Key, name: str) -> Key:
    """A key for ``name``, so that two draws with different names never share one."""
    return jax.random.fold_in(key, _number(name))


def _number(name: str) -> int:
    return zlib.crc32(name.encode())


def key_of_bits(numbers: jax.Array) -> Key:
    """A key out of the bits of float32 numbers ``[d]``, e.g. of a latent."""
    bits = lax.bitcast_convert_type(jnp.resize(numbers, (2,)), jnp.uint32)
    return jax.random.wrap_key_data(bits, impl="threefry2x32")


def mapped() -> bool:
    """Whether this is a training step: inside the mapped axis ``AXIS``."""
    try:
        lax.axis_size(AXIS)
    except NameError:
        return False
    return True


def global_rows(count: int) -> jax.Array:
    """Places in the global batch of this device's ``count`` rows, int32 ``[count]``.

    Must run inside the mapped axis ``AXIS``; devices hold consecutive blocks of rows.
    """
    return lax.axis_index(AXIS) * count + jnp.arange(count, dtype=jnp.int32)


@dataclasses.dataclass(frozen=True)
class Rng:
    """A source of per-sample random numbers: one key, and the rows it is asked for.

    Attributes:
      key: a scalar typed key.
      rows: int32 ``[batch]``, the global index of each sample.
    """

    key: Key
    rows: jax.Array

    def named(self, name: str) -> "Rng":
        """An independent source for another purpose."""
        return Rng(named(self.key, name), self.rows)

    def each(
        self, names: Sequence[str], draw: Callable[["Rng"], jax.Array]
    ) -> dict[str, jax.Array]:
        """``{name: draw(self.named(name))}``, compiled once and not once for each name."""
        numbers = jnp.array([_number(name) for name in names], jnp.uint32)
        keys = jax.vmap(lambda number: jax.random.fold_in(self.key, number))(numbers)
        drawn = jax.vmap(lambda key: draw(Rng(key, self.rows)))(keys)
        return dict(zip(names, drawn, strict=True))

    def keys(self) -> jax.Array:
        """One key per sample, ``[batch]``."""
        return jax.vmap(lambda row: jax.random.fold_in(self.key, row))(self.rows)

    def normal(self, shape: Sequence[int]) -> jax.Array:
        """Standard normal numbers, float32 ``[batch, *shape]``."""
        return jax.vmap(lambda key: jax.random.normal(key, tuple(shape)))(self.keys())

    def uniform(
        self, shape: Sequence[int], low: ArrayLike = 0.0, high: ArrayLike = 1.0
    ) -> jax.Array:
        """Uniform numbers in ``[low, high)``, float32 ``[batch, *shape]``."""

        def one(key):
            return jax.random.uniform(key, tuple(shape), minval=low, maxval=high)

        return jax.vmap(one)(self.keys())

    def bernoulli(self, probability: ArrayLike, shape: Sequence[int] = ()) -> jax.Array:
        """True with ``probability``, bool ``[batch, *shape]``."""
        return self.uniform(shape) < probability
