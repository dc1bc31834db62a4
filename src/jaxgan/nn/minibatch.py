"""Layers that let a discriminator compare the samples of a batch."""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from jaxgan.types import AXIS


class MinibatchDiscrimination(nn.Module):
    """Closeness to the batch's other samples, ``[b, in] -> [b, in + features]``.

    ``o_ib = sum_{j != i} exp(-|M_ib - M_jb|_1)`` with ``M_i = x_i T`` (Salimans et al. 2016,
    section 3.2; as in the authors' code a sample is not compared with itself, whose term is
    the constant 1). In training ``j`` runs over the global batch, so that one device and
    eight compute the same; elsewhere over the rows at hand. It holds
    ``b * global b * features * size`` numbers.

    Attributes:
      features: ``B``, kernels that compare.
      size: ``C``, of each kernel's space.
      kernel_init: of ``T``.
    """

    features: int = 100
    size: int = 5
    kernel_init: Callable[..., Any] = nn.initializers.normal(0.05)

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Appends the closenesses to ``x``."""
        shape = (x.shape[-1], self.features * self.size)
        kernel = self.param("kernel", self.kernel_init, shape, jnp.float32)
        # In float32: the exponential turns rounding of large distances into noise.
        own = (x.astype(jnp.float32) @ kernel).reshape(-1, self.features, self.size)
        rows, others = jnp.arange(len(own)), own
        if train and not self.is_initializing():
            others = lax.all_gather(own, AXIS, tiled=True)
            rows = rows + lax.axis_index(AXIS) * len(own)
        distance = jnp.sum(jnp.abs(own[:, None] - others[None]), axis=-1)
        itself = (rows[:, None] == jnp.arange(len(others))[None])[..., None]
        closeness = jnp.sum(jnp.where(itself, 0.0, jnp.exp(-distance)), axis=1)
        return jnp.concatenate([x, closeness.astype(x.dtype)], axis=-1)


class MinibatchStddev(nn.Module):
    """One more channel, the samples' mean deviation, ``[b, h, w, c] -> [b, h, w, c + 1]``.

    Karras et al. 2018, section 3: the deviation of every feature over a group of samples,
    averaged over features and pixels. Groups are consecutive rows of one device: nothing is
    communicated, and one device equals eight wherever a device's rows divide into groups
    of the same size. (The authors' groups are strided rows; the samples of a batch are
    exchangeable.) It has no parameters.

    Attributes:
      group: samples compared with each other, or the largest divisor of a device's rows
        below it; None is the whole global batch (in training).
    """

    group: int | None = 4

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Appends the deviation to ``x``."""
        rows = len(x)
        values = x.astype(jnp.float32)
        if self.group is None:
            across = train and not self.is_initializing()

            def mean(y: jax.Array) -> jax.Array:
                local = jnp.mean(y, axis=0, keepdims=True)
                return lax.pmean(local, AXIS) if across else local

            grouped, size = values[None], rows
            variance = mean(jnp.square(values - mean(values)))
        else:
            size = max(n for n in range(1, min(self.group, rows) + 1) if rows % n == 0)
            grouped = values.reshape(rows // size, size, *x.shape[1:])
            variance = jnp.var(grouped, axis=1)
        # The square root of 0 has no gradient.
        deviation = jnp.sqrt(variance + 1e-8).reshape(len(grouped), math.prod(x.shape[1:]))
        deviation = jnp.repeat(jnp.mean(deviation, axis=1), size, total_repeat_length=rows)
        spread = deviation.astype(x.dtype).reshape(rows, *(1,) * (x.ndim - 1))
        return jnp.concatenate([x, jnp.broadcast_to(spread, (*x.shape[:-1], 1))], axis=-1)
