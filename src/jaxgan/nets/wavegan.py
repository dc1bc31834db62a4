"""WaveGAN: DCGAN flattened to one dimension, with kernels of 25 samples and a stride of 4.

Donahue, McAuley & Puckette, "Adversarial audio synthesis", ICLR 2019, arXiv:1802.04208. Code of
the authors: github.com/chrisdonahue/wavegan (wavegan.py). Kernels are drawn uniformly (Glorot &
Bengio 2010), which is the default of the layers there; nothing is normalized.
"""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.waves import PhaseShuffle, Shared, WaveConv, WaveConvTranspose
from jaxgan.types import Image, Latent, Logits

KERNEL_INIT = nn.initializers.glorot_uniform()

LONGER = {32_768: 2, 65_536: 4}
"""Stride of the sixth layer of longer sounds."""


def strides(samples: int) -> tuple[int, tuple[int, ...]]:
    """Samples of the first map, and what each layer multiplies them with.

    The paper's 16,384 samples come of a map of 16, by five layers of stride 4; its longer sounds
    have a sixth layer. Shorter ones keep the five and begin with a shorter map: 8,192 with 8.

    Raises:
      UserError: five layers of stride 4 do not give so many samples.
    """
    if samples in LONGER:
        return 16, (4,) * 5 + (LONGER[samples],)
    if samples % 1024 or not 1024 <= samples <= 16_384:
        raise UserError(
            f"WaveGAN makes sounds of 32,768 or 65,536 samples, or of a multiple of 1024 up to "
            f"16,384; these data have {samples:,}."
        )
    return samples // 1024, (4,) * 5


def length(shape: Sequence[int]) -> int:
    """Samples of a sound of this shape.

    Raises:
      UserError: the data are no sounds.
    """
    if len(shape) != 1:
        raise UserError("These data are no sounds; give --data syllables, sc09 or sounds:DIR.")
    return shape[0]


class Generator(nn.Module):
    """A sound from each latent, ``[b, latent] -> [b, n]`` in [-1, 1].

    Attributes:
      samples: ``n``; see ``strides``.
      width: feature maps before the sound; each earlier layer has twice as many.
      kernel: samples of every kernel.
      dtype: of the activations; the sound is float32.
    """

    samples: int = 16_384
    width: int = 64
    kernel: int = 25
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one sound from each latent."""
        first, steps = strides(self.samples)
        features = self.width * 2 ** (len(steps) - 1)
        dense = nn.Dense(first * features, kernel_init=KERNEL_INIT, dtype=self.dtype)
        x = nn.relu(dense(latent)).reshape(-1, first, features)
        for power, stride in zip(reversed(range(len(steps) - 1)), steps[:-1], strict=True):
            layer = WaveConvTranspose(self.width * 2**power, self.kernel, stride, dtype=self.dtype)
            x = nn.relu(layer(x))
        last = WaveConvTranspose(1, self.kernel, steps[-1])
        return nn.tanh(last(x.astype(jnp.float32)))[..., 0]


class Discriminator(nn.Module):
    """A logit for each sound, ``[b, n] -> [b]``.

    Attributes:
      width: feature maps of the first layer; each later layer has twice as many.
      kernel: samples of every kernel.
      shuffle: radius of the phase shuffle after each of the first four layers; the paper's n.
      per: what has one shift; see ``PhaseShuffle``.
      dtype: of the activations; the logit is float32.
    """

    width: int = 64
    kernel: int = 25
    shuffle: int = 2
    per: Shared = "layer"
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sound: Image, *, train: bool) -> Logits:
        """Scores each sound."""
        _, steps = strides(sound.shape[1])
        x = sound[..., None]
        for power, stride in enumerate(steps):
            layer = WaveConv(self.width * 2**power, self.kernel, stride, dtype=self.dtype)
            x = nn.leaky_relu(layer(x), 0.2)
            if power < 4:
                x = PhaseShuffle(self.shuffle, self.per)(x, train=train)
        x = x.reshape(len(x), -1).astype(jnp.float32)
        return nn.Dense(1, kernel_init=KERNEL_INIT)(x)[:, 0]


def check_shuffle(shuffle: int, samples: int) -> None:
    """Refuses shifts that a map has no samples for.

    Raises:
      UserError: the smallest map that is shuffled is no longer than the shift.
    """
    strides(samples)
    if shuffle >= samples // 256:
        raise UserError(
            f"--shuffle {shuffle}: the smallest map that is shuffled has {samples // 256} samples; "
            f"give at most {samples // 256 - 1}."
        )
