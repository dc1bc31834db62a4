"""Maxout (Goodfellow et al. 2013)."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


class Maxout(nn.Module):
    """The largest of ``pieces`` affine maps, ``[batch, in] -> [batch, features]``."""

    features: int
    pieces: int
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """``max_k (x W_k + b_k)``, equation 1 of the paper."""
        x = nn.Dense(self.features * self.pieces, kernel_init=self.kernel_init, dtype=self.dtype)(x)
        # Pieces before features: a maximum over neighbors in memory has a gradient that
        # takes XLA twenty times as long on CPU.
        return jnp.max(x.reshape(*x.shape[:-1], self.pieces, self.features), axis=-2)
