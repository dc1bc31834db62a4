"""The networks of VGAN: a moving foreground, a still background, and a mask between them.

Vondrick, Pirsiavash & Torralba, "Generating videos with scene dynamics", NIPS 2016,
arXiv:1609.02612. Code of the authors: github.com/cvondrick/videogan (main.lua).
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nets.mocogan import halvings
from jaxgan.nn.clips import ClipConv, ClipConvTranspose
from jaxgan.nn.conv import ConvTranspose
from jaxgan.nn.norm import BatchNorm, gain_init
from jaxgan.types import Array, Image, Latent, Logits

KERNEL_INIT = nn.initializers.normal(0.01)


def first_frames(frames: int, resolution: int) -> int:
    """Frames of the foreground's first map, which is doubled as often as 4 pixels are.

    Raises:
      UserError: the clip is too short, or of another length.
    """
    doublings = halvings(resolution)
    if frames % 2**doublings:
        raise UserError(
            f"Clips of {frames} frames of {resolution} pixels: the number of frames must be a "
            f"multiple of {2**doublings}."
        )
    return frames // 2**doublings


class Generator(nn.Module):
    """``m f + (1 - m) b`` (section 3.2), ``[b, latent] -> [b, t, r, r, c], [b, t, r, r, 1]``.

    The clip, in [-1, 1], and its mask ``m`` in [0, 1]. Foreground ``f`` and mask are drawn over
    time, the background ``b`` once for all frames.

    Attributes:
      frames: ``t``.
      resolution: ``r``, a power of two from 16.
      channels: ``c``.
      width: feature maps before the clip; each earlier layer has twice as many.
      dtype: of the activations; clip and mask are float32.
    """

    frames: int = 32
    resolution: int = 64
    channels: int = 3
    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> tuple[Image, Image]:
        """Draws one clip from each latent."""
        x = self._foreground(latent, train)
        foreground = nn.tanh(ClipConvTranspose(self.channels, kernel_init=KERNEL_INIT)(x))
        mask = nn.sigmoid(ClipConvTranspose(1, kernel_init=KERNEL_INIT)(x))
        background = self._background(latent, train)[:, None]
        return mask * foreground + (1.0 - mask) * background, mask

    def _foreground(self, latent: Latent, train: bool) -> jax.Array:
        """Features of the foreground, at half of the clip's frames and resolution."""
        start, doublings = first_frames(self.frames, self.resolution), halvings(self.resolution)
        features = self.width * 2 ** (doublings - 1)
        x = _Projection((start, 4, 4, features), self.dtype)(latent)
        for power in reversed(range(doublings - 1)):
            x = nn.relu(_norm(x, train))
            layer = ClipConvTranspose(
                self.width * 2**power, kernel_init=KERNEL_INIT, dtype=self.dtype
            )
            x = layer(x)
        return nn.relu(_norm(x, train)).astype(jnp.float32)

    def _background(self, latent: Latent, train: bool) -> Image:
        """DCGAN's generator, ``[b, r, r, c]`` in [-1, 1]."""
        doublings = halvings(self.resolution)
        x = _Projection((4, 4, self.width * 2 ** (doublings - 1)), self.dtype)(latent)
        options: dict[str, Any] = dict(kernel=4, kernel_init=KERNEL_INIT)
        for power in reversed(range(doublings - 1)):
            x = nn.relu(_norm(x, train))
            x = ConvTranspose(self.width * 2**power, dtype=self.dtype, **options)(x)
        x = nn.relu(_norm(x, train)).astype(jnp.float32)
        return nn.tanh(ConvTranspose(self.channels, **options)(x))


class Discriminator(nn.Module):
    """Halvings of time and space, and a logit, ``[b, t, r, r, c] -> [b]`` (section 3.3).

    The authors' answers with two numbers under a softmax; their difference is the logit.

    Attributes:
      width: feature maps of the first layer, and up to eight times as many later.
      dtype: of the activations; the logit is float32.
    """

    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, clip: Image, *, train: bool) -> Logits:
        """Scores each clip."""
        first_frames(clip.shape[1], clip.shape[2])
        x = clip
        for power in range(halvings(clip.shape[2])):
            layer = ClipConv(
                self.width * 2**power,
                stride=(2, 2),
                padding=(1, 1),
                kernel_init=KERNEL_INIT,
                dtype=self.dtype,
            )
            x = layer(x)
            x = _norm(x, train, epsilon=1e-3) if power else x
            x = nn.leaky_relu(x, 0.2)
        last = ClipConv(2, (x.shape[1], 4), (1, 1), (0, 0), kernel_init=KERNEL_INIT)
        answer = last(x.astype(jnp.float32)).reshape(-1, 2)
        return answer[:, 0] - answer[:, 1]


class _Projection(nn.Module):
    """A transposed convolution of one pixel to ``shape``: a bias for every channel of it."""

    shape: tuple[int, ...]
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent) -> Array:
        size = math.prod(self.shape)
        layer = nn.Dense(size, use_bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)
        bias = self.param("bias", nn.initializers.zeros, self.shape[-1:])
        return layer(latent).reshape(-1, *self.shape) + bias.astype(self.dtype)


def _norm(x: jax.Array, train: bool, epsilon: float = 1e-5) -> jax.Array:
    return BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        epsilon=epsilon,
        scale_init=gain_init,
        dtype=x.dtype,
    )(x)
