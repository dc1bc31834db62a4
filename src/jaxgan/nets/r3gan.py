"""R3GAN's networks: ResNeXt blocks without normalization.

Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern baseline GAN",
NeurIPS 2024, arXiv:2501.05441, section 4; details as in the authors' code, github.com/brownvc/R3GAN
(R3GAN/Networks.py).
"""

import dataclasses
import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.grouped import grouped_convolution
from jaxgan.nn.resample import smooth_downsample, smooth_upsample
from jaxgan.types import Image, Label, Latent, Logits

SLOPE = 0.2
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))
"""What keeps the variance through a leaky rectifier."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """The blocks of one resolution.

    Attributes:
      width: channels between blocks.
      inner: channels in a block.
      groups: of the convolution in a block.
      blocks: their number.
    """

    width: int
    inner: int
    groups: int
    blocks: int = 2


def stages(widths: tuple[int, ...], size: int = 16, blocks: int = 2) -> tuple[Stage, ...]:
    """Stages from 4 x 4 pixels on: inverted bottlenecks, whose groups have ``size`` channels."""
    return tuple(Stage(width, 2 * width, max(1, 2 * width // size), blocks) for width in widths)


def normal(gain: float = 1.0) -> nn.initializers.Initializer:
    """Normal numbers of deviation ``gain / sqrt(fan_in)``."""
    return nn.initializers.variance_scaling(gain**2, "fan_in", "normal")


class Block(nn.Module):
    """``x + W3 a(W2 a(W1 x))``: a bottleneck, or an inverted one, around a grouped convolution.

    ``a`` adds a bias and is a leaky rectifier. ``W3`` starts at zero, and the others are scaled
    down by the number of blocks (Fixup; Zhang et al. 2019), so that a new network is as if it had
    none.

    Attributes:
      inner: channels between ``W1`` and ``W3``.
      groups: of ``W2``, the convolution of 3 x 3.
      depth: blocks of the whole network.
      dtype: of the activations.
    """

    inner: int
    groups: int
    depth: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Image) -> Image:
        """The block's output, of the same shape."""
        width = x.shape[-1]
        gain = GAIN * self.depth ** (-1 / 4)
        y = nn.Dense(self.inner, use_bias=False, kernel_init=normal(gain), dtype=self.dtype)(x)
        y = self._activated(y, "bias1")
        shape = (3, 3, self.inner // self.groups, self.inner)
        kernel = self.param("kernel", normal(gain), shape)
        y = grouped_convolution(y, kernel.astype(y.dtype), self.groups)
        y = self._activated(y, "bias2")
        zeros = nn.initializers.zeros_init()
        return x + nn.Dense(width, use_bias=False, kernel_init=zeros, dtype=self.dtype)(y)

    def _activated(self, x: Image, name: str) -> Image:
        bias = self.param(name, nn.initializers.zeros_init(), x.shape[-1:])
        return nn.leaky_relu(x + bias.astype(x.dtype), SLOPE)


class Generator(nn.Module):
    """``[b, latent] -> [b, r, r, channels]`` in float32, where every stage after the first doubles.

    Attributes:
      stages: from 4 x 4 pixels on.
      channels: of an image.
      classes: number of classes; 0 for an unconditional generator.
      dtype: of the activations of the last ``half`` stages.
      half: how many stages compute in ``dtype``; the others in float32.
      skips: whether every stage adds its colors to the doubled image of the one before, as in
        StyleGAN2 (the roadmap's first half of D).
    """

    stages: tuple[Stage, ...]
    channels: int = 3
    classes: int = 0
    dtype: Any = jnp.float32
    half: int = 3
    skips: bool = False

    @nn.compact
    def __call__(self, latent: Latent, label: Label | None = None, *, train: bool) -> Image:
        """Images of latents, under a label where there are classes."""
        del train
        known = known_labels(self.classes, label)
        if known is not None:
            one_hot = jax.nn.one_hot(known.reshape(len(latent)), self.classes)
            embedding = _linear(latent.shape[-1], name="labels")(one_hot)
            latent = jnp.concatenate([latent, embedding], axis=-1)
        depth = sum(stage.blocks for stage in self.stages)
        width = self.stages[0].width
        basis = self.param("basis", nn.initializers.normal(1.0), (4, 4, width))
        x = basis * _linear(width, name="latents")(latent)[:, None, None]
        image = None
        for number, stage in enumerate(self.stages):
            dtype = self.dtype if number >= len(self.stages) - self.half else jnp.float32
            x = x.astype(dtype)
            if number:
                if stage.width != x.shape[-1]:
                    x = _linear(stage.width, dtype)(x)
                x = smooth_upsample(x)
            for _ in range(stage.blocks):
                x = Block(stage.inner, stage.groups, depth, dtype)(x)
            if self.skips and number < len(self.stages) - 1:
                color = _linear(self.channels, dtype, name=f"colors{number}")(x)
                color = color.astype(jnp.float32)
                image = smooth_upsample(color if image is None else image + color)
        color = _linear(self.channels, x.dtype, name="colors")(x).astype(jnp.float32)
        return color if image is None else image + color


class Discriminator(nn.Module):
    """``[b, r, r, channels] -> [b]``: the generator's stages in reverse.

    With classes, the features' product with an embedding of the label is the logit.

    Attributes:
      stages: from 4 x 4 pixels on, as the generator's.
      classes: number of classes; 0 for an unconditional discriminator.
      dtype: of the activations of the first ``half`` stages.
      half: how many stages compute in ``dtype``; the others in float32.
    """

    stages: tuple[Stage, ...]
    classes: int = 0
    dtype: Any = jnp.float32
    half: int = 3

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Logits:
        """Logits of images, under a label where there are classes."""
        del train
        depth = sum(stage.blocks for stage in self.stages)
        first, *others = reversed(self.stages)
        x = _linear(first.width, self.dtype if self.half else jnp.float32, name="colors")(image)
        for number, (stage, following) in enumerate(
            zip((first, *others), (*others, None), strict=True)
        ):
            dtype = self.dtype if number < self.half else jnp.float32
            x = x.astype(dtype)
            for _ in range(stage.blocks):
                x = Block(stage.inner, stage.groups, depth, dtype)(x)
            if following is not None:
                x = smooth_downsample(x)
                if following.width != stage.width:
                    x = _linear(following.width, dtype)(x)
        x = x.astype(jnp.float32)
        # A kernel of 4 x 4 for each channel, which sees all there is of it.
        basis = self.param("basis", nn.initializers.normal(1 / 4), x.shape[1:])
        features = jnp.einsum("bhwc,hwc->bc", x, basis)
        known = known_labels(self.classes, label)
        if known is None:
            return _linear(1, name="logit")(features)[:, 0]
        size = features.shape[-1]
        features = _linear(size, name="logit")(features)
        one_hot = jax.nn.one_hot(known.reshape(len(features)), self.classes)
        gain = 1 / math.sqrt(size)
        embedding = nn.Dense(size, use_bias=False, kernel_init=normal(gain), name="labels")(one_hot)
        return jnp.sum(features * embedding, axis=-1)


def _linear(features: int, dtype: Any = jnp.float32, name: str | None = None) -> nn.Dense:
    return nn.Dense(features, use_bias=False, kernel_init=normal(), dtype=dtype, name=name)
