"""Multi-layer perceptrons: the networks of the first paper, and those for toy data."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.errors import UserError
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.maxout import Maxout
from jaxgan.nn.norm import BatchNorm
from jaxgan.types import Image, Latent, Logits, ScalarLike


def symmetric_uniform(bound: float) -> Callable[..., jax.Array]:
    """Initializer ``U(-bound, bound)`` (pylearn2's ``irange``)."""

    def init(key, shape, dtype=jnp.float32):
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


class Generator(nn.Module):
    """Perceptron from a latent to a sample, ``[b, latent] -> [b, *shape]``.

    Goodfellow et al. 2014 use two hidden layers of 1200 rectifiers and a sigmoid.

    Attributes:
      shape: of one sample: ``(28, 28, 1)`` for an image, ``(2,)`` for a toy point.
      hidden: widths of the hidden layers.
      activation: of the hidden layers.
      output: of the last layer: ``nn.sigmoid`` for [0, 1], ``nn.tanh`` for [-1, 1], or the
        identity.
      kernel_init: of every layer.
      bias_init: of the last layer.
      dtype: of the hidden activations; the last layer is float32.
      batch_norm: whether the hidden layers are batch-normalized, before the activation.
    """

    shape: Sequence[int]
    hidden: Sequence[int] = (1200, 1200)
    activation: Callable[[jax.Array], jax.Array] = nn.relu
    output: Callable[[jax.Array], jax.Array] = nn.sigmoid
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    bias_init: Callable[..., Any] = nn.initializers.zeros
    dtype: Any = jnp.float32
    batch_norm: bool = False

    @nn.compact
    def __call__(self, latent: Latent, *, train: bool) -> Image:
        """Draws one sample from each latent."""
        x = latent
        for width in self.hidden:
            x = nn.Dense(width, kernel_init=self.kernel_init, dtype=self.dtype)(x)
            if self.batch_norm:
                x = BatchNorm(use_running_average=not train, momentum=0.9, dtype=x.dtype)(x)
            x = self.activation(x)
        last = nn.Dense(
            math.prod(self.shape), kernel_init=self.kernel_init, bias_init=self.bias_init
        )
        return self.output(last(x.astype(jnp.float32))).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    """Rectifier perceptron from a sample to a logit, ``[b, ...] -> [b]``.

    Attributes:
      hidden: widths of the hidden layers.
      activation: of the hidden layers.
      kernel_init: of every layer.
      dtype: of the hidden activations; the last layer is float32.
    """

    hidden: Sequence[int] = (128, 128)
    activation: Callable[[jax.Array], jax.Array] = nn.relu
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Logits:
        """Scores each sample."""
        x = sample.reshape(sample.shape[0], -1)
        for width in self.hidden:
            x = self.activation(nn.Dense(width, kernel_init=self.kernel_init, dtype=self.dtype)(x))
        return nn.Dense(1, kernel_init=self.kernel_init)(x.astype(jnp.float32))[:, 0]


class MaxoutDiscriminator(nn.Module):
    """Maxout perceptron with dropout, ``[b, ...] -> [b]`` (Goodfellow et al. 2014).

    Attributes:
      hidden: units of each maxout layer.
      pieces: affine maps per unit.
      input_dropout: share of inputs dropped.
      hidden_dropout: share of units dropped before every later layer.
      kernel_init: of every layer.
      dtype: of the hidden activations; the last layer is float32.
    """

    hidden: Sequence[int] = (240, 240)
    pieces: int = 5
    input_dropout: ScalarLike = 0.2
    hidden_dropout: ScalarLike = 0.5
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    def __post_init__(self):
        """Refuses shares that leave nothing; traced ones were checked as numbers before."""
        for name in ("input_dropout", "hidden_dropout"):
            share = getattr(self, name)
            if isinstance(share, float) and not 0 <= share < 1:
                raise UserError(f"{name} {share}: a share to drop must be from 0 to below 1.")
        super().__post_init__()

    @nn.compact
    def __call__(self, sample: Image, *, train: bool) -> Logits:
        """Scores each sample."""
        x = sample.reshape(sample.shape[0], -1)
        x = Dropout(self.input_dropout)(x, train=train)
        for width in self.hidden:
            x = Maxout(width, self.pieces, self.kernel_init, self.dtype)(x)
            x = Dropout(self.hidden_dropout)(x, train=train)
        return nn.Dense(1, kernel_init=self.kernel_init)(x.astype(jnp.float32))[:, 0]
