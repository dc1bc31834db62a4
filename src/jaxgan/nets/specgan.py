"""SpecGAN: DCGAN on log-magnitude spectrograms, each frequency of which is normalized.

Donahue, McAuley & Puckette, "Adversarial audio synthesis", ICLR 2019, arXiv:1802.04208. Code of
the authors: github.com/chrisdonahue/wavegan (specgan.py, train_specgan.py). Kernels are drawn
uniformly (Glorot & Bengio 2010), which is the default of the layers there; no activation is
normalized.
"""

from typing import Any

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.errors import UserError
from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.moments import CumulativeMoments
from jaxgan.spectrograms import SPECGAN
from jaxgan.types import Image, Latent, Logits

BINS = SPECGAN.size // 2
"""Frequencies of a spectrogram: those of a frame without the highest."""

DEVIATIONS = 3.0
"""Deviations from a frequency's mean that become 1; what is farther is clipped."""

LAYERS = 5
"""Each doubles both sides."""

OPTIONS: dict[str, Any] = dict(stride=2, kernel_init=nn.initializers.glorot_uniform())

LogMagnitudes = Float[Array, "batch _ _"]
"""Natural logarithms of magnitudes, ``[batch, frames, BINS + 1]``."""


def first_frames(samples: int) -> int:
    """Frames of the first map, 4 for the paper's 16,384 samples.

    Raises:
      UserError: sounds of so many samples are no multiple of 32 frames.
    """
    smallest = SPECGAN.hop << LAYERS
    if samples % smallest:
        raise UserError(
            f"SpecGAN makes sounds of a multiple of {smallest:,} samples; these data have "
            f"{samples:,}."
        )
    return samples // smallest


class Generator(nn.Module):
    """A normalized spectrogram from each latent, ``[b, latent] -> [b, frames, 128, 1]``.

    Attributes:
      samples: of the sounds; ``frames`` is a 128th of it.
      width: feature maps before the spectrogram; each earlier layer has twice as many.
      kernel: side of every kernel.
      dtype: of the activations; the spectrogram is float32, in [-1, 1].
    """

    samples: int = 16_384
    width: int = 64
    kernel: int = 5
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one spectrogram from each latent."""
        del train
        start, features = first_frames(self.samples), self.width << (LAYERS - 1)
        side = BINS >> LAYERS
        init = nn.initializers.glorot_uniform()
        x = nn.Dense(start * side * features, kernel_init=init, dtype=self.dtype)(latent)
        x = nn.relu(x).reshape(-1, start, side, features)
        for power in reversed(range(LAYERS - 1)):
            layer = ConvTranspose(self.width << power, self.kernel, dtype=self.dtype, **OPTIONS)
            x = nn.relu(layer(x))
        return nn.tanh(ConvTranspose(1, self.kernel, **OPTIONS)(x.astype(jnp.float32)))


class Discriminator(nn.Module):
    """A logit for each normalized spectrogram, ``[b, frames, 128, 1] -> [b]``.

    Attributes:
      width: feature maps of the first layer; each later layer has twice as many.
      kernel: side of every kernel.
      dtype: of the activations; the logit is float32.
    """

    width: int = 64
    kernel: int = 5
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, spectrogram: Image, *, train: bool) -> Logits:
        """Scores each spectrogram."""
        del train
        x = spectrogram
        for power in range(LAYERS):
            layer = Conv(self.width << power, self.kernel, dtype=self.dtype, **OPTIONS)
            x = nn.leaky_relu(layer(x), 0.2)
        x = x.reshape(len(x), -1).astype(jnp.float32)
        return nn.Dense(1, kernel_init=nn.initializers.glorot_uniform())(x)[:, 0]


def normalized(logs: LogMagnitudes, mean: Array, deviation: Array) -> Image:
    """What the discriminator sees, ``[b, frames, BINS + 1] -> [b, frames, BINS, 1]`` in [-1, 1]."""
    scaled = (logs - mean) / (DEVIATIONS * deviation)
    return jnp.clip(scaled, -1.0, 1.0)[..., :BINS, None]


def denormalized(spectrogram: Image, mean: Array, deviation: Array) -> LogMagnitudes:
    """The way back; the highest frequency, which was left out, is at its mean."""
    all_bins = jnp.pad(spectrogram[..., 0], ((0, 0), (0, 0), (0, 1)))
    return all_bins * (DEVIATIONS * deviation) + mean


class WithMoments(nn.Module):
    """A generator of normalized spectrograms, with the moments that real ones are normalized by.

    ``latent`` alone becomes log magnitudes ``[b, frames, BINS + 1]``. With those of real sounds,
    the answer are two normalized spectrograms ``[b, frames, BINS, 1]``, generated and real; in
    training the real ones enter the moments first.

    Attributes:
      generator: of normalized spectrograms.
    """

    generator: nn.Module

    @nn.compact
    def __call__(
        self, latent: Latent, real: LogMagnitudes | None = None, *, train: bool
    ) -> LogMagnitudes | tuple[Image, Image]:
        """Draws one spectrogram from each latent, and normalizes ``real``."""
        moments = CumulativeMoments(BINS + 1)(real, train=train)
        drawn = self.generator(latent, train=train)
        if real is None:
            return denormalized(drawn, *moments)
        return drawn, normalized(real, *moments)
