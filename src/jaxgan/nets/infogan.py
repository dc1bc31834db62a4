"""The networks of InfoGAN (Chen et al. 2016, appendix C.1) and of Lucic et al. 2018.

"Are GANs Created Equal?" runs every method with these: github.com/google/compare_gan,
branch v1, gans/abstract_gan.py (and BEGAN.py for the autoencoder): images in [0, 1],
latents of 64 uniform numbers, a leak of 0.2 in both networks, weights of deviation 0.02.
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.heads import Projection
from jaxgan.nn.norm import BatchNorm
from jaxgan.types import Image, Label, Latent, ScalarLike

KERNEL_INIT = nn.initializers.normal(0.02)
CONV_INIT = nn.initializers.truncated_normal(0.02)


def _lrelu(x: jax.Array) -> jax.Array:
    return nn.leaky_relu(x, 0.2)


def _norm(x: jax.Array, momentum: float, train: bool, epsilon: float = 1e-3) -> jax.Array:
    return BatchNorm(
        use_running_average=not train, momentum=momentum, epsilon=epsilon, dtype=x.dtype
    )(x)


class Generator(nn.Module):
    """Two dense layers and two doublings, ``[b, latent] -> [b, r, r, c]`` in [0, 1].

    Attributes:
      resolution: ``r``, a multiple of 4; 28, 32 and 64 are published.
      channels: ``c``.
      width: features before the image; the layers before have 2 and 16 times as many.
      activation: of the hidden layers; InfoGAN's own is ``nn.relu``.
      momentum: of the running moments; compare_gan's is 0.999, InfoGAN's 0.9.
      epsilon: beneath the normalizations' square root; InfoGAN's own is 1e-5.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 28
    channels: int = 1
    width: int = 64
    activation: Callable[[jax.Array], jax.Array] = _lrelu
    momentum: float = 0.999
    epsilon: float = 1e-3
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent."""
        side = self.resolution // 4
        x = latent
        for features in (16 * self.width, 2 * self.width * side * side):
            x = nn.Dense(features, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
            x = self.activation(_norm(x, self.momentum, train, self.epsilon))
        x = x.reshape(-1, side, side, 2 * self.width)
        x = ConvTranspose(self.width, 4, kernel_init=KERNEL_INIT, dtype=self.dtype)(x)
        x = self.activation(_norm(x, self.momentum, train, self.epsilon)).astype(jnp.float32)
        return nn.sigmoid(ConvTranspose(self.channels, 4, kernel_init=KERNEL_INIT)(x))


class Discriminator(nn.Module):
    """Two halvings and a dense layer, ``[b, r, r, c] -> [b]``.

    Attributes:
      width: features of the first layer; later ones have 2 and 16 times as many.
      batch_norm: whether layers 2 and 3 are normalized. Lucic et al. search over it, and
        never normalize the critic of WGAN-GP or DRAGAN.
      slope: of the leaky rectifier; InfoGAN's own is 0.1.
      classes: labels that the head knows; 0 for none.
      head: what it says; ``Codes`` makes it InfoGAN's, with ``Q`` on shared layers.
      momentum: of the running moments; compare_gan's is 0.999, InfoGAN's 0.9.
      epsilon: beneath the normalizations' square root; InfoGAN's own is 1e-5.
      dtype: of the activations; the head is float32.
    """

    width: int = 64
    batch_norm: bool = False
    slope: ScalarLike = 0.2
    classes: int = 0
    head: Callable[..., nn.Module] = Projection
    momentum: float = 0.999
    epsilon: float = 1e-3
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, label: Label | None = None, *, train: bool) -> Any:
        """Scores each image."""

        def settle(x):
            x = _norm(x, self.momentum, train, self.epsilon) if self.batch_norm else x
            return nn.leaky_relu(x, self.slope)

        x = Conv(self.width, 4, stride=2, kernel_init=CONV_INIT, dtype=self.dtype)(image)
        x = nn.leaky_relu(x, self.slope)
        x = Conv(2 * self.width, 4, stride=2, kernel_init=CONV_INIT, dtype=self.dtype)(x)
        x = settle(x).reshape(x.shape[0], -1)
        x = settle(nn.Dense(16 * self.width, kernel_init=KERNEL_INIT, dtype=self.dtype)(x))
        head = self.head(classes=self.classes, kernel_init=KERNEL_INIT, name="head")
        return head(x, label, train=train)


class Autoencoder(nn.Module):
    """BEGAN's discriminator in Lucic et al., ``[b, r, r, c] -> ([b, r, r, c], [b, code])``.

    Two halvings, a code, and back; for ``autoencoder.Energy(..., power=1, codes=False)``.

    Attributes:
      width: features of the first layer.
      code: size of the code.
      batch_norm: whether the code and the decoder are normalized.
      momentum: of the running moments.
      dtype: of the activations; the image is float32.
    """

    width: int = 64
    code: int = 64
    batch_norm: bool = False
    momentum: float = 0.999
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> tuple[Image, jax.Array]:
        """Reconstructs each image, in [0, 1], and gives its code."""

        def settle(x):
            return _lrelu(_norm(x, self.momentum, train) if self.batch_norm else x)

        side = image.shape[1] // 4
        x = Conv(self.width, 4, stride=2, kernel_init=CONV_INIT, dtype=self.dtype)(image)
        # The authors' code has no rectifier between the second convolution and the code.
        x = Conv(2 * self.width, 4, stride=2, kernel_init=CONV_INIT, dtype=self.dtype)(_lrelu(x))
        x = x.reshape(x.shape[0], -1)
        code = settle(nn.Dense(self.code, kernel_init=KERNEL_INIT, dtype=self.dtype)(x))
        features = 2 * self.width * side * side
        x = settle(nn.Dense(features, kernel_init=KERNEL_INIT, dtype=self.dtype)(code))
        x = x.reshape(-1, side, side, 2 * self.width)
        x = settle(ConvTranspose(self.width, 4, kernel_init=KERNEL_INIT, dtype=self.dtype)(x))
        last = ConvTranspose(image.shape[-1], 4, kernel_init=KERNEL_INIT)
        return nn.sigmoid(last(x.astype(jnp.float32))), code.astype(jnp.float32)
