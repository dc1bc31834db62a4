"""SNDCGAN (Miyato et al. 2018, table 3), with the layers of Kurach et al. 2019.

github.com/google/compare_gan, branch v2, src/gans/dcgan_architecture.py (sn_generator and
sn_discriminator): kernels of 4 where the stride is 2 and of 3 elsewhere, a leak of 0.1, no
normalization in the discriminator. Spectral normalization is applied to its kernels from outside.
The normalizations of branch v3 have a momentum of 0.999 and an epsilon of 1e-3 instead.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp

from jaxgan.nn.conditional_norm import ConditionalBatchNorm
from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.heads import Projection
from jaxgan.types import Image, Label, Latent

KERNEL_INIT = nn.initializers.normal(0.02)


class Generator(nn.Module):
    """Doubles three times, ``[b, latent] -> [b, r, r, c]`` in [-1, 1].

    Attributes:
      resolution: ``r``, a multiple of 8.
      channels: ``c``.
      width: features before the image; 2, 4 and 8 times as many before.
      classes: labels that its normalizations know, and then need; 0 ignores them.
      momentum: of the running moments.
      epsilon: beneath the normalizations' square root.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 32
    channels: int = 3
    width: int = 64
    classes: int = 0
    momentum: float = 0.9
    epsilon: float = 2e-5
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, label: Label | None = None, *, train: bool) -> Image:
        """Draws one image from each latent, and label.

        Raises:
          ValueError: the network is of classes and was given no label.
        """
        condition = known_labels(self.classes, label)

        def norm(x):
            layer = ConditionalBatchNorm(self.classes, self.momentum, epsilon=self.epsilon)
            return nn.relu(layer(x, condition, train=train))

        side = self.resolution // 8
        features = side * side * 8 * self.width
        x = norm(nn.Dense(features, kernel_init=KERNEL_INIT, dtype=self.dtype)(latent))
        x = x.reshape(-1, side, side, 8 * self.width)
        for multiple in (4, 2, 1):
            x = ConvTranspose(multiple * self.width, 4, kernel_init=KERNEL_INIT, dtype=self.dtype)(
                x
            )
            x = norm(x)
        last = ConvTranspose(self.channels, 3, stride=1, kernel_init=KERNEL_INIT)
        return nn.tanh(last(x.astype(jnp.float32)))


class Discriminator(nn.Module):
    """Seven convolutions and a head, ``[b, r, r, c] -> [b]``.

    Attributes:
      width: features of the first layer; 2, 4 and 8 times as many later.
      slope: of the leaky rectifier for negative inputs.
      classes: labels that the head knows; 0 for an unconditional discriminator.
      head: what it says, of the flattened last feature map.
      dtype: of the activations; the head is float32.
    """

    width: int = 64
    slope: float = 0.1
    classes: int = 0
    head: Callable[..., nn.Module] = Projection
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Any:
        """Scores each image."""
        x = image
        for multiple, stride in ((1, 1), (2, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1)):
            x = Conv(
                multiple * self.width,
                4 if stride == 2 else 3,
                stride=stride,
                kernel_init=KERNEL_INIT,
                dtype=self.dtype,
            )(x)
            x = nn.leaky_relu(x, self.slope)
        head = self.head(classes=self.classes, kernel_init=KERNEL_INIT, name="head")
        return head(x.reshape(x.shape[0], -1), label, train=train)
