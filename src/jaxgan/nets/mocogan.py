"""The networks of MoCoGAN: content and motion make frames; frames and clips are judged.

Tulyakov, Liu, Yang & Kautz, "MoCoGAN: Decomposing motion and content for video generation", CVPR
2018, arXiv:1707.04993. Code of the authors: github.com/sergeytulyakov/mocogan (src/models.py).
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.clips import ClipConv
from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.gaussian import GaussianNoise
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.recurrent import GRU
from jaxgan.types import Array, Image, Latent, Logits, ScalarLike

KERNEL_INIT = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""PyTorch's default, uniform within ``1 / sqrt(fan_in)``."""


def halvings(resolution: int) -> int:
    """How often a frame is halved to 4 pixels.

    Raises:
      UserError: it never is.
    """
    count = int(math.log2(resolution)) - 2
    if resolution != 4 * 2**count or count < 2:
        raise UserError(
            f"Clips of {resolution} pixels are not halved to 4; use --resolution 16, 32 or 64."
        )
    return count


class Generator(nn.Module):
    """A content, a category and a path of motion become a clip (section 3).

    ``[b, content + categories + motion + frames motion] -> [b, frames, r, r, channels]`` in
    [-1, 1]. A latent is the content, the category's one-hot code, the first state of the motion's
    GRU and that GRU's noise of every frame.

    Attributes:
      frames: of a clip.
      resolution: ``r``, a power of two from 16.
      channels: of a frame.
      content: size of the latent that a clip keeps.
      categories: kinds of motion; 0 for none.
      motion: size of the latent that moves.
      width: feature maps before the image; each earlier layer has twice as many.
      dtype: of the activations; frames are float32.
    """

    frames: int = 16
    resolution: int = 64
    channels: int = 3
    content: int = 50
    categories: int = 6
    motion: int = 10
    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, frame: Array | None = None, *, train: bool) -> Image:
        """Draws the clip of each latent.

        With ``frame``, int32 ``[b]``, only that frame of each clip: ``[b, r, r, channels]``.
        """
        kept = self.content + self.categories
        still, state, noise = jnp.split(latent, [kept, kept + self.motion], axis=-1)
        path = GRU(self.motion)(noise.reshape(-1, self.frames, self.motion), state)
        if frame is not None:
            moved = jnp.take_along_axis(path, frame[:, None, None], axis=1)[:, 0]
            return self._draw(jnp.concatenate([still, moved], axis=-1), train)
        still = jnp.broadcast_to(still[:, None], (*path.shape[:2], kept))
        latents = jnp.concatenate([still, path], axis=-1)
        images = self._draw(latents.reshape(-1, latents.shape[-1]), train)
        return images.reshape(-1, self.frames, *images.shape[1:])

    def _draw(self, latents: jax.Array, train: bool) -> Image:
        """A frame of each latent, ``[n, d] -> [n, r, r, channels]``."""
        doublings = halvings(self.resolution)
        features = self.width * 2 ** (doublings - 1)
        # A transposed convolution of one pixel. PyTorch takes its outputs for its inputs.
        first = nn.initializers.variance_scaling(1 / 3, "fan_out", "uniform")
        x = nn.Dense(16 * features, use_bias=False, kernel_init=first, dtype=self.dtype)(latents)
        x = x.reshape(-1, 4, 4, features)
        options: dict[str, Any] = dict(kernel=4, bias=False, kernel_init=KERNEL_INIT)
        for power in reversed(range(doublings - 1)):
            x = nn.relu(_norm(x, train))
            x = ConvTranspose(self.width * 2**power, dtype=self.dtype, **options)(x)
        x = nn.relu(_norm(x, train)).astype(jnp.float32)
        return nn.tanh(ConvTranspose(self.channels, **options)(x))


class FrameDiscriminator(nn.Module):
    """A logit for every patch of a frame, ``[b, r, r, c] -> [b, r / 16, r / 16]``.

    Attributes:
      width: feature maps of the first layer; the next two have twice and four times as many.
      noise: deviation of what is added before each layer, in training.
      dtype: of the activations; the logits are float32.
    """

    width: int = 64
    noise: ScalarLike = 0.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Logits:
        """Scores each patch."""
        options: dict[str, Any] = dict(kernel=4, stride=2, bias=False, kernel_init=KERNEL_INIT)
        x = image
        for power in range(3):
            x = _noisy(x, self.noise, train)
            x = Conv(self.width * 2**power, dtype=self.dtype, **options)(x)
            x = _norm(x, train) if power else x
            x = nn.leaky_relu(x, 0.2)
        x = _noisy(x, self.noise, train)
        return Conv(1, **options)(x.astype(jnp.float32))[..., 0]


class ClipDiscriminator(nn.Module):
    """A clip's logit, and those of its category, ``[b, t, r, r, c] -> [b], [b, categories]``.

    Every halving of the frames sees four frames, and so leaves three fewer; the last layer sees all
    that are left, one where the paper has 16 frames of 64 pixels.

    Attributes:
      width: feature maps of the first layer, and up to eight times as many later.
      categories: kinds of motion.
      noise: deviation of what is added before each layer but the last, in training.
      dtype: of the activations; the logits are float32.
    """

    width: int = 64
    categories: int = 6
    noise: ScalarLike = 0.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, clip: Image, *, train: bool) -> tuple[Logits, Array]:
        """Scores each clip."""
        layers = halvings(clip.shape[2])
        x = clip
        for power in range(layers):
            x = _noisy(x, self.noise, train)
            features = self.width * 2**power
            x = ClipConv(features, bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
            x = _norm(x, train) if power else x
            x = nn.leaky_relu(x, 0.2)
        left = x.shape[1]
        last = ClipConv(
            1 + self.categories, (left, 4), (1, 1), (0, 0), bias=False, kernel_init=KERNEL_INIT
        )
        answer = last(x.astype(jnp.float32)).reshape(-1, 1 + self.categories)
        return answer[:, 0], answer[:, 1:]


class Discriminators(nn.Module):
    """The discriminator's player: one network judges frames, one clips."""

    frames: nn.Module
    clips: nn.Module

    def __call__(self, frame: Image, clip: Image, *, train: bool) -> tuple[Logits, Any]:
        """The frames' logits, and what the clips' network says of ``clip``."""
        return self.frames(frame, train=train), self.clips(clip, train=train)


def _norm(x: jax.Array, train: bool) -> jax.Array:
    """Batch normalization with PyTorch's defaults."""
    return BatchNorm(use_running_average=not train, momentum=0.9, epsilon=1e-5, dtype=x.dtype)(x)


def _noisy(x: jax.Array, deviation: ScalarLike, train: bool) -> jax.Array:
    """``x`` plus normal noise, in training."""
    if isinstance(deviation, (int, float)) and deviation == 0:  # a traced one is unknown
        return x
    noise = GaussianNoise()(jnp.zeros_like(x), train=train)
    return x + (deviation * noise).astype(x.dtype)
