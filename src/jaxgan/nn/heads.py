"""Heads: the last layers of discriminators, from features to logits, classes or codes.

Every head is made with ``(classes, bias, kernel_init)`` and called with ``(features, label,
train=)``, so that a discriminator takes any of them. Heads are float32.
"""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.minibatch import MinibatchDiscrimination
from jaxgan.nn.norm import BatchNorm
from jaxgan.types import Label, Logits, ScalarLike


class Projection(nn.Module):
    """``psi(h) + <v_y, h>``, ``[b, f] -> [b]`` (Miyato & Koyama 2018, equation 8).

    Without classes it is the plain logit ``psi(h)``. A pack's labels ``[b, m]`` (PacGAN) are
    projected one by one and summed.
    """

    classes: int = 0
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform()

    @nn.compact
    def __call__(
        self, features: jax.Array, label: jax.Array | None = None, *, train: bool
    ) -> Logits:
        """Scores features under a label, int ``[b]`` or ``[b, m]``.

        Raises:
          ValueError: the head is of classes and was given no label.
        """
        del train
        h = features.astype(jnp.float32)
        logit = nn.Dense(1, use_bias=self.bias, kernel_init=self.kernel_init)(h)[:, 0]
        known = known_labels(self.classes, label)
        if known is not None:
            shape = (self.classes, h.shape[-1])
            embedding = self.param("embedding", self.kernel_init, shape)
            vectors = embedding[known].reshape(len(h), -1, h.shape[-1]).sum(axis=1)
            logit += jnp.sum(vectors * h, axis=-1)
        return logit


class Auxiliary(nn.Module):
    """A logit and the class logits, ``[b, f] -> ([b], [b, classes])`` (Odena et al. 2017)."""

    classes: int
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform()

    @nn.compact
    def __call__(
        self, features: jax.Array, label: Label | None = None, *, train: bool
    ) -> tuple[Logits, jax.Array]:
        """Scores features and names their class; the label is not looked at."""
        del label, train
        h = features.astype(jnp.float32)
        logit = nn.Dense(1, use_bias=self.bias, kernel_init=self.kernel_init, name="logit")(h)
        kinds = nn.Dense(self.classes, kernel_init=self.kernel_init, name="classes_logits")(h)
        return logit[:, 0], kinds


class Codes(nn.Module):
    """A logit and InfoGAN's ``Q``, ``[b, f] -> ([b], {code: parameters})`` (Chen et al. 2016).

    A categorical code's parameters are its logits, a continuous one's the means and the
    logarithms of the deviations, each ``[b, size]`` (zeros unless ``learn_deviation``: the
    authors fix the deviation at 1). ``Q`` has a hidden layer of its own between the features
    and the codes (table 1 of the paper's appendix C; regularized_gan.py). A discriminator takes
    ``partial(Codes, categorical={"digit": 10}, continuous={"style": 2})`` as its head.
    """

    classes: int = 0
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform()
    categorical: Mapping[str, int] | None = None
    continuous: Mapping[str, int] | None = None
    hidden: int = 128
    batch_norm: bool = True
    learn_deviation: bool = False
    slope: ScalarLike = 0.1

    @nn.compact
    def __call__(
        self, features: jax.Array, label: Label | None = None, *, train: bool
    ) -> tuple[Logits, dict[str, Any]]:
        """Scores features and guesses their codes."""
        del label
        h = features.astype(jnp.float32)
        logit = nn.Dense(1, use_bias=self.bias, kernel_init=self.kernel_init, name="logit")(h)
        q = nn.Dense(self.hidden, kernel_init=self.kernel_init, name="q")(h)
        if self.batch_norm:
            q = BatchNorm(use_running_average=not train, momentum=0.9)(q)
        q = nn.leaky_relu(q, self.slope)
        codes: dict[str, Any] = {}
        for name, size in (self.categorical or {}).items():
            codes[name] = nn.Dense(size, kernel_init=self.kernel_init, name=f"{name}_code")(q)
        for name, size in (self.continuous or {}).items():
            mean = nn.Dense(size, kernel_init=self.kernel_init, name=f"{name}_mean")(q)
            spread = jnp.zeros_like(mean)
            if self.learn_deviation:
                layer = nn.Dense(size, kernel_init=self.kernel_init, name=f"{name}_deviation")
                spread = layer(q)
            codes[name] = (mean, spread)
        return logit[:, 0], codes


class Compared(nn.Module):
    """A head behind ``MinibatchDiscrimination`` (Salimans et al. 2016, section 3.2).

    The features that ``inner`` gets are joined by their closeness to those of other samples.

    Attributes:
      kernels: how many closenesses are joined.
      size: of each kernel's space.
      inner: the head.
    """

    classes: int = 0
    bias: bool = True
    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform()
    kernels: int = 100
    size: int = 5
    inner: Callable[..., nn.Module] = Projection

    @nn.compact
    def __call__(self, features: jax.Array, label: Label | None = None, *, train: bool) -> Any:
        """What ``inner`` says of the features and the batch."""
        h = MinibatchDiscrimination(self.kernels, self.size)(features, train=train)
        head = self.inner(
            classes=self.classes, bias=self.bias, kernel_init=self.kernel_init, name="head"
        )
        return head(h, label, train=train)
