"""ResNets of WGAN-GP (Gulrajani et al. 2017) and SNGAN (Miyato et al. 2018).

Layers are those of the authors' code: github.com/igul222/improved_wgan_training,
gan_cifar_resnet.py (32 pixels) and gan_64x64.py (64), and
github.com/pfnet-research/sngan_projection, gen_models and dis_models (32, 64, 128 pixels); 48
pixels are table 5 of the SNGAN paper. The modules are written out as lists of blocks; the
functions below give each paper's lists.
Spectral normalization is not in the networks: it is applied to their kernels from outside.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.attention import SelfAttention
from jaxgan.nn.blocks import GLOROT, GLOROT_SQRT2, DiscriminatorBlock, GeneratorBlock
from jaxgan.nn.conditional_norm import ConditionalBatchNorm
from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.conv import Conv
from jaxgan.nn.heads import Projection
from jaxgan.nn.norm import LayerNorm
from jaxgan.types import Image, Label, Latent, ScalarLike


class Generator(nn.Module):
    """A seed that every block doubles, ``[b, latent] -> [b, r, r, c]`` in [-1, 1].

    Of classes it needs labels, and its batch normalizations are conditional, but for the last.

    Attributes:
      blocks: features of each block's output; ``r = seed * 2 ** len(blocks)``.
      start: features of the seed.
      channels: ``c``.
      classes: labels that it knows, and then needs; 0 ignores them.
      seed: side of the first feature map.
      attention: side of the feature map that self-attention follows; 0 for none.
      kernel_init: of the blocks' 3 x 3 convolutions.
      other_init: of every other kernel.
      image_init: of the last convolution; None for ``other_init``.
      inner_bias: whether the blocks' first convolutions have one, which the batch normalization
        that follows takes away.
      momentum: of the running moments.
      epsilon: of the batch normalizations.
      dtype: of the activations; the image is float32.
    """

    blocks: Sequence[int] = (256, 256, 256)
    start: int = 256
    channels: int = 3
    classes: int = 0
    seed: int = 4
    attention: int = 0
    kernel_init: Callable[..., Any] = GLOROT_SQRT2
    other_init: Callable[..., Any] = GLOROT
    image_init: Callable[..., Any] | None = None
    inner_bias: bool = True
    momentum: ScalarLike = 0.9
    epsilon: ScalarLike = 2e-5
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, label: Label | None = None, *, train: bool) -> Image:
        """Draws one image from each latent, and label.

        Raises:
          ValueError: the network is of classes and was given no label.
        """
        plain = partial(ConditionalBatchNorm, momentum=self.momentum, epsilon=self.epsilon)
        norm = partial(plain, classes=self.classes)
        condition = known_labels(self.classes, label)
        x = nn.Dense(
            self.seed * self.seed * self.start, kernel_init=self.other_init, dtype=self.dtype
        )(latent)
        x = x.reshape(-1, self.seed, self.seed, self.start)
        for features in self.blocks:
            x = GeneratorBlock(
                features,
                norm=norm,
                inner_bias=self.inner_bias,
                kernel_init=self.kernel_init,
                shortcut_init=self.other_init,
            )(x, condition, train=train)
            if x.shape[1] == self.attention:
                x = SelfAttention(kernel_init=self.other_init)(x)
        x = nn.relu(plain(name="norm")(x, train=train)).astype(jnp.float32)
        image_init = self.image_init or self.other_init
        return nn.tanh(Conv(self.channels, 3, kernel_init=image_init, name="to_image")(x))


class Discriminator(nn.Module):
    """Blocks, relu, a sum or mean over pixels and a head, ``[b, r, r, c] -> [b]``.

    Attributes:
      blocks: features of each block's output, and whether it halves the image.
      classes: labels that the head knows; 0 for an unconditional discriminator.
      head: what it says: ``Projection`` (Miyato & Koyama 2018), ``Auxiliary`` or ``Codes``.
      pool: over the last feature map's pixels.
      bias: whether the logit has one.
      embedding: size of a label embedding that is joined to the third block's output instead
        of projected (the concatenation discriminator of Miyato & Koyama 2018); 0 for none.
      wide: whether the blocks' hidden layers have the output's features.
      attention: side of the feature map that self-attention follows; 0 for none.
      kernel_init: of the blocks' 3 x 3 convolutions.
      other_init: of every other kernel.
      dtype: of the activations; the head is float32.
    """

    blocks: Sequence[tuple[int, bool]] = ((128, True), (128, True), (128, False), (128, False))
    classes: int = 0
    head: Callable[..., nn.Module] = Projection
    pool: Callable[..., Any] = jnp.sum
    bias: bool = True
    embedding: int = 0
    wide: bool = False
    attention: int = 0
    kernel_init: Callable[..., Any] = GLOROT_SQRT2
    other_init: Callable[..., Any] = GLOROT
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Any:
        """Scores each image, under its label.

        Raises:
          ValueError: the network is of classes and was given no label.
        """
        x = image.astype(self.dtype)
        for number, (features, down) in enumerate(self.blocks):
            x = DiscriminatorBlock(
                features,
                down,
                first=number == 0,
                wide=self.wide,
                kernel_init=self.kernel_init,
                shortcut_init=self.other_init,
            )(x)
            if x.shape[1] == self.attention and (down or number == 0):
                x = SelfAttention(kernel_init=self.other_init)(x)
            if self.embedding and number == 2:
                embed = nn.Embed(
                    self.classes, self.embedding, embedding_init=self.other_init, dtype=self.dtype
                )
                spread = embed(known_labels(self.classes, label))[:, None, None]
                spread = jnp.broadcast_to(spread, (*x.shape[:3], self.embedding))
                x = jnp.concatenate([x, spread], axis=-1)
        h = self.pool(nn.relu(x).astype(jnp.float32), axis=(1, 2))
        classes = 0 if self.embedding else self.classes
        head = self.head(classes=classes, bias=self.bias, kernel_init=self.other_init, name="head")
        return head(h, label, train=train)


class LayerNormDiscriminator(nn.Module):
    """A convolution, layer-normalized blocks that halve, and a head of all pixels, ``-> [b]``.

    The critic of Gulrajani et al. 2017 at 64 pixels (gan_64x64.py, GoodDiscriminator). Under a
    layer normalization, unlike a batch normalization, a logit depends on its own image alone, as
    the gradient penalty assumes (section 4). Neither norm nor relu stands before the head.

    Attributes:
      blocks: features of each block's output, ``[b, r, r, c] -> [b, r / 2 ** len(blocks), ...]``.
      start: features of the first convolution.
      classes: labels that the head knows; 0 for an unconditional discriminator.
      head: what it says.
      kernel_init: of the blocks' 3 x 3 convolutions.
      other_init: of every other kernel.
      dtype: of the activations; the head is float32.
    """

    blocks: Sequence[int] = (128, 256, 512, 512)
    start: int = 64
    classes: int = 0
    head: Callable[..., nn.Module] = Projection
    kernel_init: Callable[..., Any] = GLOROT_SQRT2
    other_init: Callable[..., Any] = GLOROT
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Any:
        """Scores each image, under its label.

        Raises:
          ValueError: the head is of classes and was given no label.
        """
        x = Conv(self.start, 3, kernel_init=self.other_init, dtype=self.dtype)(image)
        for features in self.blocks:
            x = DiscriminatorBlock(
                features,
                norm=LayerNorm,
                kernel_init=self.kernel_init,
                shortcut_init=self.other_init,
            )(x)
        head = self.head(classes=self.classes, kernel_init=self.other_init, name="head")
        return head(x.reshape(len(x), -1), label, train=train)


_WGAN_GP_WIDTHS = {32: 128, 64: 64}
"""Resolution to the width of WGAN-GP's networks in the authors' code."""

GENERATOR_32, DISCRIMINATOR_32 = 256, 128
"""SNGAN's widths at 32 pixels (its table 4); those of larger images start from 64."""

_SNGAN_GENERATORS = {
    48: (6, 8, (4, 2, 1)),
    64: (4, 16, (8, 4, 2, 1)),
    128: (4, 16, (16, 8, 4, 2, 1)),
}
"""Resolution to the seed's side, and multiples of the width of the seed and of each block."""

_SNGAN_DISCRIMINATORS = {48: (1, 2, 4, 8, 16), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16)}
"""Resolution to multiples of the width of each block."""


def _unknown(resolution: int) -> UserError:
    return UserError(f"The ResNets draw 32, 48, 64 or 128 pixels, not {resolution}.")


def sngan_generator(resolution: int = 32, width: int | None = None, **options: Any) -> Generator:
    """SNGAN's generator (tables 4 and 5; gen_models); ``width`` is its last block's.

    Raises:
      UserError: no network was published for ``resolution``.
    """
    if resolution == 32:
        width = GENERATOR_32 if width is None else width
        return Generator((width,) * 3, width, **options)
    if resolution not in _SNGAN_GENERATORS:
        raise _unknown(resolution)
    seed, start, blocks = _SNGAN_GENERATORS[resolution]
    width = 64 if width is None else width
    return Generator([width * n for n in blocks], width * start, seed=seed, **options)


def sngan_discriminator(
    resolution: int = 32, width: int | None = None, **options: Any
) -> Discriminator:
    """SNGAN's discriminator (tables 4 and 5; dis_models); ``width`` is its first block's.

    Raises:
      UserError: no network was published for ``resolution``.
    """
    if resolution == 32:
        width = DISCRIMINATOR_32 if width is None else width
        blocks = [(width, down) for down in (True, True, False, False)]
        # Their code has no bias here, at this resolution alone (snresnet_32.py).
        return Discriminator(blocks, **{"bias": False, **options})
    if resolution not in _SNGAN_DISCRIMINATORS:
        raise _unknown(resolution)
    width = 64 if width is None else width
    multiples = _SNGAN_DISCRIMINATORS[resolution]
    last = len(multiples) - 1
    # At 64 pixels every block halves, elsewhere the last one does not.
    blocks = [(width * n, number < last or resolution == 64) for number, n in enumerate(multiples)]
    return Discriminator(blocks, **options)


def _wgan_gp_width(resolution: int, width: int | None) -> int:
    """Feature maps of the authors' code, unless another number is asked for."""
    if resolution not in _WGAN_GP_WIDTHS:
        raise UserError(f"WGAN-GP's ResNets draw 32 or 64 pixels, not {resolution}.")
    return _WGAN_GP_WIDTHS[resolution] if width is None else width


def wgan_gp_generator(width: int | None = None, resolution: int = 32, **options: Any) -> Generator:
    """WGAN-GP's generator of 32 or 64 pixels (appendix F).

    At 32 pixels (gan_cifar_resnet.py) every layer has ``width`` feature maps, by default 128; at
    64 (gan_64x64.py, GoodGenerator) the last block has, by default 64, and the first 8 times it.

    Raises:
      UserError: no network was published for ``resolution``.
    """
    width = _wgan_gp_width(resolution, width)
    if resolution == 32:
        return Generator((width,) * 3, width, **{"epsilon": 1e-5, **options})
    defaults = {"epsilon": 1e-5, "image_init": GLOROT_SQRT2, "inner_bias": False}
    return Generator([width * n for n in (8, 4, 2, 1)], width * 8, **{**defaults, **options})


def wgan_gp_critic(
    width: int | None = None, resolution: int = 32, **options: Any
) -> Discriminator | LayerNormDiscriminator:
    """WGAN-GP's critic of 32 or 64 pixels (appendix F).

    At 32 pixels (gan_cifar_resnet.py) it has no normalization and a mean over pixels, and every
    layer has ``width`` feature maps, by default 128; at 64 (gan_64x64.py, GoodDiscriminator) it
    has layer normalization, and the first convolution has ``width``, by default 64.

    Raises:
      UserError: no network was published for ``resolution``.
    """
    width = _wgan_gp_width(resolution, width)
    if resolution == 32:
        blocks = [(width, down) for down in (True, True, False, False)]
        return Discriminator(blocks, **{"pool": jnp.mean, **options})
    return LayerNormDiscriminator([width * n for n in (2, 4, 8, 8)], width, **options)
