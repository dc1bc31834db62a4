"""Any network made conditional by concatenation (Mirza & Osindero 2014, section 3.2)."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.types import Image, Label, Latent


class LabeledGenerator(nn.Module):
    """A generator of one-hot labels beside the latent, ``[b, latent], [b] -> samples``."""

    inner: nn.Module
    classes: int

    @nn.compact
    def __call__(self, latent: Latent, label: Label, *, train: bool) -> Image:
        """Draws one sample from each latent and label."""
        known = jax.nn.one_hot(label, self.classes, dtype=latent.dtype)
        return self.inner(jnp.concatenate([latent, known], axis=-1), train=train)


class LabeledDiscriminator(nn.Module):
    """A discriminator of one-hot labels as channels, ``[b, ..., c], [b] -> logits``.

    Every class is one more channel, constant over the pixels; of a toy point it is one more
    coordinate.
    """

    inner: nn.Module
    classes: int

    @nn.compact
    def __call__(self, sample: Image, label: Label, *, train: bool) -> Any:
        """Scores each sample under its label."""
        known = jax.nn.one_hot(label, self.classes, dtype=sample.dtype)
        planes = known.reshape(-1, *(1,) * (sample.ndim - 2), self.classes)
        planes = jnp.broadcast_to(planes, (*sample.shape[:-1], self.classes))
        return self.inner(jnp.concatenate([sample, planes], axis=-1), train=train)
