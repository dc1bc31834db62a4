"""StackedMNIST's convolutional networks (Lin et al. 2018, PacGAN, sections 4.2 and 4.3).

github.com/fjxmlzn/PacGAN, stacked_MNIST_experiments: a DCGAN of 28 pixels for VEEGAN's
protocol, and the far smaller networks of Unrolled GAN's. Odd maps double to what halves to
them: 2, 4, 7, 14, 28. A packed discriminator sees more channels and is otherwise the same.
"""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Conv
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.padding import ConvTransposeTo
from jaxgan.types import Image, Latent, Logits

NORMAL = nn.initializers.normal(0.02)
TRUNCATED = nn.initializers.truncated_normal(0.02)


def halvings(resolution: int, count: int) -> tuple[int, ...]:
    """Sides of the feature maps, smallest first: each is half the next, rounded up."""
    sides = [resolution]
    for _ in range(count):
        sides.insert(0, -(-sides[0] // 2))
    return tuple(sides)


def _norm(x: jax.Array, train: bool) -> jax.Array:
    return BatchNorm(use_running_average=not train, momentum=0.9, dtype=x.dtype)(x)


class Generator(nn.Module):
    """Transposed convolutions with biases, ``[b, latent] -> [b, r, r, c]`` in [-1, 1].

    Attributes:
      resolution: ``r``.
      channels: ``c``.
      start: features of the first map.
      widths: features of the later ones.
      kernel: side of every kernel.
      refine: whether the image is a convolution of the last map; else a transposed one.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 28
    channels: int = 3
    start: int = 512
    widths: Sequence[int] = (256, 128, 64)
    kernel: int = 5
    refine: bool = False
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent."""
        first, *sides = halvings(self.resolution, len(self.widths) + (not self.refine))
        x = nn.Dense(first * first * self.start, kernel_init=NORMAL, dtype=self.dtype)(latent)
        x = nn.relu(_norm(x.reshape(-1, first, first, self.start), train))
        for features, side in zip(self.widths, sides, strict=False):
            layer = ConvTransposeTo(
                features, self.kernel, size=side, kernel_init=NORMAL, dtype=self.dtype
            )
            x = nn.relu(_norm(layer(x), train))
        x = x.astype(jnp.float32)
        if self.refine:
            return nn.tanh(Conv(self.channels, self.kernel, kernel_init=TRUNCATED)(x))
        last = ConvTransposeTo(self.channels, self.kernel, size=self.resolution, kernel_init=NORMAL)
        return nn.tanh(last(x))


class Discriminator(nn.Module):
    """Strided convolutions with biases, ``[b, r, r, c] -> [b]``.

    Attributes:
      widths: features of each layer.
      kernel: side of every kernel.
      slope: of the leaky rectifier for negative inputs.
      norm: whether the layers but the first are normalized; not under a gradient penalty.
      norm_first: whether the first layer is normalized too.
      dtype: of the activations; the last layer is float32.
    """

    widths: Sequence[int] = (64, 128, 256, 512)
    kernel: int = 5
    slope: float = 0.2
    norm_first: bool = False
    norm: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Logits:
        """Scores each image."""
        x = image
        for number, features in enumerate(self.widths):
            x = Conv(features, self.kernel, 2, kernel_init=TRUNCATED, dtype=self.dtype)(x)
            if self.norm and (number or self.norm_first):
                x = _norm(x, train)
            x = nn.leaky_relu(x, self.slope)
        x = x.reshape(len(x), -1).astype(jnp.float32)
        return nn.Dense(1, kernel_init=NORMAL)(x)[:, 0]


def dcgan_generator(
    resolution: int = 28, channels: int = 3, width: int = 64, dtype: Any = jnp.float32
) -> Generator:
    """PacDCGAN's on StackedMNIST; ``width`` are the features of its last map but the image."""
    return Generator(resolution, channels, 8 * width, (4 * width, 2 * width, width), dtype=dtype)


def dcgan_discriminator(
    width: int = 64, norm: bool = True, dtype: Any = jnp.float32
) -> Discriminator:
    """PacDCGAN's on StackedMNIST; ``width`` are the features of its first layer."""
    widths = [width * multiple for multiple in (1, 2, 4, 8)]
    return Discriminator(widths, norm=norm, dtype=dtype)


def unrolled_generator(
    resolution: int = 28, channels: int = 3, dtype: Any = jnp.float32
) -> Generator:
    """Unrolled GAN's on StackedMNIST (Metz et al. 2017, appendix; PacGAN's code)."""
    return Generator(resolution, channels, 64, (32, 16, 8), kernel=3, refine=True, dtype=dtype)


def unrolled_discriminator(share: float = 0.25, dtype: Any = jnp.float32) -> Discriminator:
    """Unrolled GAN's on StackedMNIST: a quarter or a half of the generator's widths."""
    widths = [int(share * features) for features in (8, 16, 32)]
    return Discriminator(widths, kernel=3, slope=0.3, norm_first=True, dtype=dtype)
