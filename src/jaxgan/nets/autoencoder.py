"""Discriminators that are autoencoders: EBGAN (Zhao et al. 2017), BEGAN (Berthelot et al. 2017).

BEGAN's layers are those of its reference implementation, which the paper's figure 1 leaves
open: github.com/carpedm20/BEGAN-tensorflow, models.py.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.resample import upsample
from jaxgan.types import Image, Latent

GLOROT = nn.initializers.glorot_uniform()
NORMAL = nn.initializers.normal(0.02)


class Energy(nn.Module):
    """The error of a reconstruction, ``[b, ...] -> [b]``, or with codes ``([b], [b, code])``.

    The mean over pixels of ``|x - Dec(Enc(x))| ** power``, in float32: power 2 is EBGAN's
    (equation 1), power 1 BEGAN's (section 3.1).

    Attributes:
      autoencoder: called with samples and ``train=``, gives reconstructions and codes.
      power: of the error.
      codes: whether the codes are given too, for EBGAN's pull-away term.
    """

    autoencoder: nn.Module
    power: int = 2
    codes: bool = True

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Any:
        """Energies of samples: low where the data are."""
        reconstruction, codes = self.autoencoder(sample, train=train)
        error = sample.astype(jnp.float32) - reconstruction.astype(jnp.float32)
        error = jnp.abs(error) if self.power == 1 else jnp.square(error)
        energy = jnp.mean(error.reshape(len(sample), -1), axis=-1)
        return (energy, codes) if self.codes else energy

    def reconstruct(self, sample: Image, *, train: bool) -> Image:
        """The samples as the autoencoder sees them."""
        return self.autoencoder(sample, train=train)[0]


class DenseAutoencoder(nn.Module):
    """Perceptrons to a code and back, ``[b, ...] -> ([b, ...], [b, code])``.

    EBGAN's discriminator on MNIST (its section 4.1 searches over depth and width).

    Attributes:
      hidden: widths of the encoder's layers, the last of which is the code.
      output: of the decoder's last layer.
      kernel_init: of every layer.
      dtype: of the hidden activations; the reconstruction is float32.
    """

    hidden: Sequence[int] = (256, 32)
    output: Callable[[jax.Array], jax.Array] = nn.sigmoid
    kernel_init: Callable[..., Any] = NORMAL
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> tuple[Image, jax.Array]:
        """Reconstructs each sample and gives its code."""
        del train

        def dense(features, dtype):
            return nn.Dense(features, kernel_init=self.kernel_init, dtype=dtype)

        x = sample.reshape(len(sample), -1)
        for width in self.hidden:
            x = nn.relu(dense(width, self.dtype)(x))
        code = x.astype(jnp.float32)
        for width in reversed(self.hidden[:-1]):
            x = nn.relu(dense(width, self.dtype)(x))
        x = dense(math.prod(sample.shape[1:]), jnp.float32)(x.astype(jnp.float32))
        return self.output(x).reshape(sample.shape), code


class ConvAutoencoder(nn.Module):
    """Strided convolutions down and up, ``[b, r, r, c] -> ([b, r, r, c], [b, code])``.

    After EBGAN's for 64 pixels: kernels of 4 with stride 2, batch normalization but at both
    ends, a leak of 0.2; the code is the flattened middle. No code of the authors was at hand.

    Attributes:
      width: features of the first layer; each later one has twice as many.
      depth: halvings.
      output: of the last layer.
      dtype: of the hidden activations; the reconstruction is float32.
    """

    width: int = 64
    depth: int = 3
    output: Callable[[jax.Array], jax.Array] = nn.tanh
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> tuple[Image, jax.Array]:
        """Reconstructs each image and gives its code."""

        def settle(x):
            norm = BatchNorm(use_running_average=not train, momentum=0.9, dtype=x.dtype)
            return nn.leaky_relu(norm(x), 0.2)

        x = image
        for power in range(self.depth):
            features = self.width * 2**power
            x = Conv(features, 4, stride=2, kernel_init=NORMAL, dtype=self.dtype)(x)
            x = settle(x) if power else nn.leaky_relu(x, 0.2)
        code = x.reshape(len(x), -1).astype(jnp.float32)
        for power in reversed(range(self.depth - 1)):
            features = self.width * 2**power
            x = settle(ConvTranspose(features, 4, kernel_init=NORMAL, dtype=self.dtype)(x))
        last = ConvTranspose(image.shape[-1], 4, kernel_init=NORMAL)
        return self.output(last(x.astype(jnp.float32))), code


def _stages(resolution: int) -> int:
    """Feature maps from 8 pixels to ``resolution``, each twice as large as the one before."""
    count = int(math.log2(resolution)) - 2
    if resolution != 8 * 2 ** (count - 1) or count < 1:
        raise UserError(f"BEGAN's images have 8, 16, 32, 64 or 128 pixels, not {resolution}.")
    return count


class BeganDecoder(nn.Module):
    """Pairs of convolutions between doublings, ``[b, code] -> [b, r, r, c]``, unbounded.

    The generator, and in the discriminator the way back from the code.

    Attributes:
      resolution: ``r``: 8 times a power of two.
      channels: ``c``.
      width: features of every layer; the paper's ``n``.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 64
    channels: int = 3
    width: int = 128
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each code."""
        del train
        x = nn.Dense(8 * 8 * self.width, kernel_init=GLOROT, dtype=self.dtype)(latent)
        x = x.reshape(-1, 8, 8, self.width)
        for stage in range(_stages(self.resolution)):
            x = upsample(x) if stage else x
            for _ in range(2):
                x = nn.elu(Conv(self.width, 3, kernel_init=GLOROT, dtype=self.dtype)(x))
        return Conv(self.channels, 3, kernel_init=GLOROT)(x.astype(jnp.float32))


class BeganAutoencoder(nn.Module):
    """BEGAN's encoder and decoder, ``[b, r, r, c] -> ([b, r, r, c], [b, code])``.

    Attributes:
      width: features of the first stage and of the decoder; stage ``k`` has ``k`` times as many.
      code: size of the code; the paper's ``h``, as large as the latent.
      dtype: of the activations; the reconstruction is float32.
    """

    width: int = 128
    code: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> tuple[Image, jax.Array]:
        """Reconstructs each image and gives its code."""

        def conv(x, features, stride=1):
            layer = Conv(features, 3, stride=stride, kernel_init=GLOROT, dtype=self.dtype)
            return nn.elu(layer(x))

        resolution, channels = image.shape[1], image.shape[3]
        stages = _stages(resolution)
        x = conv(image, self.width)
        for stage in range(1, stages + 1):
            x = conv(conv(x, stage * self.width), stage * self.width)
            if stage < stages:
                x = conv(x, stage * self.width, stride=2)
        x = x.reshape(len(x), -1)
        code = nn.Dense(self.code, kernel_init=GLOROT, dtype=self.dtype)(x)
        decoder = BeganDecoder(resolution, channels, self.width, self.dtype)
        return decoder(code, train=train), code.astype(jnp.float32)


def began_discriminator(width: int = 128, code: int = 64, dtype: Any = jnp.float32) -> Energy:
    """BEGAN's discriminator: the mean absolute error of its autoencoder."""
    return Energy(BeganAutoencoder(width, code, dtype), power=1, codes=False)
