"""Generators that learn their inverse: BiGAN (Donahue et al. 2017), ALI (Dumoulin et al. 2017).

The generator's player is ``Bidirectional``, the pair of generator and encoder; the
discriminator judges a sample beside a latent. Layers are those of the authors' code:
github.com/jeffdonahue/bigan, net.py, gan.py, dist.py and train_mnist.sh (MNIST), and
github.com/IshmaelBelghazi/ALI (its files ali_cifar10.py, 32 pixels, and ali_mixture.py).

BiGAN's latents are uniform in [-1, 1], and its encoders answer in the same range: if they did
not, the range of a latent alone would tell the pairs apart. The logits of BiGAN's discriminators
start at zero.
"""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Conv, ConvTranspose
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.gaussian import GaussianNoise
from jaxgan.nn.norm import BatchNorm
from jaxgan.nn.padding import ValidConv, ValidConvTranspose
from jaxgan.types import Image, Latent, Logits, ScalarLike

KERNEL_INIT = nn.initializers.normal(0.02)
LOGIT_INIT = nn.initializers.zeros
"""Of the last layer of BiGAN's discriminators (gan.py, LinearPredictor)."""
ALI_INIT = nn.initializers.normal(0.01)


class Bidirectional(nn.Module):
    """Generator and encoder as one player, ``z, x -> G(z), E(x)``."""

    generator: nn.Module
    encoder: nn.Module

    @nn.compact
    def __call__(self, latent: Latent, image: Image, *, train: bool) -> tuple[Image, Latent]:
        """Samples of the latents, and latents of the images."""
        return self.generator(latent, train=train), self.encoder(image, train=train)

    def generate(self, latent: Latent, *, train: bool) -> Image:
        """``G(z)`` alone."""
        return self.generator(latent, train=train)

    def encode(self, image: Image, *, train: bool) -> Latent:
        """``E(x)`` alone."""
        return self.encoder(image, train=train)


def _plain(x: jax.Array, train: bool) -> jax.Array:
    """Batch normalization without gain and bias (train_mnist.sh: nogain, nobias).

    The epsilon is that of net.py. So small a one needs the variance as the mean square of the
    deviations, which cannot cancel.
    """
    norm = BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        epsilon=1e-8,
        use_scale=False,
        use_bias=False,
        use_fast_variance=False,
        dtype=x.dtype,
    )
    return norm(x)


def _dense(features: int, dtype: Any = jnp.float32) -> nn.Dense:
    """One of BiGAN's dense layers: without bias, its kernel of deviation 0.02."""
    return nn.Dense(features, use_bias=False, kernel_init=KERNEL_INIT, dtype=dtype)


def _as_uniform(logits: jax.Array) -> Latent:
    """Codes in (-1, 1), ``2 sigmoid(.) - 1`` (dist.py, UniformDistribution)."""
    return 2.0 * nn.sigmoid(logits) - 1.0


class DenseGenerator(nn.Module):
    """BiGAN's on MNIST, ``[b, latent] -> [b, *shape]`` in [0, 1]; no biases.

    Both hidden layers see the latent (deconvnet_mnist_mlp in net.py).

    Attributes:
      shape: of one sample.
      width: of both hidden layers.
      dtype: of the hidden activations; the last layer is float32.
    """

    shape: Sequence[int] = (28, 28, 1)
    width: int = 1024
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one sample from each latent."""
        x = nn.relu(_plain(_dense(self.width, self.dtype)(latent), train))
        x = _dense(self.width, self.dtype)(x) + _dense(self.width, self.dtype)(latent)
        x = nn.relu(_plain(x, train)).astype(jnp.float32)
        x = _dense(math.prod(self.shape))(x)
        return nn.sigmoid(x).reshape(-1, *self.shape)


class DenseEncoder(nn.Module):
    """BiGAN's on MNIST, ``[b, ...] -> [b, latent]`` in (-1, 1); no biases.

    Attributes:
      latent: size of the latent.
      width: of both hidden layers.
      dtype: of the hidden activations; the last layer is float32.
    """

    latent: int = 50
    width: int = 1024
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Latent:
        """The latent of each sample."""
        x = sample.reshape(len(sample), -1)
        x = nn.leaky_relu(_dense(self.width, self.dtype)(x), 0.2)
        x = nn.leaky_relu(_plain(_dense(self.width, self.dtype)(x), train), 0.2)
        return _as_uniform(_dense(self.latent)(x.astype(jnp.float32)))


class DenseDiscriminator(nn.Module):
    """BiGAN's on MNIST, ``[b, ...], [b, latent] -> [b]``; the latent joins the second layer.

    Its last layer starts at zero, so every logit does.

    Attributes:
      width: of both hidden layers.
      dtype: of the hidden activations; the last layer is float32.
    """

    width: int = 1024
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, latent: Latent, *, train: bool) -> Logits:
        """Scores each pair."""
        x = sample.reshape(len(sample), -1)
        x = nn.leaky_relu(_dense(self.width, self.dtype)(x), 0.2)
        x = _dense(self.width, self.dtype)(x) + _dense(self.width, self.dtype)(latent)
        x = nn.leaky_relu(_plain(x, train), 0.2).astype(jnp.float32)
        return nn.Dense(1, use_bias=False, kernel_init=LOGIT_INIT)(x)[:, 0]


def _seen(latent: Latent, x: jax.Array, kernel: int) -> jax.Array:
    """A bias per channel from the latent, as broad as the kernel is large (net.py)."""
    init = nn.initializers.normal(0.02 * kernel**2)
    bias = nn.Dense(x.shape[-1], use_bias=False, kernel_init=init, dtype=x.dtype)(latent)
    return x + bias.reshape(len(x), *(1,) * (x.ndim - 2), -1)


class ConvGenerator(nn.Module):
    """BiGAN's convolutional one, ``[b, latent] -> [b, r, r, c]`` in [0, 1]; no biases.

    ``deconvnet_28`` in net.py: every hidden layer but the first sees the latent again. Where
    ours pads a map by 1 and 2 pixels, theirs pads by 2 and 1, in all convolutional networks.

    Attributes:
      resolution: ``r``, a multiple of 4.
      channels: ``c``.
      width: features before the image; the layers before have 2 and 16 times as many.
      dtype: of the activations; the image is float32.
    """

    resolution: int = 28
    channels: int = 1
    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent."""
        side = self.resolution // 4
        x = nn.relu(_plain(_dense(16 * self.width, self.dtype)(latent), train))
        x = _seen(latent, _dense(2 * self.width * side * side, self.dtype)(x), 1)
        # Normalized per unit, before they become pixels.
        x = nn.relu(_plain(x, train)).reshape(-1, side, side, 2 * self.width)
        up = ConvTranspose(self.width, 5, bias=False, kernel_init=KERNEL_INIT, dtype=self.dtype)
        x = nn.relu(_plain(_seen(latent, up(x), 5), train)).astype(jnp.float32)
        return nn.sigmoid(ConvTranspose(self.channels, 5, bias=False, kernel_init=KERNEL_INIT)(x))


def _features(
    image: Image, latent: Latent | None, width: int, dtype: Any, train: bool
) -> jax.Array:
    """``convnet_28`` in net.py: two convolutions and a dense layer; all but the first normed."""

    def settle(x, kernel):
        x = x if latent is None else _seen(latent, x, kernel)
        return nn.leaky_relu(_plain(x, train), 0.2)

    x = Conv(width, 5, stride=2, bias=False, kernel_init=KERNEL_INIT, dtype=dtype)(image)
    x = nn.leaky_relu(x, 0.2)
    x = Conv(2 * width, 5, stride=2, bias=False, kernel_init=KERNEL_INIT, dtype=dtype)(x)
    x = settle(x, 5).reshape(len(x), -1)
    return settle(_dense(16 * width, dtype)(x), 1).astype(jnp.float32)


class ConvEncoder(nn.Module):
    """BiGAN's convolutional one, ``[b, r, r, c] -> [b, latent]`` in (-1, 1); no biases.

    Attributes:
      latent: size of the latent.
      width: features of the first layer; later ones have 2 and 16 times as many.
      dtype: of the activations; the last layer is float32.
    """

    latent: int = 50
    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Latent:
        """The latent of each image."""
        x = _features(image, None, self.width, self.dtype, train)
        return _as_uniform(_dense(self.latent)(x))


class ConvDiscriminator(nn.Module):
    """BiGAN's convolutional one, ``[b, r, r, c], [b, latent] -> [b]``.

    Every hidden layer but the first sees the latent. The last layer starts at zero, so every
    logit does.

    Attributes:
      width: features of the first layer; later ones have 2 and 16 times as many.
      dtype: of the activations; the last layer is float32.
    """

    width: int = 64
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, latent: Latent, *, train: bool) -> Logits:
        """Scores each pair."""
        x = _features(sample, latent, self.width, self.dtype, train)
        return nn.Dense(1, use_bias=False, kernel_init=LOGIT_INIT)(x)[:, 0]


class Joined(nn.Module):
    """A discriminator of the flattened sample and the latent in one vector, ``-> [b]``."""

    inner: nn.Module

    @nn.compact
    def __call__(self, sample: Image, latent: Latent, *, train: bool) -> Logits:
        """Scores each pair."""
        pair = jnp.concatenate([sample.reshape(len(sample), -1), latent], axis=-1)
        return self.inner(pair, train=train)


def _ali_layers(
    layer: type[ValidConv] | type[ValidConvTranspose],
    sizes: Sequence[tuple[int, int, int]],
    width: int,
    x: jax.Array,
    train: bool,
) -> jax.Array:
    """Layers without biases, each normalized, by (features / width, kernel, stride)."""
    for multiple, kernel, stride in sizes:
        x = layer(
            multiple * width, kernel, stride, bias=False, kernel_init=ALI_INIT, dtype=x.dtype
        )(x)
        norm = BatchNorm(use_running_average=not train, momentum=0.95, epsilon=1e-4, dtype=x.dtype)
        x = nn.leaky_relu(norm(x), 0.1)
    return x


class AliGenerator(nn.Module):
    """ALI's of 32 pixels, ``[b, latent] -> [b, 32, 32, c]`` in [0, 1] (its table 3).

    Attributes:
      channels: ``c``.
      width: features of the last layers; 1, 2, 4 and 8 times as many before.
      dtype: of the activations; the image is float32.
    """

    channels: int = 3
    width: int = 32
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one image from each latent."""
        sizes = ((8, 4, 1), (4, 4, 2), (2, 4, 1), (1, 4, 2), (1, 5, 1), (1, 1, 1))
        x = latent[:, None, None].astype(self.dtype)
        x = _ali_layers(ValidConvTranspose, sizes, self.width, x, train)
        last = ValidConv(self.channels, 1, untied=True, kernel_init=ALI_INIT)
        return nn.sigmoid(last(x.astype(jnp.float32)))


class AliEncoder(nn.Module):
    """ALI's Gaussian encoder of 32 pixels, ``[b, 32, 32, c] -> [b, latent]`` (its table 3).

    In training a sample ``mu(x) + sigma(x) e``, elsewhere the mean.

    Attributes:
      latent: size of the latent.
      width: features of the first layer; 2 to 16 times as many later.
      dtype: of the activations; mean and deviation are float32.
    """

    latent: int = 64
    width: int = 32
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Latent:
        """The latent of each image."""
        sizes = ((1, 5, 1), (2, 4, 2), (4, 4, 1), (8, 4, 2), (16, 4, 1), (16, 1, 1))
        x = _ali_layers(ValidConv, sizes, self.width, image.astype(self.dtype), train)
        x = ValidConv(2 * self.latent, 1, kernel_init=ALI_INIT)(x.astype(jnp.float32))
        mean, log_deviation = jnp.split(x[:, 0, 0], 2, axis=-1)
        return GaussianNoise()(mean, log_deviation, train=train)


class AliDiscriminator(nn.Module):
    """ALI's of 32 pixels, ``[b, 32, 32, c], [b, latent] -> [b]``: maxout of two (its table 3).

    Attributes:
      width: feature maps of the first layer before maxout; 2 to 32 times as many later.
      dropout: share dropped before every layer but those that see image and latent.
      input_dropout: share of image and latent that is dropped.
      dtype: of the activations; the last layer is float32.
    """

    width: int = 32
    dropout: ScalarLike = 0.5
    input_dropout: ScalarLike = 0.2
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, latent: Latent, *, train: bool) -> Logits:
        """Scores each pair."""

        def maxout(x, multiple, kernel, stride, *, first=False, bias=True):
            x = Dropout(self.input_dropout if first else self.dropout)(x, train=train)
            x = ValidConv(
                multiple * self.width,
                kernel,
                stride,
                bias=bias,
                kernel_init=ALI_INIT,
                dtype=self.dtype,
            )(x)
            return jnp.max(x.reshape(*x.shape[:-1], -1, 2), axis=-1)

        x = sample
        for number, layer in enumerate(((1, 5, 1), (2, 4, 2), (4, 4, 1), (8, 4, 2), (16, 4, 1))):
            x = maxout(x, *layer, first=number == 0)
        z = maxout(latent[:, None, None], 16, 1, 1, first=True, bias=False)
        z = maxout(z, 16, 1, 1, bias=False)
        x = jnp.concatenate([x, z], axis=-1)
        for _ in range(2):
            x = maxout(x, 32, 1, 1)
        x = Dropout(self.dropout)(x[:, 0, 0].astype(jnp.float32), train=train)
        return nn.Dense(1, kernel_init=ALI_INIT)(x)[:, 0]
