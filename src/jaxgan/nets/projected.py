"""Projected GAN's discriminator: pretrained features, mixed at random, judged at four scales.

Sauer, Chitta, Müller & Geiger, "Projected GANs converge faster", NeurIPS 2021, arXiv:2111.01007,
section 3. Code of the authors: github.com/autonomousvision/projected-gan, pg_modules. The features
are those of EfficientNet-Lite0. They and the mixing are frozen: arrays that nothing trains.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.metrics.extractors.efficientnet_lite0 import (
    INSTALL,
    LEVELS,
    SHA256,
    fold,
    levels,
    packaged,
)
from jaxgan.metrics.extractors.pth import read_pth
from jaxgan.metrics.extractors.weights import check_sha256
from jaxgan.nets.fastgan import KERNEL_INIT
from jaxgan.nn.conv import Conv
from jaxgan.nn.grouped import grouped_convolution
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.padding import ValidConv
from jaxgan.nn.resample import average_pool
from jaxgan.types import Image, Logits

SCALES = 4
"""Levels of features, and discriminators."""


def projection(seed: int = 0, width: int = 64, path: Path | None = None) -> dict[str, Any]:
    """The frozen arrays: EfficientNet-Lite0, and how its features are mixed.

    Mixing is by 1 x 1 convolutions with weights and biases as PyTorch begins with, uniform within
    ``1 / sqrt(inputs)``: across the channels of each level, to ``width`` times 1, 2, 4 and 8, and
    across scales.

    Args:
      seed: of the mixing.
      width: of the mixed features.
      path: the network's .pth file; None for the installed package's.

    Raises:
      UserError: the package is not installed, or its file is damaged.
    """
    path = path or packaged()
    check_sha256(path, SHA256, f"Install it again: {INSTALL}")
    return {"network": fold(read_pth(path)), **mixing(seed, width)}


def mixing(seed: int, width: int) -> dict[str, Any]:
    """How features are mixed across channels and across scales; see ``projection``."""
    random = np.random.default_rng(seed)

    def drawn(inputs: int, outputs: int) -> dict[str, jax.Array]:
        bound = inputs**-0.5
        kernel = random.uniform(-bound, bound, (inputs, outputs))
        bias = random.uniform(-bound, bound, outputs)
        return {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.asarray(bias, jnp.float32)}

    channels = [width, 2 * width, 4 * width, 8 * width]
    mixed = mixed_channels(width)
    return {
        "channels": [drawn(*pair) for pair in zip(LEVELS.values(), channels, strict=True)],
        "scales": [drawn(*pair) for pair in zip(channels, mixed, strict=True)],
    }


def mixed_channels(width: int) -> list[int]:
    """Channels of the mixed features, from the finest scale to the coarsest."""
    return [width, width, 2 * width, 4 * width]


def projected(arrays: Mapping[str, Any], image: Image) -> list[jax.Array]:
    """Mixed features of images, ``[b, s, s, channels]`` at half to a 16th of the side.

    Args:
      arrays: what ``projection`` makes.
      image: ``[b, r, r, 3]``.
    """
    found = levels(arrays["network"], image, precision=None)
    return mix(arrays, found)


def mix(arrays: Mapping[str, Any], found: Sequence[jax.Array]) -> list[jax.Array]:
    """Features mixed across channels, and from the coarsest scale to the finest.

    Args:
      arrays: what ``mixing`` makes.
      found: features of each level, the finest first.

    Returns:
      The mixed ones in the same order, each of twice the side.
    """
    across = [_pointwise(x, one) for x, one in zip(found, arrays["channels"], strict=True)]
    mixed: list[jax.Array] = []
    for x, one in zip(reversed(across), reversed(arrays["scales"]), strict=True):
        x = x + mixed[-1] if mixed else x
        mixed.append(_pointwise(doubled(x), one))
    return mixed[::-1]


def _pointwise(x: jax.Array, weights: Mapping[str, jax.Array]) -> jax.Array:
    return jnp.matmul(x, weights["kernel"].astype(x.dtype)) + weights["bias"].astype(x.dtype)


def doubled(x: jax.Array) -> jax.Array:
    """Bilinear, where the corners stay the corners, ``[b, h, w, c] -> [b, 2h, 2w, c]``."""
    for axis, name in ((1, "h"), (2, "w")):
        weights = jnp.asarray(_doubling(x.shape[axis]), x.dtype)
        x = jnp.einsum(f"bhwc,{name}n->b{'nw' if axis == 1 else 'hn'}c", x, weights)
    return x


def _doubling(size: int) -> np.ndarray:
    """How much of each old place is in each new one, ``[size, 2 size]``."""
    places = np.arange(2 * size) * (size - 1) / (2 * size - 1)
    return np.maximum(0.0, 1.0 - np.abs(places[None] - np.arange(size)[:, None]))


class Discriminator(nn.Module):
    """Four small discriminators of mixed features, ``[b, r, r, c] -> [b, logits]``.

    Its collection ``frozen`` holds what ``projection`` makes under ``projection``. Spectral
    normalization is applied to its kernels from outside.

    Attributes:
      side: in pixels, that smaller images are resized to; that, and the side of larger ones, is a
        multiple of 32 from 128 on.
      width: of the mixed features, and of the discriminators.
      dtype: of the activations; logits are float32.
      separable: as ``Judge``'s.
    """

    side: int = 224
    width: int = 64
    dtype: Any = jnp.float32
    separable: bool = False

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Logits:
        """All logits of all scales, finest first."""
        image = jnp.broadcast_to(image, (*image.shape[:3], 3))
        if image.shape[1] < self.side:
            shape = (len(image), self.side, self.side, 3)
            image = jax.image.resize(image, shape, "bilinear", antialias=False)
        arrays = self.get_variable("frozen", "projection")
        if arrays is None:  # parameters are made, which depend on shapes alone
            features = self._blank(*image.shape[:2])
        else:
            features = projected(arrays, image.astype(self.dtype))
        logits = [
            Judge(SCALES - scale, self.width, self.dtype, self.separable, name=f"scale{scale}")(
                x, train=train
            )
            for scale, x in enumerate(features)
        ]
        return jnp.concatenate(logits, axis=-1)

    def _blank(self, batch: int, pixels: int) -> list[jax.Array]:
        """Features of the right shapes."""
        return [
            jnp.zeros((batch, pixels // 2**halvings, pixels // 2**halvings, channels), self.dtype)
            for halvings, channels in enumerate(mixed_channels(self.width), start=1)
        ]


class SeparableConv(nn.Module):
    """A convolution of 3 x 3 in each channel, and one of 1 x 1, ``[b, h, w, i] -> [b, h, w, o]``.

    Attributes:
      features: of the output.
      dtype: of the activations.
    """

    features: int
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """The layer's output."""
        channels = x.shape[-1]
        kernel = self.param("kernel", KERNEL_INIT, (3, 3, 1, channels), jnp.float32)
        x = grouped_convolution(x.astype(self.dtype), kernel.astype(self.dtype), channels)
        return Conv(self.features, 1, bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)


class Judge(nn.Module):
    """Halves features to a 32nd of the image's side, ``[b, s, s, c] -> [b, logits]``.

    Attributes:
      halvings: how often, 4 for the finest scale.
      width: feature maps at the finest scale; they double with every halving up to 8 times.
      dtype: of the activations; logits are float32.
      separable: whether a convolution in each channel, one of 1 x 1, and after the rectifier a mean
        stand for each convolution of stride 2.
    """

    halvings: int
    width: int = 64
    dtype: Any = jnp.float32
    separable: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> Logits:
        """Scores each place of the last features."""
        for multiple in (1, 2, 4, 8)[-self.halvings :]:
            norm = BatchNorm(
                use_running_average=not train, momentum=0.9, epsilon=1e-5, dtype=self.dtype
            )
            features = multiple * self.width
            if self.separable:
                x = nn.leaky_relu(norm(SeparableConv(features, self.dtype)(x)), 0.2)
                x = average_pool(x)
            else:
                conv = Conv(features, 4, stride=2, kernel_init=KERNEL_INIT, dtype=self.dtype)
                x = nn.leaky_relu(norm(conv(x)), 0.2)
        last = ValidConv(1, 4, bias=False, kernel_init=KERNEL_INIT)
        return last(x.astype(jnp.float32)).reshape(len(x), -1)
