"""The networks between StyleGAN2 and R3GAN, on the paper's way from one to the other.

Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern baseline GAN",
NeurIPS 2024, arXiv:2501.05441, section 3 and table 2. What the authors published is the last
network only; the others here are built from the paper's words and have its numbers of parameters.
"""

import math
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.nets.r3gan import GAIN, SLOPE, Stage, normal
from jaxgan.nn.conv import convolution, same
from jaxgan.nn.resample import smooth_upsample
from jaxgan.nn.resampled_conv import halving_convolution
from jaxgan.types import Image, Latent, Logits

Stages = tuple[Stage, ...]


def bottlenecks(widths: tuple[int, ...], group: int, blocks: int = 2) -> Stages:
    """Config D: ResNet's bottlenecks, a quarter as wide as what lies between them.

    Args:
      widths: feature maps of StyleGAN2 at each side, from 4 pixels on.
      group: of no use here.
      blocks: of a stage.
    """
    del group
    return tuple(Stage(3 * width, max(1, 3 * width // 4), 1, blocks) for width in widths)


def grouped_bottlenecks(widths: tuple[int, ...], group: int, blocks: int = 2) -> Stages:
    """The first half of config E: ResNeXt's bottlenecks, half as wide as what lies between them.

    Args:
      widths: feature maps of StyleGAN2 at each side, from 4 pixels on.
      group: channels of a group.
      blocks: of a stage.
    """
    return tuple(
        Stage(3 * width, 3 * width // 2, max(1, 3 * width // 2 // group), blocks)
        for width in widths
    )


def inverted_bottlenecks(widths: tuple[int, ...], group: int, blocks: int = 2) -> Stages:
    """Config E, which is R3GAN: twice as wide inside; arguments as ``grouped_bottlenecks``'s."""
    return tuple(
        Stage(3 * width // 2, 3 * width, max(1, 3 * width // group), blocks) for width in widths
    )


class Layer(nn.Module):
    """A convolution, a bias and a leaky rectifier, of stride 1 or halving.

    Attributes:
      features: of the output.
      kernel: side of the convolution.
      halving: whether the image is smoothed and halved; see ``halving_convolution``.
      active: whether there are a bias and a rectifier.
      dtype: of the activations.
    """

    features: int
    kernel: int = 3
    halving: bool = False
    active: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Image) -> Image:
        """The layer's output."""
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        start = normal(GAIN if self.active else 1.0)
        kernel = self.param("kernel", start, shape).astype(self.dtype)
        x = x.astype(self.dtype)
        if self.halving:
            y = halving_convolution(x, kernel)
        else:
            y = convolution(same(x.shape[1:3], self.kernel, 1), x, kernel)
        if not self.active:
            return y
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        return nn.leaky_relu(y + bias.astype(y.dtype), SLOPE)


class StrippedGenerator(nn.Module):
    """Configs B and C, ``[b, latent] -> [b, r, r, channels]``: no styles, no noise.

    As in R3GAN, latents scale a learned basis of 4 x 4 pixels.

    Attributes:
      widths: feature maps at each side, from 4 pixels on.
      channels: of an image.
      dtype: of the activations.
    """

    widths: tuple[int, ...]
    channels: int = 3
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Images of latents, in float32."""
        del train
        first = self.widths[0]
        basis = self.param("basis", nn.initializers.normal(1.0), (4, 4, first))
        linear = nn.Dense(first, use_bias=False, kernel_init=normal(), name="latents")
        x = basis * linear(latent)[:, None, None]
        image = None
        for number, width in enumerate(self.widths):
            if number:
                x = Layer(width, dtype=self.dtype)(smooth_upsample(x))
            x = Layer(width, dtype=self.dtype)(x)
            colors = nn.Dense(self.channels, kernel_init=normal(), dtype=self.dtype)
            color = colors(x).astype(jnp.float32)
            image = color if image is None else smooth_upsample(image) + color
        assert image is not None
        return image


class StrippedDiscriminator(nn.Module):
    """Configs B and C, ``[b, r, r, channels] -> [b]``: no deviation over the batch.

    Attributes:
      widths: feature maps at each side, from 4 pixels on.
      dtype: of the activations, but for the last two layers'.
    """

    widths: tuple[int, ...]
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Logits:
        """Logits of images."""
        del train
        x = Layer(self.widths[-1], 1, dtype=self.dtype)(image)
        for width in self.widths[-2::-1]:
            y = Layer(x.shape[-1], dtype=self.dtype)(x)
            y = Layer(width, halving=True, dtype=self.dtype)(y)
            skip = Layer(width, 1, halving=True, active=False, dtype=self.dtype)(x)
            x = (y + skip) * math.sqrt(0.5)
        size = self.widths[0]
        x = Layer(size)(x.astype(jnp.float32))
        x = nn.Dense(size, kernel_init=normal(GAIN))(x.reshape(len(x), -1))
        return nn.Dense(1, kernel_init=normal())(nn.leaky_relu(x, SLOPE))[:, 0]
