"""The networks of pix2pix: a U-Net, and a discriminator that judges patches.

Isola, Zhu, Zhou & Efros, "Image-to-image translation with conditional adversarial networks", CVPR
2017, arXiv:1611.07004, section 6.1. Code of the authors: github.com/phillipi/pix2pix (Lua) and
github.com/junyanz/pytorch-CycleGAN-and-pix2pix. Biases are those of the PyTorch code, which has
none where a batch normalization follows.
"""

from functools import partial
from typing import Any, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.norm import BatchNorm, InstanceNorm, gain_init
from jaxgan.nn.padding import ValidConv
from jaxgan.types import Image, Logits, ScalarLike

KERNEL_INIT = nn.initializers.normal(0.02)


_BatchNorm = partial(BatchNorm, momentum=0.9, epsilon=1e-5, scale_init=gain_init)
_InstanceNorm = partial(InstanceNorm, use_bias=True, use_scale=True, scale_init=gain_init)


def _widths(width: int, depth: int) -> list[int]:
    """Features after each halving: they double up to eight times the first."""
    return [width * min(2**power, 8) for power in range(depth)]


class UNet(nn.Module):
    """Halvings to one pixel and doublings back, each beside its mirror image.

    ``[b, r, r, i] -> [b, r, r, channels]`` in [-1, 1]; the paper's ``U-Net`` of section 6.1.1.
    Dropout is the only noise, also when samples are drawn, and batch normalization takes its
    moments of the batch then, too (sections 3.1 and 3.3): call it with ``train=True``.

    Attributes:
      channels: of the output.
      width: features of the first layer.
      depth: halvings; a side is a multiple of ``2 ** depth``, 256 pixels for the paper's eight.
      dropout: of the first three doublings.
      normalization: by the moments of the batch, or of each image with gain and bias as well. They
        are the same for a batch of one image (section 3.3); with ``instance`` larger batches
        train the function that such a batch computes.
      dtype: of the activations; the output is float32.
    """

    channels: int = 3
    width: int = 64
    depth: int = 8
    dropout: ScalarLike = 0.5
    normalization: Literal["batch", "instance"] = "batch"
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, source: Image, *, train: bool) -> Image:
        """Translates each image."""
        options: dict[str, Any] = dict(kernel=4, stride=2, kernel_init=KERNEL_INIT)
        widths = _widths(self.width, self.depth)
        skips: list[jax.Array] = []
        x = source
        for level, features in enumerate(widths):
            x = Conv(features, bias=False, dtype=self.dtype, **options)(x)
            if 0 < level < self.depth - 1:
                x = self._normalize(x, train)
            skips.append(x)
            x = nn.leaky_relu(x, 0.2)
        x = nn.relu(skips.pop())
        for number, features in enumerate(reversed(widths[:-1])):
            x = ConvTranspose(features, bias=False, dtype=self.dtype, **options)(x)
            x = self._normalize(x, train)
            if number < 3:
                x = Dropout(self.dropout)(x, train=train)
            x = nn.relu(jnp.concatenate([skips.pop(), x], axis=-1))
        x = ConvTranspose(self.channels, **options)(x.astype(jnp.float32))
        return nn.tanh(x)

    def _normalize(self, x: jax.Array, train: bool) -> jax.Array:
        if self.normalization == "instance":
            return _InstanceNorm(dtype=x.dtype)(x)
        return _BatchNorm(use_running_average=not train, dtype=x.dtype)(x)


class PatchDiscriminator(nn.Module):
    """A logit for every patch of an image, ``[b, h, w, c] -> [b, h', w']`` (section 6.1.2).

    Attributes:
      width: features of the first layer.
      layers: halvings: 1, 2, 3 and 5 judge patches of 16, 34, 70 and 286 pixels; 0 judges pixels.
      normalization: of all layers but the first and the last; CycleGAN's is that of instances, and
        its layers have biases then.
      dtype: of the activations; the logits are float32.
    """

    width: int = 64
    layers: int = 3
    normalization: Literal["batch", "instance"] = "batch"
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Logits:
        """Scores each patch."""
        widths = _widths(self.width, self.layers + 1)
        # (features, stride) of every layer with an activation; pixels see kernels of one pixel.
        steps = [(features, 2) for features in widths[:-1]] + [(widths[-1], 1)]
        kernel = 4
        if self.layers == 0:
            kernel, steps = 1, [(self.width, 1), (2 * self.width, 1)]
        x = image
        for level, (features, stride) in enumerate(steps):
            bias = level == 0 or self.normalization == "instance"
            x = self._conv(x, features, kernel, stride, bias, self.dtype)
            if level > 0:
                x = self._normalize(x, train)
            x = nn.leaky_relu(x, 0.2)
        # The last layer of the pixels' discriminator has a bias where the others have one.
        bias = self.layers > 0 or self.normalization == "instance"
        return self._conv(x.astype(jnp.float32), 1, kernel, 1, bias, jnp.float32)[..., 0]

    def _conv(self, x: jax.Array, features: int, kernel: int, stride: int, bias: bool, dtype: Any):
        pad = (kernel - 1) // 2
        x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        return ValidConv(features, kernel, stride, bias=bias, kernel_init=KERNEL_INIT, dtype=dtype)(
            x
        )

    def _normalize(self, x: jax.Array, train: bool) -> jax.Array:
        if self.normalization == "instance":
            return InstanceNorm(dtype=x.dtype)(x)
        return _BatchNorm(use_running_average=not train, dtype=x.dtype)(x)
