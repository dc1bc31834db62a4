"""The conditional perceptrons of Mirza & Osindero 2014 (arXiv:1411.1784, section 4.1)."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.dropout import Dropout
from jaxgan.nn.maxout import Maxout
from jaxgan.types import Image, Label, Latent, Logits, ScalarLike


class Generator(nn.Module):
    """Latent and one-hot label meet in a joint layer, ``[b, latent], [b] -> [b, *shape]``.

    Attributes:
      shape: of one sample.
      classes: of the labels.
      latent_units: rectifiers that see the latent (of 100 uniform numbers).
      label_units: rectifiers that see the label.
      joint_units: rectifiers that see both.
      output: of the last layer.
      dropout: share of hidden units dropped.
      kernel_init: of every layer; the paper does not give it.
      dtype: of the hidden activations; the last layer is float32.
    """

    shape: Sequence[int] = (28, 28, 1)
    classes: int = 10
    latent_units: int = 200
    label_units: int = 1000
    joint_units: int = 1200
    output: Callable[[jax.Array], jax.Array] = nn.sigmoid
    dropout: ScalarLike = 0.5
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, latent: Latent, label: Label, *, train: bool) -> Image:
        """Draws one sample from each latent and label."""

        def hidden(x, units):
            x = nn.relu(nn.Dense(units, kernel_init=self.kernel_init, dtype=self.dtype)(x))
            return Dropout(self.dropout)(x, train=train)

        known = jax.nn.one_hot(label, self.classes, dtype=self.dtype)
        parts = [hidden(latent, self.latent_units), hidden(known, self.label_units)]
        x = hidden(jnp.concatenate(parts, axis=-1), self.joint_units)
        last = nn.Dense(math.prod(self.shape), kernel_init=self.kernel_init)
        return self.output(last(x.astype(jnp.float32))).reshape(-1, *self.shape)


class Discriminator(nn.Module):
    """Maxout layers for sample, label and both, ``[b, ...], [b] -> [b]``.

    Attributes:
      classes: of the labels.
      sample_units: and ``sample_pieces``, of the layer that sees the sample.
      label_units: and ``label_pieces``, of the layer that sees the label.
      joint_units: and ``joint_pieces``, of the layer that sees both.
      dropout: share of hidden units dropped.
      kernel_init: of every layer; the paper does not give it.
      dtype: of the hidden activations; the last layer is float32.
    """

    classes: int = 10
    sample_units: int = 240
    sample_pieces: int = 5
    label_units: int = 50
    label_pieces: int = 5
    joint_units: int = 240
    joint_pieces: int = 4
    dropout: ScalarLike = 0.5
    kernel_init: Callable[..., Any] = nn.initializers.lecun_normal()
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, sample: Image, label: Label, *, train: bool) -> Logits:
        """Scores each sample under its label."""

        def hidden(x, units, pieces):
            x = Maxout(units, pieces, self.kernel_init, self.dtype)(x)
            return Dropout(self.dropout)(x, train=train)

        x = hidden(sample.reshape(len(sample), -1), self.sample_units, self.sample_pieces)
        known = jax.nn.one_hot(label, self.classes, dtype=self.dtype)
        parts = [x, hidden(known, self.label_units, self.label_pieces)]
        x = hidden(jnp.concatenate(parts, axis=-1), self.joint_units, self.joint_pieces)
        return nn.Dense(1, kernel_init=self.kernel_init)(x.astype(jnp.float32))[:, 0]
