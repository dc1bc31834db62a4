"""The networks of the Context Encoder: what is missing of an image, through a bottleneck.

Pathak, Krähenbühl, Donahue, Darrell & Efros, "Context encoders: feature learning by inpainting",
CVPR 2016, arXiv:1604.07379. Layers and widths are those of the authors' code,
github.com/pathak22/context-encoder (train.lua; train_random.lua for the whole image), of which the
image has 128 or 64 pixels and the predicted square half of them.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.norm import BatchNorm, gain_init
from jaxgan.nn.padding import ValidConv, ValidConvTranspose
from jaxgan.types import Image, Logits

KERNEL_INIT = nn.initializers.normal(0.02)
LAST = 4
"""Side of the smallest map, which one kernel covers."""


_BatchNorm = partial(BatchNorm, momentum=0.9, epsilon=1e-5, scale_init=gain_init)
_HALVING: dict[str, Any] = dict(kernel=4, stride=2, kernel_init=KERNEL_INIT)


def square(shape: Sequence[int]) -> tuple[int, int]:
    """Resolution and channels of images that a context encoder can complete.

    Raises:
      UserError: ``shape`` is not that of a square image whose side is 16 times a power of two.
    """
    side = shape[0]
    if len(shape) != 3 or side != shape[1] or side < 4 * LAST or side & (side - 1):
        size = " x ".join(map(str, shape))
        raise UserError(
            f"A context encoder halves square images down to {LAST} pixels; these data are {size}. "
            "Use --resolution 32, 64 or 128."
        )
    return side, shape[2]


def _features(width: int, side: int) -> int:
    """Features of a map: they double as it shrinks from 32 pixels, to eight times the first."""
    return width * max(32 // side, 1)


def _halved(side: int) -> list[int]:
    """Sides after each halving, the last one ``LAST``."""
    sides = []
    while side > LAST:
        side //= 2
        sides.append(side)
    return sides


class Generator(nn.Module):
    """An image that lacks something to what it lacks, ``[b, r, r, i] -> [b, s, s, channels]``.

    In [-1, 1]; ``s`` is ``r / 2``, the side of the central square, or ``r``.

    Attributes:
      channels: of the prediction.
      width: features of the first layer.
      bottleneck: features of the one pixel in the middle.
      whole: whether the whole image is predicted, with one doubling more, instead of the square.
      dtype: of the activations; the prediction is float32.
    """

    channels: int = 3
    width: int = 64
    bottleneck: int = 4000
    whole: bool = False
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Image:
        """Predicts what each image lacks."""

        def norm(x):
            return _BatchNorm(use_running_average=not train, dtype=x.dtype)(x)

        sides = _halved(image.shape[1])
        x = image
        for level, side in enumerate(sides):
            x = Conv(_features(self.width, side), dtype=self.dtype, **_HALVING)(x)
            x = nn.leaky_relu(norm(x) if level else x, 0.2)
        x = ValidConv(self.bottleneck, LAST, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
        x = nn.leaky_relu(norm(x), 0.2)
        first = _features(self.width, LAST)
        x = ValidConvTranspose(first, LAST, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
        x = nn.relu(norm(x))
        # The image has one halving more than the square has doublings.
        for side in list(reversed(sides))[1 : None if self.whole else -1]:
            x = ConvTranspose(_features(self.width, side), dtype=self.dtype, **_HALVING)(x)
            x = nn.relu(norm(x))
        x = ConvTranspose(self.channels, **_HALVING)(x.astype(jnp.float32))
        return nn.tanh(x)


class Discriminator(nn.Module):
    """Judges squares, or whole images, ``[b, s, s, c] -> [b]``; it does not see what is around.

    Attributes:
      width: features of the first layer.
      dtype: of the activations; the logits are float32.
    """

    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, square: Image, *, train: bool) -> Logits:
        """Scores each square."""
        x = square
        for level, side in enumerate(_halved(square.shape[1])):
            x = Conv(_features(self.width, side), dtype=self.dtype, **_HALVING)(x)
            if level:
                x = _BatchNorm(use_running_average=not train, dtype=x.dtype)(x)
            x = nn.leaky_relu(x, 0.2)
        x = ValidConv(1, LAST, kernel_init=KERNEL_INIT)(x.astype(jnp.float32))
        return x[:, 0, 0, 0]
