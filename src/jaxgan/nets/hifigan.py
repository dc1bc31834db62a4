"""The networks of HiFi-GAN: spectrograms become sound, which is judged at periods and scales.

Kong, Kim & Bae, "HiFi-GAN: Generative adversarial networks for efficient and high fidelity speech
synthesis", NeurIPS 2020, arXiv:2010.05646. Code of the authors: github.com/jik876/hifi-gan
(models.py).
"""

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.sequences import Sequence, SequenceConv, SequenceConvTranspose
from jaxgan.types import Array, Logits

SLOPE = 0.1
"""Of the leaky ReLUs, but for the generator's last, which has 0.01."""

Judgement: TypeAlias = tuple[Logits, tuple[Array, ...]]
"""Logits ``[b, n]`` and the features of every layer ``[b, ...]``, the logits last."""


class Generator(nn.Module):
    """A spectrogram becomes sound (section 2.2), ``[b, frames, bands] -> [b, samples]``.

    In [-1, 1], and ``prod(rates)`` samples for each frame. Every upsampling halves the channels,
    and is followed by the mean of residual blocks of several fields of view.

    Attributes:
      width: channels before the first upsampling.
      rates: of the upsamplings, whose kernels are twice as long.
      kernels: sizes of the residual blocks' kernels.
      dilations: of each block's convolutions.
      paired: whether every dilated convolution is followed by one without holes (V1 and V2's
        blocks; V3's are single).
      weight_norm: whether all kernels have gains of their own.
      dtype: of the activations; the sound is float32.
    """

    width: int = 512
    rates: tuple[int, ...] = (8, 8, 2, 2)
    kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    paired: bool = True
    weight_norm: bool = True
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, spectrogram: Sequence, *, train: bool) -> Array:
        """Makes the sound of each spectrogram."""
        del train
        if self.width % 2 ** len(self.rates):
            raise UserError(
                f"--width {self.width}: is not halved {len(self.rates)} times; give a multiple of "
                f"{2 ** len(self.rates)}."
            )
        options: dict[str, Any] = dict(weight_norm=self.weight_norm, dtype=self.dtype)
        x = SequenceConv(self.width, 7, **options)(spectrogram)
        for halvings, rate in enumerate(self.rates, 1):
            features = self.width // 2**halvings
            x = nn.leaky_relu(x, SLOPE)
            x = SequenceConvTranspose(features, 2 * rate, rate, **options)(x)
            x = sum(
                _residual(x, kernel, dilations, self.paired, options)
                for kernel, dilations in zip(self.kernels, self.dilations, strict=True)
            ) / len(self.kernels)
        x = nn.leaky_relu(x, 0.01).astype(jnp.float32)
        return nn.tanh(SequenceConv(1, 7, weight_norm=self.weight_norm)(x))[..., 0]


def _residual(
    x: Sequence, kernel: int, dilations: tuple[int, ...], paired: bool, options: Mapping[str, Any]
) -> Sequence:
    """A block of residual convolutions; its layers are the caller's."""
    for dilation in dilations:
        y = nn.leaky_relu(x, SLOPE)
        y = SequenceConv(x.shape[-1], kernel, dilation=dilation, **options)(y)
        if paired:
            y = SequenceConv(x.shape[-1], kernel, **options)(nn.leaky_relu(y, SLOPE))
        x = x + y
    return x


PAIRED: Mapping[str, Any] = dict(kernels=(3, 7, 11), dilations=((1, 3, 5),) * 3, paired=True)
"""The residual blocks of the paper's configurations V1 and V2."""

SINGLE: Mapping[str, Any] = dict(
    kernels=(3, 5, 7), dilations=((1, 2), (2, 6), (3, 12)), paired=False
)
"""Those of V3, with fewer layers."""

V1: Mapping[str, Any] = dict(width=512, rates=(8, 8, 2, 2), **PAIRED)
"""``Generator``'s attributes in the paper's first configuration, its defaults."""

V2: Mapping[str, Any] = dict(V1, width=128)
V3: Mapping[str, Any] = dict(width=256, rates=(8, 8, 4), **SINGLE)


class PeriodDiscriminator(nn.Module):
    """Sees every ``period``-th sample of a sound as a sequence (section 2.3).

    ``[b, samples] -> [b, n], features``; each of the ``period`` sequences is judged by one network.

    Attributes:
      period: samples from one to the next.
      divisor: of the paper's channels.
      dtype: of the activations; the logits are float32.
    """

    period: int
    divisor: int = 1
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sound: Array, *, train: bool) -> Judgement:
        """Scores each sound."""
        del train
        (count, samples), period = sound.shape, self.period
        whole = jnp.pad(sound, ((0, 0), (0, -samples % period)), mode="reflect")
        x = whole.reshape(count, -1, period).swapaxes(1, 2).reshape(count * period, -1, 1)
        features = []
        for channels, stride in ((32, 3), (128, 3), (512, 3), (1024, 3), (1024, 1)):
            layer = SequenceConv(
                narrowed(channels, self.divisor), 5, stride, weight_norm=True, dtype=self.dtype
            )
            x = nn.leaky_relu(layer(x), SLOPE)
            features.append(x)
        features.append(SequenceConv(1, 3, weight_norm=True)(x.astype(jnp.float32)))
        found = tuple(one.reshape(count, period, *one.shape[1:]) for one in features)
        return found[-1].reshape(count, -1), found


SCALE_LAYERS = (
    (128, 15, 1, 1),
    (128, 41, 2, 4),
    (256, 41, 2, 16),
    (512, 41, 4, 16),
    (1024, 41, 4, 16),
    (1024, 41, 1, 16),
    (1024, 5, 1, 1),
)
"""Channels, taps, stride and groups of a scale discriminator's layers."""


class ScaleDiscriminator(nn.Module):
    """Judges stretches of a sound (section 2.3), ``[b, samples] -> [b, samples / 64], features``.

    Attributes:
      weight_norm: whether all kernels have gains of their own; the paper's first scale is
        normalized spectrally instead.
      divisor: of the paper's channels; as many groups are left as divide them.
      dtype: of the activations; the logits are float32.
    """

    weight_norm: bool = True
    divisor: int = 1
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sound: Array, *, train: bool) -> Judgement:
        """Scores each sound."""
        del train
        x, features = sound[..., None], []
        for channels, taps, stride, groups in SCALE_LAYERS:
            width = narrowed(channels, self.divisor)
            layer = SequenceConv(
                width,
                taps,
                stride,
                groups=math.gcd(groups, width, x.shape[-1]),
                weight_norm=self.weight_norm,
                dtype=self.dtype,
            )
            x = nn.leaky_relu(layer(x), SLOPE)
            features.append(x)
        x = SequenceConv(1, 3, weight_norm=self.weight_norm)(x.astype(jnp.float32))
        features.append(x)
        return x[..., 0], tuple(features)


class Discriminators(nn.Module):
    """The discriminator's player: networks of five periods and three scales (section 2.3).

    ``[b, samples] -> logits, features``, tuples of one entry for each network, periods first. The
    first scale is the sound itself, each later one half of the one before. Its first scale is to
    be normalized spectrally: see ``first_scale``.

    Attributes:
      periods: in samples.
      scales: how many; 0 for none.
      divisor: of the paper's channels.
      dtype: of the activations.
    """

    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    scales: int = 3
    divisor: int = 1
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(
        self, sound: Array, *, train: bool
    ) -> tuple[tuple[Logits, ...], tuple[tuple[Array, ...], ...]]:
        """Scores each sound."""
        found = []
        for period in self.periods:
            network = PeriodDiscriminator(period, self.divisor, self.dtype, name=f"period_{period}")
            found.append(network(sound, train=train))
        for scale in range(self.scales):
            sound = halved(sound) if scale else sound
            network = ScaleDiscriminator(
                scale > 0, self.divisor, self.dtype, name=f"{SCALE}_{scale}"
            )
            found.append(network(sound, train=train))
        logits, features = zip(*found, strict=True)
        return logits, features


SCALE = "scale"
"""What the parameters of a scale's network are called, with its number."""


def first_scale(path: tuple[str, ...]) -> bool:
    """Whether parameters of ``Discriminators`` are the first scale's, for ``spectral_norm``."""
    return f"{SCALE}_0" in path


def halved(sound: Array) -> Array:
    """Means of four samples, every two, ``[b, n] -> [b, n // 2 + 1]``; outside are zeros."""
    padded = jnp.pad(sound, ((0, 0), (2, 2)))
    pairs = padded[:, : padded.shape[1] // 2 * 2].reshape(len(sound), -1, 2).sum(axis=-1)
    return (pairs[:, :-1] + pairs[:, 1:]) / 4


def narrowed(channels: int, divisor: int) -> int:
    """The channels divided, at least one."""
    return max(1, channels // divisor)
