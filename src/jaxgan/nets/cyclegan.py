"""CycleGAN's generator, a residual network between two halvings and two doublings; its players.

Zhu, Park, Isola & Efros, "Unpaired image-to-image translation using cycle-consistent adversarial
networks", ICCV 2017, arXiv:1703.10593, section 7.2; the networks are Johnson et al.'s (2016). Code
of the authors: github.com/junyanz/CycleGAN (Lua) and
github.com/junyanz/pytorch-CycleGAN-and-pix2pix. Its discriminator is
``pix2pix.PatchDiscriminator(normalization="instance")``. Each player is two of these networks,
``Generators`` and ``Discriminators``.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nets.pix2pix import KERNEL_INIT
from jaxgan.nn.conv import Geometry
from jaxgan.nn.norm import InstanceNorm
from jaxgan.nn.padding import ValidConv, ValidConvTranspose
from jaxgan.types import Image, Logits


class Doubling(ValidConvTranspose):
    """The adjoint of a 3 x 3 convolution of stride 2 that is padded before, not behind.

    ``[b, h, w, i] -> [b, 2h, 2w, o]``, as PyTorch's with a padding and an output padding of 1.
    """

    kernel: int = 3
    stride: int = 2

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """That of the convolution whose output has this height and width."""
        height, width = (2 * n for n in size)
        return Geometry((height, width), (3, 3), (2, 2), (1, 1), (0, 0))


class ResNetGenerator(nn.Module):
    """Images to images of the same size, ``[b, h, w, i] -> [b, h, w, channels]`` in [-1, 1].

    Attributes:
      channels: of the output.
      width: features of the first layer; the residual blocks have four times as many.
      blocks: residual blocks: nine for images of 256 pixels, six for smaller ones.
      dtype: of the activations; the output is float32.
    """

    channels: int = 3
    width: int = 64
    blocks: int = 9
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, source: Image, *, train: bool) -> Image:
        """Translates each image."""
        del train
        x = self._normalized(self._conv(reflected(source, 3), self.width, 7))
        for features in (2 * self.width, 4 * self.width):
            x = jnp.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)))
            x = self._normalized(self._conv(x, features, 3, stride=2))
        for _ in range(self.blocks):
            x = x + self._residual(x)
        for features in (2 * self.width, self.width):
            x = Doubling(features, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
            x = self._normalized(x)
        x = ValidConv(self.channels, 7, kernel_init=KERNEL_INIT)(
            reflected(x.astype(jnp.float32), 3)
        )
        return nn.tanh(x)

    def _conv(self, x: jax.Array, features: int, kernel: int, stride: int = 1) -> jax.Array:
        return ValidConv(features, kernel, stride, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)

    def _normalized(self, x: jax.Array) -> jax.Array:
        return nn.relu(InstanceNorm(dtype=x.dtype)(x))

    def _residual(self, x: jax.Array) -> jax.Array:
        """Two convolutions; nothing follows the sum."""
        features = x.shape[-1]
        x = self._normalized(self._conv(reflected(x, 1), features, 3))
        return InstanceNorm(dtype=x.dtype)(self._conv(reflected(x, 1), features, 3))


class Generators(nn.Module):
    """Two generators as one player, ``source, target -> G(source), F(target)``.

    Attributes:
      forth: ``G``, from sources to targets.
      back: ``F``, from targets to sources.
    """

    forth: nn.Module
    back: nn.Module

    @nn.compact
    def __call__(self, source: Image, target: Image, *, train: bool) -> tuple[Image, Image]:
        """A target of each source, and a source of each target."""
        return self.forth(source, train=train), self.back(target, train=train)

    def translate(self, source: Image, *, train: bool) -> Image:
        """``G(source)`` alone."""
        return self.forth(source, train=train)

    def translate_back(self, target: Image, *, train: bool) -> Image:
        """``F(target)`` alone."""
        return self.back(target, train=train)


class Discriminators(nn.Module):
    """Two discriminators as one player: each judges one domain.

    ``target, source -> logits, logits``

    Attributes:
      target: of targets, the paper's ``D_Y``.
      source: of sources, ``D_X``.
    """

    target: nn.Module
    source: nn.Module

    @nn.compact
    def __call__(self, target: Image, source: Image, *, train: bool) -> tuple[Logits, Logits]:
        """Scores images of both domains."""
        return self.target(target, train=train), self.source(source, train=train)


def reflected(x: jax.Array, pad: int) -> jax.Array:
    """Images with their mirror image beyond every edge, which is not repeated itself."""
    return jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="reflect")
