"""Batch normalization whose gain and bias depend on a class or on a vector."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conditioning import known_labels
from jaxgan.nn.norm import BatchNorm
from jaxgan.types import ScalarLike


class ConditionalBatchNorm(nn.Module):
    """Batch normalization, ``[b, ..., c] -> [b, ..., c]``, then a gain and a bias per sample.

    What ``condition`` is decides where they come from:

    - None, of a layer of no classes: one gain and bias per channel (Ioffe & Szegedy 2015);
    - labels, int ``[b]``: one per class and channel, from 1 and 0 (Dumoulin et al. 2017,
      equation 5; SNGAN, SAGAN);
    - vectors, ``[b, e]``: ``1 + e W`` and ``e V`` (Brock et al. 2019, BigGAN, appendix B).

    Attributes:
      classes: rows of the tables that labels choose from; 0 for none.
      momentum: of the running moments.
      epsilon: added to the variance.
      kernel_init: of ``W`` and ``V``.
    """

    classes: int = 0
    momentum: ScalarLike = 0.9
    epsilon: ScalarLike = 1e-5
    kernel_init: Callable[..., Any] = nn.initializers.orthogonal()

    @nn.compact
    def __call__(
        self, x: jax.Array, condition: jax.Array | None = None, *, train: bool
    ) -> jax.Array:
        """Normalizes ``x`` by the moments of the global batch, or by the running ones.

        Raises:
          ValueError: the layer is of classes and was given no condition.
        """
        plain = condition is None
        if plain:
            known_labels(self.classes, None)
        x = BatchNorm(
            use_running_average=not train,
            momentum=self.momentum,  # pyright: ignore[reportArgumentType]
            epsilon=self.epsilon,  # pyright: ignore[reportArgumentType]
            use_scale=plain,
            use_bias=plain,
            dtype=x.dtype,
        )(x)
        if condition is None:
            return x
        channels = x.shape[-1]
        if jnp.issubdtype(condition.dtype, jnp.integer):
            # Not called kernel or embedding: no paper spectrally normalizes these tables.
            shape = (self.classes, channels)
            gain = self.param("gain", nn.initializers.ones, shape)[condition]
            bias = self.param("bias", nn.initializers.zeros, shape)[condition]
        else:

            def linear(name: str) -> jax.Array:
                layer = nn.Dense(
                    channels, use_bias=False, kernel_init=self.kernel_init, name=name, dtype=x.dtype
                )
                return layer(condition)

            gain, bias = 1.0 + linear("gain"), linear("bias")
        spread = (-1, *(1,) * (x.ndim - 2), channels)
        return x * gain.astype(x.dtype).reshape(spread) + bias.astype(x.dtype).reshape(spread)
