"""Noise for the details of an image that its latent does not say."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Images
from jaxgan.rng import Rng, global_rows


class PixelNoise(nn.Module):
    """``x + s n``, ``[b, h, w, c]``: one normal number for each pixel, a learned strength ``s``.

    Karras, Laine & Aila, "A Style-Based Generator Architecture for GANs", CVPR 2019,
    arXiv:1812.04948, section 2; with one strength for all channels, which begins at zero (Karras et
    al. 2020, arXiv:1912.04958, section 2.1). In training the noise is drawn from the stream
    ``noise``, for a row of the global batch whatever device holds it. Elsewhere it is always the
    same, the collection ``noise``, so that latents determine images.
    """

    @nn.compact
    def __call__(self, x: Images, *, train: bool) -> Images:
        """Adds noise to ``x``."""
        size = x.shape[1:3]
        strength = self.param("strength", nn.initializers.zeros_init(), (), jnp.float32)
        fixed = self.variable(
            "noise", "fixed", lambda: jax.random.normal(self.make_rng("params"), size)
        )
        if train and not self.is_initializing():
            noise = Rng(self.make_rng("noise"), global_rows(len(x))).normal((*size, 1))
        else:
            noise = fixed.value[None, ..., None]
        return x + (strength * noise).astype(x.dtype)
