"""Dropout whose masks belong to the samples."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.rng import Rng, global_rows
from jaxgan.types import ScalarLike


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014), ``[batch, ...] -> [batch, ...]``.

    The mask of a row depends on the ``dropout`` key and on the row's place in the global
    batch, not on the device that holds it. Within one phase of training every call of a
    network gets the same key: its masks make one critic, which the loss and the penalties
    then share.
    """

    rate: ScalarLike

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Zeroes each activation with probability ``rate`` and rescales the others."""
        none = isinstance(self.rate, (int, float)) and self.rate == 0  # a traced rate is unknown
        if none or not train or self.is_initializing():
            return x
        rng = Rng(self.make_rng("dropout"), global_rows(x.shape[0]))
        keep = 1.0 - self.rate
        kept = rng.bernoulli(keep, x.shape[1:])
        return jnp.where(kept, x / keep, 0.0).astype(x.dtype)
