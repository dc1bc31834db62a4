"""DCGAN (Radford, Metz & Chintala 2016, arXiv:1511.06434).

Strided convolutions instead of pooling, batch normalization everywhere but at the
generator's output and the discriminator's input, rectifiers in the generator and leaky
rectifiers in the discriminator. Kernel size, initialization and the absence of biases
are those of the authors' code (github.com/Newmu/dcgan_code, faces/train_uncond_dcgan.py).
"""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.norm import BatchNorm, gain_init
from jaxgan.types import Image, Latent, Logits

KERNEL_INIT = nn.initializers.normal(0.02)


def doublings(resolution: int) -> int:
    """How often the first feature map (4 to 7 pixels wide) doubles to ``resolution``.

    Raises:
      UserError: no power of two takes 4, 5, 6 or 7 to ``resolution``.
    """
    for count in range(1, 12):
        if resolution % 2**count == 0 and 4 <= resolution // 2**count <= 7:
            return count
    raise UserError(
        f"DCGAN doubles a map of 4 to 7 pixels, which never gives {resolution}; "
        "use --resolution 28, 32, 64 or 128."
    )


def square(shape: Sequence[int]) -> tuple[int, int]:
    """Resolution and channels of square images.

    Raises:
      UserError: ``shape`` is not that of a square image which DCGAN can draw.
    """
    if len(shape) != 3 or shape[0] != shape[1]:
        size = " x ".join(map(str, shape))
        raise UserError(f"DCGAN draws square images; these data are {size}. Use --resolution 32.")
    doublings(shape[0])
    return shape[0], shape[2]


class _Norm(nn.Module):
    """Batch normalization with the authors' initialization."""

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        norm = BatchNorm(
            use_running_average=not train, momentum=0.9, scale_init=gain_init, dtype=x.dtype
        )
        return norm(x)


class Generator(nn.Module):
    """Projects a latent and doubles it to an image, ``[b, latent] -> [b, r, r, c]`` in [-1, 1].

    Attributes:
      resolution: ``r``; 28, 32, 64 and 128 among others.
      channels: ``c``.
      width: feature maps before the image; each earlier layer has twice as many.
      kernel: side of every kernel.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 64
    channels: int = 3
    width: int = 128
    kernel: int = 5
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent."""
        count = doublings(self.resolution)
        start = self.resolution // 2**count
        features = self.width * 2 ** (count - 1)
        x = nn.Dense(
            start * start * features, use_bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype
        )(latent)
        x = nn.relu(_Norm()(x, train=train)).reshape(-1, start, start, features)
        for power in reversed(range(count - 1)):
            x = ConvTranspose(
                self.width * 2**power,
                self.kernel,
                bias=False,
                kernel_init=KERNEL_INIT,
                dtype=self.dtype,
            )(x)
            x = nn.relu(_Norm()(x, train=train))
        x = ConvTranspose(
            self.channels, self.kernel, bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype
        )(x)
        return nn.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """Halves an image down to one logit, ``[b, r, r, c] -> [b]``.

    Attributes:
      width: feature maps of the first layer; each later layer has twice as many.
      kernel: side of every kernel.
      slope: of the leaky rectifier for negative inputs.
      batch_norm: normalizes every layer but the first; without it they have biases instead.
      dtype: of the activations; the last layer is float32.
    """

    width: int = 128
    kernel: int = 5
    slope: float = 0.2
    batch_norm: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Logits:
        """Scores each image."""
        x = image
        for power in range(doublings(image.shape[1])):
            x = Conv(
                self.width * 2**power,
                self.kernel,
                stride=2,
                bias=not self.batch_norm,
                kernel_init=KERNEL_INIT,
                dtype=self.dtype,
            )(x)
            if power > 0 and self.batch_norm:
                x = _Norm()(x, train=train)
            x = nn.leaky_relu(x, self.slope)
        x = x.reshape(x.shape[0], -1).astype(jnp.float32)
        return nn.Dense(1, use_bias=False, kernel_init=KERNEL_INIT)(x)[:, 0]


class DenseGenerator(nn.Module):
    """The generator's recipe without pixels, ``[b, latent] -> [b, *shape]``, unbounded.

    Attributes:
      shape: of one sample.
      hidden: widths of the hidden layers.
      dtype: of the hidden activations; the samples are float32.
    """

    shape: Sequence[int] = (2,)
    hidden: Sequence[int] = (128, 128)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one sample from each latent."""
        x = latent
        for width in self.hidden:
            x = nn.Dense(width, use_bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
            x = nn.relu(_Norm()(x, train=train))
        x = nn.Dense(math.prod(self.shape), kernel_init=KERNEL_INIT)(x.astype(jnp.float32))
        return x.reshape(-1, *self.shape)


class DenseDiscriminator(nn.Module):
    """The discriminator's recipe without pixels, ``[b, ...] -> [b]``.

    Attributes:
      hidden: widths of the hidden layers.
      slope: of the leaky rectifier for negative inputs.
      dtype: of the hidden activations; the last layer is float32.
    """

    hidden: Sequence[int] = (128, 128)
    slope: float = 0.2
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Logits:
        """Scores each sample."""
        x = sample.reshape(sample.shape[0], -1)
        for depth, width in enumerate(self.hidden):
            bias = depth == 0  # without one, the first layer's hinges would all cross the origin
            x = nn.Dense(width, use_bias=bias, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
            if depth > 0:
                x = _Norm()(x, train=train)
            x = nn.leaky_relu(x, self.slope)
        x = x.astype(jnp.float32)
        return nn.Dense(1, use_bias=False, kernel_init=KERNEL_INIT)(x)[:, 0]
