"""Noise for the details of an image that its latent does not say."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.rng import Rng, global_rows


class PixelNoise(nn.Module):
    """Normal numbers for the pixels of feature maps, ``[rows, side, side, 1]`` of each.

    In training they are drawn from the stream ``noise``, for a row of the global batch whatever
    device holds it. Elsewhere they are always the same, the collection ``noise``, of one row, so
    that latents determine images. (Karras, Laine & Aila, "A Style-Based Generator Architecture for
    GANs", CVPR 2019, arXiv:1812.04948, section 2.) All come from one draw, which compiles much
    faster than one for each.

    Attributes:
      sides: of the feature maps.
    """

    sides: tuple[int, ...]

    @nn.compact
    def __call__(self, rows: int, *, train: bool) -> list[jax.Array]:
        """The numbers of so many rows, for each of ``sides``."""
        sizes = [side**2 for side in self.sides]
        count = sum(sizes)
        fixed = self.variable(
            "noise", "fixed", lambda: jax.random.normal(self.make_rng("params"), (count,))
        )
        if train and not self.is_initializing():
            numbers = Rng(self.make_rng("noise"), global_rows(rows)).normal((count,))
        else:
            numbers = fixed.value[None]
        parts = jnp.split(numbers, np.cumsum(sizes)[:-1], axis=1)
        return [
            part.reshape(-1, side, side, 1) for part, side in zip(parts, self.sides, strict=True)
        ]
