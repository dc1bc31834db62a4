"""FastGAN's generator, in the small form that Projected GAN has ("lite").

Liu, Zhu, Song & Elgammal 2021, "Towards faster and stabilized GAN training for high-fidelity
few-shot image synthesis", arXiv:2101.04775; the layers are those of the code of Projected GAN,
github.com/autonomousvision/projected-gan, pg_modules/networks_fastgan.py. Spectral normalization is
applied to all its kernels from outside.
"""

import math
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nets.stylegan2 import normalized
from jaxgan.nn.conv import Conv
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.padding import ValidConv
from jaxgan.nn.resample import upsample
from jaxgan.types import Image, Latent

KERNEL_INIT = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""PyTorch's default for kernels; spectral normalization leaves their directions."""

WIDTHS = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 1 / 2, 512: 1 / 4, 1024: 1 / 8}
"""Feature maps at each side, as multiples of the width."""

EXCITED = {64: 4, 128: 8, 256: 16, 512: 32}
"""Which maps of a smaller side scale the channels of a larger one."""


class First(nn.Module):
    """From a latent to 4 x 4 pixels, ``[b, latent] -> [b, 4, 4, features]``, a product.

    Attributes:
      features: of the result.
      dtype: of the activations.
    """

    features: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent) -> jax.Array:
        """The transposed convolution of one pixel."""
        # Its kernel is that of a convolution, so that spectral normalization sees the same matrix.
        shape = (4, 4, latent.shape[-1], self.features)
        init = nn.initializers.variance_scaling(1 / 3, "fan_out", "uniform")
        kernel = self.param("kernel", init, shape, jnp.float32)
        latent, kernel = latent.astype(self.dtype), kernel.astype(self.dtype)
        return jnp.einsum("bz,hwzf->bhwf", latent, kernel)


class Excitation(nn.Module):
    """Skip-layer excitation: what is seen on a small map scales the channels of a large one."""

    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, small: jax.Array, large: jax.Array) -> jax.Array:
        """``large`` with scaled channels; the side of ``small`` is a multiple of 4."""
        batch, side, _, channels = small.shape
        x = small.reshape(batch, 4, side // 4, 4, side // 4, channels).mean(axis=(2, 4))
        conv: dict[str, Any] = dict(bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)
        x = nn.swish(ValidConv(large.shape[-1], 4, **conv)(x))
        return large * nn.sigmoid(Conv(large.shape[-1], 1, **conv)(x))


class Generator(nn.Module):
    """Doubles from 4 x 4 pixels on, ``[b, latent] -> [b, r, r, channels]``, not bounded.

    Attributes:
      resolution: ``r``, a power of two from 8 to 1024.
      channels: of the image.
      width: feature maps at 128 x 128.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 256
    channels: int = 3
    width: int = 128
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent, which is scaled to a mean square of 1."""
        norm = partial(
            BatchNorm, use_running_average=not train, momentum=0.9, epsilon=1e-5, dtype=self.dtype
        )
        conv: dict[str, Any] = dict(bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)
        first = First(2 * self._features(4), self.dtype)
        x = nn.glu(norm()(first(normalized(latent))))
        maps = {4: x}
        for power in range(3, int(math.log2(self.resolution)) + 1):
            side = 2**power
            x = Conv(2 * self._features(side), 3, **conv)(upsample(x))
            x = nn.glu(norm()(x))
            if side in EXCITED:
                x = Excitation(self.dtype)(maps[EXCITED[side]], x)
            maps[side] = x
        last = Conv(self.channels, 3, kernel_init=KERNEL_INIT)
        return last(x.astype(jnp.float32))

    def _features(self, side: int) -> int:
        return max(1, int(self.width * WIDTHS[side]))
