"""VEEGAN (Srivastava et al. 2017): a generator, a reconstructor and a joint discriminator.

github.com/akashgit/VEEGAN: the perceptrons of MNIST in veegan_julia_mnist.ipynb, which is not
the authors' but @xukai92's, in Julia and Knet, as their page says. Those of the 2-D mixtures
are in ``mixture``. The paper's convolutional networks were not released: the
reconstructor and discriminator of images below are DCGAN's, of our choosing.
"""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nets import mlp
from jaxgan.nets.bigan import Joined
from jaxgan.nn.conv import Conv
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.gaussian import GaussianNoise
from jaxgan.nn.norm import BatchNorm
from jaxgan.types import Image, Latent, Logits, ScalarLike

GLOROT = nn.initializers.glorot_uniform()
NORMAL = nn.initializers.normal(0.02)


class Reconstructing(nn.Module):
    """Generator and reconstructor as one player, ``z, x -> G(z), F(x), F(G(z))``.

    Attributes:
      generator: of samples.
      reconstructor: of latents.
      noise: whether ``F(x)`` is drawn from a Gaussian of unit deviation around it, in
        training (section 3); ``F(G(z))``, which is compared with ``z``, is its mean.
    """

    generator: nn.Module
    reconstructor: nn.Module
    noise: bool = True

    @nn.compact
    def __call__(
        self, latent: Latent, image: Image, *, train: bool
    ) -> tuple[Image, Latent, Latent]:
        """Samples of the latents, latents of the images, and latents of the samples."""
        fake = self.generator(latent, train=train)
        read = self.reconstructor(fake, train=train)
        encoded = self.reconstructor(image, train=train)
        if self.noise:
            encoded = GaussianNoise()(encoded, train=train)
        return fake, encoded, read

    def generate(self, latent: Latent, *, train: bool) -> Image:
        """``G(z)`` alone."""
        return self.generator(latent, train=train)

    def encode(self, image: Image, *, train: bool) -> Latent:
        """``F(x)`` alone."""
        return self.reconstructor(image, train=train)


class Reconstructor(nn.Module):
    """Rectifier perceptron from a sample to a latent, ``[b, ...] -> [b, latent]``.

    Attributes:
      latent: size of the latent.
      hidden: widths of the hidden layers.
      dtype: of the hidden activations; the last layer is float32.
    """

    latent: int = 32
    hidden: Sequence[int] = (256,)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Latent:
        """The latent of each sample."""
        del train
        x = sample.reshape(len(sample), -1)
        for width in self.hidden:
            x = nn.relu(nn.Dense(width, kernel_init=GLOROT, dtype=self.dtype)(x))
        return nn.Dense(self.latent, kernel_init=GLOROT)(x.astype(jnp.float32))


class Dropping(nn.Module):
    """One hidden layer of rectifiers and dropout, ``[b, ...] -> [b]``.

    Attributes:
      width: of the hidden layer.
      dropout: share of it that is dropped.
      dtype: of the hidden activations; the last layer is float32.
    """

    width: int = 256
    dropout: ScalarLike = 0.5
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Logits:
        """Scores each sample."""
        x = nn.relu(nn.Dense(self.width, kernel_init=GLOROT, dtype=self.dtype)(sample))
        x = Dropout(self.dropout)(x, train=train)
        return nn.Dense(1, kernel_init=GLOROT)(x.astype(jnp.float32))[:, 0]


def mnist_generator(shape: Sequence[int] = (28, 28, 1)) -> mlp.Generator:
    """The notebook's on MNIST: 256 rectifiers and a sigmoid; the latent is 32 normal numbers."""
    return mlp.Generator(shape, (256,), kernel_init=GLOROT)


def mnist_discriminator() -> Joined:
    """The notebook's on MNIST: 256 rectifiers, of which half are dropped."""
    return Joined(Dropping())


def _halve(x: jax.Array, widths: Sequence[int], dtype: Any, train: bool) -> jax.Array:
    """DCGAN's strided convolutions, flattened."""
    for number, features in enumerate(widths):
        x = Conv(features, 5, stride=2, kernel_init=NORMAL, dtype=dtype)(x)
        if number:
            x = BatchNorm(use_running_average=not train, momentum=0.9, dtype=x.dtype)(x)
        x = nn.leaky_relu(x, 0.2)
    return x.reshape(len(x), -1)


class ConvReconstructor(nn.Module):
    """DCGAN's discriminator that says a latent, ``[b, r, r, c] -> [b, latent]``.

    Attributes:
      latent: size of the latent.
      widths: features of each layer.
      dtype: of the activations; the last layer is float32.
    """

    latent: int = 100
    widths: Sequence[int] = (64, 128, 256, 512)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, *, train: bool) -> Latent:
        """The latent of each image."""
        x = _halve(image, self.widths, self.dtype, train).astype(jnp.float32)
        return nn.Dense(self.latent, kernel_init=NORMAL)(x)


class ConvDiscriminator(nn.Module):
    """DCGAN's features of an image beside its latent, ``[b, r, r, c], [b, latent] -> [b]``.

    Attributes:
      widths: features of each layer.
      joint: units of the layer that sees both.
      dtype: of the activations; the last layer is float32.
    """

    widths: Sequence[int] = (64, 128, 256, 512)
    joint: int = 512
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, image: Image, latent: Latent, *, train: bool) -> Logits:
        """Scores each pair."""
        x = _halve(image, self.widths, self.dtype, train)
        x = jnp.concatenate([x, latent.astype(x.dtype)], axis=-1)
        x = nn.leaky_relu(nn.Dense(self.joint, kernel_init=NORMAL, dtype=self.dtype)(x), 0.2)
        return nn.Dense(1, kernel_init=NORMAL)(x.astype(jnp.float32))[:, 0]
