"""The perceptrons with which papers learn 2-D mixtures, each as its code has them."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nets import mlp, veegan
from jaxgan.nets.bigan import Joined
from jaxgan.nn.gaussian import GaussianNoise
from jaxgan.nn.norm import BatchNorm
from jaxgan.types import Image, Latent, ScalarLike

NORMAL = nn.initializers.normal(0.02)
GLOROT = nn.initializers.glorot_uniform()


def _layer(x: jax.Array, width: int, dtype: Any, train: bool) -> jax.Array:
    """Dense without bias, norm, relu: a hidden layer of ALI's mixture networks."""
    x = nn.Dense(width, use_bias=False, kernel_init=NORMAL, dtype=dtype)(x)
    norm = BatchNorm(use_running_average=not train, momentum=0.95, epsilon=1e-4, dtype=x.dtype)
    return nn.relu(norm(x))


class PacganGenerator(nn.Module):
    """``[b, 2] -> [b, 2]``: four normalized layers of 400 (ali_mixture.py, PacGAN's config.py).

    Attributes:
      size: of one sample.
      hidden: widths of the hidden layers.
      dtype: of the hidden activations; the last layer is float32.
    """

    size: int = 2
    hidden: Sequence[int] = (400, 400, 400, 400)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one sample from each latent."""
        x = latent
        for width in self.hidden:
            x = _layer(x, width, self.dtype, train)
        return nn.Dense(self.size, kernel_init=NORMAL)(x.astype(jnp.float32))


def pacgan_discriminator(
    width: int = 200, dtype: Any = jnp.float32, deviation: ScalarLike = 0.02
) -> mlp.MaxoutDiscriminator:
    """``[b, 2 m] -> [b]``: three maxout layers of 200 x 5, without dropout (as trained).

    ``deviation`` of the initial weights: theirs is for 200 units. Narrower layers need more, or
    the logits hardly depend on the sample, and the game does not begin.
    """
    init = nn.initializers.normal(deviation)
    return mlp.MaxoutDiscriminator((width,) * 3, 5, 0.0, 0.0, init, dtype)


class AliEncoder(nn.Module):
    """ALI's on mixtures, ``[b, 2] -> [b, latent]``: it sees the sample beside as much noise.

    The noise is there in training only (ali_mixture.py, COVConditional).

    Attributes:
      latent: size of the latent.
      hidden: widths of the hidden layers.
      dtype: of the hidden activations; the last layer is float32.
    """

    latent: int = 2
    hidden: Sequence[int] = (400, 400)
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Latent:
        """Draws a latent of each sample."""
        x = sample.reshape(len(sample), -1)
        x = jnp.concatenate([x, GaussianNoise()(jnp.zeros_like(x), train=train)], axis=-1)
        for width in self.hidden:
            x = _layer(x, width, self.dtype, train)
        return nn.Dense(self.latent, kernel_init=NORMAL)(x.astype(jnp.float32))


def ali_discriminator(
    width: int = 200, dtype: Any = jnp.float32, deviation: ScalarLike = 0.02
) -> Joined:
    """ALI's on mixtures: PacGAN's, of a sample beside a latent."""
    return Joined(pacgan_discriminator(width, dtype, deviation))


def veegan_generator(width: int = 128, dtype: Any = jnp.float32) -> mlp.Generator:
    """VEEGAN's on mixtures: two layers of 128 rectifiers; the latent is 254 normal numbers.

    The authors append one more number of noise, which is not reconstructed.
    """
    return mlp.Generator((2,), (width,) * 2, output=_same, kernel_init=GLOROT, dtype=dtype)


def veegan_reconstructor(
    latent: int = 254, width: int = 128, dtype: Any = jnp.float32
) -> veegan.Reconstructor:
    """VEEGAN's on mixtures: two layers of 128 rectifiers."""
    return veegan.Reconstructor(latent, (width,) * 2, dtype)


def veegan_discriminator(hidden: Sequence[int] = (128,), dtype: Any = jnp.float32) -> Joined:
    """VEEGAN's on mixtures: 128 rectifiers that see a sample beside a latent."""
    return Joined(mlp.Discriminator(hidden, kernel_init=GLOROT, dtype=dtype))


def unrolled_generator(width: int = 128, dtype: Any = jnp.float32) -> mlp.Generator:
    """Unrolled GAN's demo: two tanh layers of 128; the latent is 256 normal numbers.

    github.com/poolio/unrolled_gan, which says that the paper's network is another one.
    """
    init = nn.initializers.orthogonal(1.4)
    return mlp.Generator((2,), (width,) * 2, nn.tanh, _same, init, dtype=dtype)


def unrolled_discriminator(width: int = 128, dtype: Any = jnp.float32) -> mlp.Discriminator:
    """Unrolled GAN's demo: two tanh layers of 128."""
    return mlp.Discriminator((width,) * 2, nn.tanh, nn.initializers.orthogonal(1.4), dtype)


def _same(x: jax.Array) -> jax.Array:
    return x
