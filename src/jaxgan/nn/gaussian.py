"""Noise inside a network that belongs to the sample."""

import flax.linen as nn
import jax

from jaxgan.rng import Rng, global_rows


class GaussianNoise(nn.Module):
    """``mean + exp(log_deviation) * e`` with standard normal ``e``, in training only.

    The reparameterized sample of a Gaussian encoder, ``[b, n] -> [b, n]`` (ALI, Dumoulin et
    al. 2017, section 2.1). ``e`` depends on the ``noise`` key and on the row's place in the
    global batch. Outside of training it is the mean.
    """

    @nn.compact
    def __call__(
        self, mean: jax.Array, log_deviation: jax.Array | float = 0.0, *, train: bool
    ) -> jax.Array:
        """Draws one sample for each row."""
        if not train or self.is_initializing():
            return mean
        rng = Rng(self.make_rng("noise"), global_rows(mean.shape[0]))
        return mean + jax.numpy.exp(log_deviation) * rng.normal(mean.shape[1:])
