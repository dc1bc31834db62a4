"""Self-attention over the pixels of a feature map (Zhang et al. 2019, SAGAN)."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxgan.nn.conv import Conv, Images
from jaxgan.nn.resample import max_pool


class SelfAttention(nn.Module):
    """``x + gamma * o(softmax(f(x) g(x)^T) h(x))``, ``[b, h, w, c] -> [b, h, w, c]``.

    Section 3 of the paper with the sizes of its code (non_local.py): queries and keys have
    ``c/8`` channels, values ``c/2``; keys and values are max-pooled 2 x 2; ``gamma`` starts
    at 0; the 1 x 1 convolutions have no bias. The softmax is float32.
    """

    kernel_init: Callable[..., Any] = nn.initializers.glorot_uniform()

    @nn.compact
    def __call__(self, x: Images) -> Images:
        """Lets every pixel look at every window."""
        batch, height, width, channels = x.shape

        def project(features: int, name: str, inputs: jax.Array) -> jax.Array:
            layer = Conv(
                features, 1, bias=False, kernel_init=self.kernel_init, name=name, dtype=x.dtype
            )
            return layer(inputs)

        query = project(max(channels // 8, 1), "query", x).reshape(batch, height * width, -1)
        key = max_pool(project(max(channels // 8, 1), "key", x))
        value = max_pool(project(max(channels // 2, 1), "value", x))
        key, value = (y.reshape(batch, height * width // 4, -1) for y in (key, value))
        # Unscaled dot products, as published.
        scores = jnp.einsum("bqc,bkc->bqk", query, key, preferred_element_type=jnp.float32)
        weights = jax.nn.softmax(scores, axis=-1).astype(x.dtype)
        seen = jnp.einsum("bqk,bkc->bqc", weights, value).reshape(batch, height, width, -1)
        gamma = self.param("gamma", nn.initializers.zeros, ())
        return x + gamma.astype(x.dtype) * project(channels, "out", seen)
