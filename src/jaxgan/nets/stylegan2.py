"""StyleGAN2's networks, as StyleGAN2-ADA has them.

Karras, Laine, Aittala, Hellsten, Lehtinen & Aila, "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020, arXiv:1912.04958; Karras, Aittala, Hellsten, Laine, Lehtinen & Aila, "Training
Generative Adversarial Networks with Limited Data", NeurIPS 2020, arXiv:2006.06676; details as in
the authors' code, github.com/NVlabs/stylegan2-ada-pytorch (training/networks.py).

A mapping network turns latents into styles, one of which modulates each convolution of the
synthesis network.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.errors import UserError
from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.equalized import EqualizedConv, EqualizedDense
from jaxgan.nn.minibatch import MinibatchStddev
from jaxgan.nn.modulated import ModulatedConv
from jaxgan.nn.noise import PixelNoise
from jaxgan.nn.resample import smooth_upsample
from jaxgan.types import Image, Label, Latent, Logits, Mixing, ScalarLike

Styles = Float[Array, "batch layers size"]
"""A style for each layer of the synthesis network."""

CLAMP = 256.0
"""What activations of convolutions never exceed; in half precision they otherwise might."""

MAPPING_RATE = 0.01
"""How fast mapping networks learn, as a share of the learning rate."""

MAPPING_LAYERS = 8
"""Of the discriminator's mapping of labels."""

AVERAGE = 0.995
"""Decay of the average style."""


def sides(resolution: int) -> tuple[int, ...]:
    """The sides of feature maps, from 4 pixels on.

    Raises:
      UserError: the resolution is no power of two, or below 8.
    """
    if resolution < 8 or resolution & (resolution - 1):
        raise UserError(
            f"StyleGAN2 makes images of 8, 16, 32, ... pixels, not of {resolution}; give a "
            "--resolution."
        )
    return tuple(2**n for n in range(2, resolution.bit_length()))


def layers(resolution: int) -> int:
    """How many styles an image has: one for each convolution, and one for the last colors."""
    return 2 * len(sides(resolution))


def widths(resolution: int, base: int = 32_768, most: int = 512) -> tuple[int, ...]:
    """Feature maps at each side, ``min(base / side, most)``."""
    return tuple(max(1, min(base // side, most)) for side in sides(resolution))


def activated(x: jax.Array, gain: float = 1.0, clamp: float | None = None) -> jax.Array:
    """A leaky rectifier that keeps the variance, times a gain; bounded by ``gain * clamp``."""
    x = nn.leaky_relu(x, 0.2) * (math.sqrt(2.0) * gain)
    return x if clamp is None else jnp.clip(x, -gain * clamp, gain * clamp)


def normalized(x: jax.Array) -> jax.Array:
    """Every row divided by its root mean square."""
    return x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + 1e-8)


def at_highest(dtype: Any, half: int, side: int, resolution: int) -> Any:
    """``dtype`` at the ``half`` highest resolutions, but float32 at 4 x 4 pixels and elsewhere."""
    return dtype if side > 4 and side * 2**half > resolution else jnp.float32


class Mapping(nn.Module):
    """From latents and labels to styles, ``[b, size]``.

    Attributes:
      size: of a style, of an embedded label and of every layer.
      depth: its layers.
      classes: number of classes; 0 for none.
    """

    size: int = 512
    depth: int = 8
    classes: int = 0

    @nn.compact
    def __call__(self, latent: Latent | None, label: Label | None = None) -> jax.Array:
        """Styles of latents ``[b, latent]``, of labels ``[b]``, or of both."""
        parts = [] if latent is None else [normalized(latent.astype(jnp.float32))]
        known = known_labels(self.classes, label)
        if known is not None:
            one_hot = jax.nn.one_hot(known, self.classes)
            parts.append(normalized(EqualizedDense(self.size, name="labels")(one_hot)))
        x = jnp.concatenate(parts, axis=-1)
        for _ in range(self.depth):
            x = activated(EqualizedDense(self.size, lr_mult=MAPPING_RATE)(x))
        return x


class Layer(nn.Module):
    """A modulated convolution, noise, a bias and a rectifier, ``[b, h, w, i] -> [b, ., ., o]``.

    Noise has one learned strength for all channels, which begins at zero, as in the authors' code.

    Attributes:
      features: of the output.
      up: whether the image is doubled.
      dtype: of the activations.
    """

    features: int
    up: bool = False
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Image, style: jax.Array, noise: jax.Array) -> Image:
        """The layer's output under styles ``[b, size]`` and noise ``[b or 1, ., ., 1]``."""
        x = ModulatedConv(self.features, up=self.up, dtype=self.dtype)(x, style)
        strength = self.param("strength", nn.initializers.zeros_init(), (), jnp.float32)
        x = x + (strength * noise).astype(x.dtype)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        return activated(x + bias.astype(x.dtype), clamp=CLAMP)


class Synthesis(nn.Module):
    """From styles to images, ``[b, layers, size] -> [b, r, r, channels]`` in float32.

    Every resolution adds its colors to the doubled image of the one before (section 4.1, output
    skips).

    Attributes:
      widths: feature maps at each side, from 4 pixels on.
      channels: of an image.
      dtype: of the activations at the ``half`` highest resolutions.
      half: how many resolutions compute in ``dtype``; the others, and 4 x 4, in float32.
    """

    widths: tuple[int, ...]
    channels: int = 3
    dtype: Any = jnp.float32
    half: int = 4

    @nn.compact
    def __call__(self, styles: Styles, *, train: bool) -> Image:
        """Images of styles."""
        resolution = 2 ** (len(self.widths) + 1)
        maps = [side for side in sides(resolution) for _ in range(2)][1:]
        noise = PixelNoise(tuple(maps))(len(styles), train=train)
        constant = self.param("constant", nn.initializers.normal(1.0), (4, 4, self.widths[0]))
        x = jnp.broadcast_to(constant, (len(styles), *constant.shape))
        image, used = None, 0
        for number, width in enumerate(self.widths):
            dtype = at_highest(self.dtype, self.half, maps[used], resolution)
            for up in (True, False) if number else (False,):
                x = Layer(width, up, dtype)(x, styles[:, used], noise[used])
                used += 1
            colors = ModulatedConv(self.channels, 1, demodulate=False, dtype=dtype)
            color = colors(x, styles[:, used])
            bias = self.param(f"bias{number}", nn.initializers.zeros_init(), (self.channels,))
            color = jnp.clip(color + bias.astype(color.dtype), -CLAMP, CLAMP).astype(jnp.float32)
            image = color if image is None else smooth_upsample(image) + color
        assert image is not None
        return image


class Generator(nn.Module):
    """``[b, latent] -> [b, r, r, channels]`` in float32.

    The collection ``average`` holds the average style, which moves in training.

    Attributes:
      widths: feature maps at each side, from 4 pixels on.
      channels: of an image.
      style: size of a style.
      depth: layers of the mapping network.
      classes: number of classes; 0 for an unconditional generator.
      dtype: of the activations at the ``half`` highest resolutions.
      half: how many resolutions compute in ``dtype``; the others, and 4 x 4, in float32.
    """

    widths: tuple[int, ...]
    channels: int = 3
    style: int = 512
    depth: int = 8
    classes: int = 0
    dtype: Any = jnp.float32
    half: int = 4

    def setup(self) -> None:
        """Both networks, and the average style."""
        self.mapping = Mapping(self.style, self.depth, self.classes)
        self.synthesis = Synthesis(self.widths, self.channels, self.dtype, self.half)
        self.average = self.variable("average", "mean", jnp.zeros, (self.style,))

    def __call__(
        self,
        latent: Latent,
        label: Label | None = None,
        mixing: Mixing | None = None,
        shift: Styles | None = None,
        *,
        psi: ScalarLike | None = None,
        cutoff: int | None = None,
        train: bool,
    ) -> Image:
        """Images of latents, under a label where there are classes.

        Args:
          latent: ``[b, latent]``.
          label: int ``[b]``.
          mixing: second latents; None for none.
          shift: is added to the styles, ``[b, layers, size]``; None for nothing.
          psi: truncation, as for ``styles``.
          cutoff: likewise.
          train: whether noise is drawn, and the average style moves.
        """
        styles = self.styles(latent, label, mixing, psi=psi, cutoff=cutoff, train=train)
        return self.synthesis(styles if shift is None else styles + shift, train=train)

    def styles(
        self,
        latent: Latent,
        label: Label | None = None,
        mixing: Mixing | None = None,
        *,
        psi: ScalarLike | None = None,
        cutoff: int | None = None,
        train: bool = False,
    ) -> Styles:
        """The styles of latents, ``[b, layers, size]``.

        Args:
          latent: ``[b, latent]``.
          label: int ``[b]``.
          mixing: second latents; None for none.
          psi: how far styles lie from the average, as a share of how far they would; None for 1
            (the truncation trick; Karras et al. 2019, StyleGAN, appendix B).
          cutoff: how many layers, the first ones, are truncated; None for all.
          train: whether the average moves.
        """
        count = 2 * len(self.widths)
        one = self.mapping(latent, label)
        if train and not self.is_initializing():
            self.average.value = followed(self.average.value, one, AVERAGE)
        styles = jnp.broadcast_to(one[:, None], (len(one), count, self.style))
        place = jnp.arange(count)[None, :, None]
        if mixing is not None:
            other = self.mapping(mixing.latent, label)[:, None]
            styles = jnp.where(place < mixing.crossover[:, None, None], styles, other)
        return truncated(styles, self.average.value, psi, cutoff)


def followed(average: jax.Array, styles: jax.Array, decay: float) -> jax.Array:
    """The average style after a batch ``[b, size]``: ``decay a + (1 - decay) E w``, ``[size]``."""
    mean = jax.lax.stop_gradient(jnp.mean(styles, axis=0))
    return decay * average + (1.0 - decay) * mean


def truncated(
    styles: Styles, average: jax.Array, psi: ScalarLike | None, cutoff: int | None
) -> Styles:
    """Styles nearer to the average one (the truncation trick; StyleGAN, appendix B).

    Args:
      styles: ``[b, layers, size]``.
      average: ``[size]``.
      psi: how far they lie from it, as a share of how far they would; None for 1.
      cutoff: how many layers, the first ones, are truncated; None for all.
    """
    if psi is None:
        return styles
    nearer = average + psi * (styles - average)
    place = jnp.arange(styles.shape[1])[None, :, None]
    return jnp.where(place < (styles.shape[1] if cutoff is None else cutoff), nearer, styles)


class Block(nn.Module):
    """Two convolutions of which the second halves, ``[b, h, w, i] -> [b, h/2, w/2, features]``.

    Attributes:
      features: of the output.
      residual: whether a halved 1 x 1 convolution of the input is added, both scaled so that the
        variance stays.
      dtype: of the activations.
    """

    features: int
    residual: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: Image) -> Image:
        """The block's output."""
        gain, dtype = math.sqrt(0.5) if self.residual else 1.0, self.dtype
        y = activated(EqualizedConv(x.shape[-1], 3, dtype=dtype)(x), clamp=CLAMP)
        y = activated(EqualizedConv(self.features, 3, down=True, dtype=dtype)(y), gain, CLAMP)
        if not self.residual:
            return y
        skip = EqualizedConv(self.features, 1, down=True, bias=False, gain=gain, dtype=dtype)
        return y + skip(x)


class Discriminator(nn.Module):
    """``[b, r, r, channels] -> [b]``.

    With classes, the features' product with a mapping of the label, over the square root of their
    number, is the logit.

    Attributes:
      widths: feature maps at each side, from 4 pixels on.
      residual: whether blocks are residual ("resnet") or not ("orig").
      group: samples whose deviation is compared; see ``MinibatchStddev``.
      classes: number of classes; 0 for an unconditional discriminator.
      dtype: of the activations at the ``half`` highest resolutions.
      half: how many resolutions compute in ``dtype``; the others, and 4 x 4, in float32.
    """

    widths: tuple[int, ...]
    residual: bool = True
    group: int = 4
    classes: int = 0
    dtype: Any = jnp.float32
    half: int = 4

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Logits:
        """Logits of images, under a label where there are classes."""
        resolution, side = 2 ** (len(self.widths) + 1), image.shape[1]
        dtype = at_highest(self.dtype, self.half, side, resolution)
        colors = EqualizedConv(self.widths[-1], 1, dtype=dtype, name="colors")
        x = activated(colors(image), clamp=CLAMP)
        for width in self.widths[-2::-1]:
            dtype = at_highest(self.dtype, self.half, side, resolution)
            x = Block(width, self.residual, dtype)(x)
            side //= 2
        size = self.widths[0]
        x = MinibatchStddev(self.group)(x.astype(jnp.float32), train=train)
        x = activated(EqualizedConv(size, 3, name="last")(x), clamp=CLAMP)
        x = activated(EqualizedDense(size, name="features")(x.reshape(len(x), -1)))
        known = known_labels(self.classes, label)
        if known is None:
            return EqualizedDense(1, name="logit")(x)[:, 0]
        features = EqualizedDense(size, name="logit")(x)
        style = Mapping(size, MAPPING_LAYERS, self.classes, name="mapping")(None, known)
        return jnp.sum(features * style, axis=-1) / math.sqrt(size)
