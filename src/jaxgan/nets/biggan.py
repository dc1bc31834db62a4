"""BigGAN and BigGAN-deep (Brock, Donahue & Simonyan 2019, arXiv:1809.11096, appendix B).

Layers are those of the first author's code, github.com/ajbrock/BigGAN-PyTorch (BigGAN.py),
and for the deep variant of github.com/google/compare_gan (resnet_biggan_deep.py). All kernels
start orthogonal. Spectral normalization, of both players' kernels but not of the generator's
``shared`` embedding, is applied from outside.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nets import resnet
from jaxgan.nn.attention import SelfAttention
from jaxgan.nn.blocks import DeepDiscriminatorBlock, DeepGeneratorBlock, GeneratorBlock
from jaxgan.nn.conditional_norm import ConditionalBatchNorm
from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.conv import Conv
from jaxgan.nn.heads import Projection
from jaxgan.types import Image, Label, Latent, ScalarLike

ORTHOGONAL = nn.initializers.orthogonal()
SEED = 4
"""Side of the generator's first feature map."""

GENERATOR = {32: (4, 4, 4, 4), 64: (16, 16, 8, 4, 2), 128: (16, 16, 8, 4, 2, 1)}
"""Resolution to multiples of the width: of the seed, then of each block.

128 pixels are the paper's, 32 and 64 those of the authors' BigGAN-PyTorch.
"""

DISCRIMINATOR = {32: (4, 4, 4, 4), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16)}
"""Resolution to multiples of the width of each block."""

HALVINGS = {32: 2, 64: 4, 128: 5}
"""Resolution to how many of the discriminator's first blocks halve the image."""

DEEP_GENERATOR = {
    32: (4,) * 8,
    64: (16, 16, 16, 16, 8, 8, 4, 4, 2),
    128: (16, 16, 16, 16, 8, 8, 4, 4, 2, 2, 1),
}
DEEP_DISCRIMINATOR = {
    32: (2,) * 8,
    64: (2, 4, 4, 8, 8, 16, 16, 16, 16),
    128: (1, 2, 2, 4, 4, 8, 8, 16, 16, 16, 16),
}
"""The deep networks' multiples: of the first layer, then of each block.

128 pixels are the paper's, 32 and 64 compare_gan's (architectures/resnet_biggan_deep.py); of 32
BigGAN-PyTorch and StudioGAN have six blocks instead of seven.
"""


def _multiples(table: dict[int, tuple[int, ...]], resolution: int) -> tuple[int, ...]:
    if resolution not in table:
        raise UserError(f"BigGAN draws 32, 64 or 128 pixels, not {resolution}.")
    return table[resolution]


def _shared(classes: int, size: int, kernel_init) -> nn.Embed:
    """The class embedding that all norms share; never spectrally normalized."""
    return nn.Embed(classes, size, embedding_init=kernel_init, name="shared_embedding")


def spectral(path: tuple[str, ...]) -> bool:
    """Whether BigGAN normalizes the kernel at ``path``: every one but the shared embedding."""
    return "shared_embedding" not in path


def _image(x, channels: int, norm, kernel_init, train: bool) -> Image:
    """The generators' end: an unconditional norm, relu, convolution, tanh."""
    x = norm(name="norm")(x, train=train)
    x = nn.relu(x).astype(jnp.float32)
    return nn.tanh(Conv(channels, 3, kernel_init=kernel_init, name="to_image")(x))


class Generator(nn.Module):
    """BigGAN's generator, ``[b, latent], [b] -> [b, r, r, c]`` in [-1, 1] (figure 15).

    Attributes:
      resolution: ``r``: 32, 64 or 128.
      channels: ``c``.
      width: the channel multiplier, ``ch``.
      classes: labels that it knows; 0 makes every norm unconditional (or dependent on the
        latent's chunk alone, if hierarchical).
      shared: size of the class embedding that all norms share; 0 gives every norm its own
        table of gains and biases (as the authors' CIFAR script does).
      hierarchical: whether the latent is cut into chunks, one for the seed and one for
        each block, where it joins the embedding; its size must divide.
      attention: side of the feature map that self-attention follows; 0 for none.
      momentum: of the running moments.
      epsilon: of the batch normalizations.
      kernel_init: of every kernel.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 128
    channels: int = 3
    width: int = 96
    classes: int = 1000
    shared: int = 128
    hierarchical: bool = True
    attention: int = 64
    momentum: ScalarLike = 0.9
    epsilon: ScalarLike = 1e-5
    kernel_init: Callable[..., Any] = ORTHOGONAL
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, label: Label | None = None, *, train: bool) -> Image:
        """Draws one image from each latent and label.

        Raises:
          UserError: there is no such ``resolution``, the latent does not divide into chunks, or
            these have no shared embedding to join.
          ValueError: the network is of classes and was given no label.
        """
        multiples = _multiples(GENERATOR, self.resolution)
        count = len(multiples) - 1
        condition = known_labels(self.classes, label)
        if condition is not None and self.shared:
            condition = _shared(self.classes, self.shared, self.kernel_init)(condition)
        conditions: Sequence[Any] = [condition] * count
        seed = latent
        if self.hierarchical:
            if latent.shape[-1] % (count + 1):
                raise UserError(
                    f"A latent of {latent.shape[-1]} does not divide into the {count + 1} chunks "
                    f"of BigGAN at {self.resolution} pixels."
                )
            if self.classes and not self.shared:
                raise UserError("BigGAN's hierarchical latents need a shared embedding.")
            seed, *chunks = jnp.split(latent, count + 1, axis=-1)
            conditions = [
                chunk if condition is None else jnp.concatenate([condition, chunk], axis=-1)
                for chunk in chunks
            ]
        plain = partial(ConditionalBatchNorm, momentum=self.momentum, epsilon=self.epsilon)
        norm = partial(plain, classes=self.classes, kernel_init=self.kernel_init)
        start = self.width * multiples[0]
        x = nn.Dense(SEED * SEED * start, kernel_init=self.kernel_init, dtype=self.dtype)(seed)
        x = x.reshape(-1, SEED, SEED, start)
        for multiple, given in zip(multiples[1:], conditions, strict=True):
            x = GeneratorBlock(
                self.width * multiple,
                norm=norm,
                kernel_init=self.kernel_init,
                shortcut_init=self.kernel_init,
            )(x, given, train=train)
            if x.shape[1] == self.attention:
                x = SelfAttention(kernel_init=self.kernel_init)(x)
        return _image(x, self.channels, plain, self.kernel_init, train)


def discriminator(
    resolution: int = 128,
    width: int = 96,
    classes: int = 1000,
    attention: int = 64,
    kernel_init: Callable[..., Any] = ORTHOGONAL,
    **options: Any,
) -> resnet.Discriminator:
    """BigGAN's discriminator: SAGAN's blocks, a sum over pixels and a projection (figure 15).

    Raises:
      UserError: there is no such ``resolution``.
    """
    multiples = _multiples(DISCRIMINATOR, resolution)
    blocks = [(width * n, number < HALVINGS[resolution]) for number, n in enumerate(multiples)]
    return resnet.Discriminator(
        blocks,
        classes,
        wide=True,
        attention=attention,
        kernel_init=kernel_init,
        other_init=kernel_init,
        **options,
    )


class DeepGenerator(nn.Module):
    """BigGAN-deep's generator, ``[b, latent], [b] -> [b, r, r, c]`` in [-1, 1] (figure 16).

    Every norm and the seed see the whole latent beside the shared class embedding. Blocks
    alternate between keeping and doubling the image.

    Attributes:
      resolution: ``r``: 32, 64 or 128.
      channels: ``c``.
      width: the channel multiplier, ``ch``.
      classes: labels that it knows; 0 for none.
      shared: size of the class embedding.
      attention: side of the feature map that self-attention follows; 0 for none.
      momentum: of the running moments.
      epsilon: of the batch normalizations.
      kernel_init: of every kernel.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 128
    channels: int = 3
    width: int = 128
    classes: int = 1000
    shared: int = 128
    attention: int = 64
    momentum: ScalarLike = 0.9
    epsilon: ScalarLike = 1e-5
    kernel_init: Callable[..., Any] = ORTHOGONAL
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, label: Label | None = None, *, train: bool) -> Image:
        """Draws one image from each latent and label.

        Raises:
          UserError: there is no such ``resolution``.
          ValueError: the network is of classes and was given no label.
        """
        first, *multiples = _multiples(DEEP_GENERATOR, self.resolution)
        condition = latent
        known = known_labels(self.classes, label)
        if known is not None:
            table = _shared(self.classes, self.shared, self.kernel_init)
            condition = jnp.concatenate([latent, table(known)], axis=-1)
        plain = partial(ConditionalBatchNorm, momentum=self.momentum, epsilon=self.epsilon)
        norm = partial(plain, kernel_init=self.kernel_init)
        start = self.width * first
        x = nn.Dense(SEED * SEED * start, kernel_init=self.kernel_init, dtype=self.dtype)(condition)
        x = x.reshape(-1, SEED, SEED, start)
        for number, multiple in enumerate(multiples):
            up = number % 2 == 1
            x = DeepGeneratorBlock(
                self.width * multiple, up, norm=norm, kernel_init=self.kernel_init
            )(x, condition, train=train)
            if up and x.shape[1] == self.attention:
                x = SelfAttention(kernel_init=self.kernel_init)(x)
        return _image(x, self.channels, plain, self.kernel_init, train)


class DeepDiscriminator(nn.Module):
    """BigGAN-deep's discriminator, ``[b, r, r, c], [b] -> [b]`` (figure 16).

    Attributes:
      width: the channel multiplier, ``ch``.
      classes: labels that its projection knows; 0 for none.
      head: what it says.
      attention: side of the feature map that self-attention follows; 0 for none.
      pool: of the last map, over its places.
      kernel_init: of every kernel.
      dtype: of the activations; the head is float32.
    """

    width: int = 128
    classes: int = 1000
    head: Callable[..., nn.Module] = Projection
    attention: int = 64
    pool: Callable[..., jax.Array] = jnp.sum
    kernel_init: Callable[..., Any] = ORTHOGONAL
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Any:
        """Scores each image under its label."""
        first, *multiples = _multiples(DEEP_DISCRIMINATOR, image.shape[1])
        x = Conv(self.width * first, 3, kernel_init=self.kernel_init, dtype=self.dtype)(image)
        for number, multiple in enumerate(multiples):
            down = number % 2 == 0
            x = DeepDiscriminatorBlock(self.width * multiple, down, kernel_init=self.kernel_init)(x)
            if not down and x.shape[1] == self.attention:
                x = SelfAttention(kernel_init=self.kernel_init)(x)
        h = self.pool(nn.relu(x).astype(jnp.float32), axis=(1, 2))
        head = self.head(classes=self.classes, kernel_init=self.kernel_init, name="head")
        return head(h, label, train=train)
