"""The relational memory core: a recurrent cell whose memory attends over itself."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Memory = Float[Array, "batch slots features"]
"""Slots of a relational memory."""


class RelationalMemory(nn.Module):
    """A recurrent cell of ``slots`` rows of memory (Santoro et al. 2018, section 3).

    In every step the memory, with the input as one more row, attends over itself; two gates a
    number then say how much of the old memory stays. As RelGAN's code has it: queries are scaled by
    the size of query, key and value together, and a layer norm takes the moments of all rows of a
    sample together.

    Attributes:
      slots: rows of the memory.
      heads: of the attention.
      head_size: features of a head; a row of the memory has ``heads * head_size``.
      layers: of the perceptron after the attention.
      forget_bias: of the gate of the old memory.
    """

    slots: int = 1
    heads: int = 2
    head_size: int = 256
    layers: int = 2
    forget_bias: float = 1.0

    @property
    def features(self) -> int:
        """Features of a row of the memory."""
        return self.heads * self.head_size

    def initial(self, count: int) -> Memory:
        """The memory before the first step: rows of the identity."""
        return jnp.broadcast_to(
            jnp.eye(self.slots, self.features), (count, self.slots, self.features)
        )

    @nn.compact
    def __call__(self, memory: Memory, x: Float[Array, "batch _"]) -> tuple[Memory, jax.Array]:
        """The memory after an input, and the output: all its rows side by side."""
        row = _dense(self.features, True, "input")(x)[:, None]
        attended = self._attend(jnp.concatenate([memory, row], axis=1))[:, :-1]
        gates = _dense(2 * self.features, False, "input_gates")(row)
        gates += _dense(2 * self.features, False, "memory_gates")(jnp.tanh(memory))
        enter, keep = jnp.split(gates, 2, axis=-1)
        memory = (
            nn.sigmoid(enter) * jnp.tanh(attended) + nn.sigmoid(keep + self.forget_bias) * memory
        )
        return memory, memory.reshape(len(memory), -1)

    def _attend(self, rows: jax.Array) -> jax.Array:
        """Attention and a perceptron, each added to what goes in, and normalized."""
        found = _norm("attention_norm")(rows + self._attention(rows))
        x = found
        for layer in range(self.layers):
            x = _dense(self.features, True, f"perceptron{layer}")(x)
            x = nn.relu(x) if layer < self.layers - 1 else x
        return _norm("perceptron_norm")(found + x)

    def _attention(self, rows: jax.Array) -> jax.Array:
        size = self.head_size
        all_three = _norm("query_norm")(_dense(3 * self.features, False, "queries")(rows))
        heads = all_three.reshape(*rows.shape[:2], self.heads, 3 * size)
        query, key, value = jnp.split(heads, 3, axis=-1)
        weights = jnp.einsum("bnhd,bmhd->bhnm", query * (3 * size) ** -0.5, key)
        out = jnp.einsum("bhnm,bmhd->bnhd", nn.softmax(weights), value)
        return out.reshape(rows.shape)


def fan_in(size: int) -> nn.initializers.Initializer:
    """Normal numbers cut off at two deviations of ``1 / sqrt(size)``."""
    return nn.initializers.truncated_normal(size**-0.5)


def _dense(features: int, bias: bool, name: str) -> nn.Module:
    def kernel(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
        return fan_in(shape[0])(key, shape, dtype)

    return nn.Dense(features, use_bias=bias, kernel_init=kernel, name=name)


def _norm(name: str) -> nn.Module:
    # Of all rows of a sample: what TensorFlow 1's layer_norm does.
    return nn.LayerNorm(epsilon=1e-12, reduction_axes=(1, 2), feature_axes=-1, name=name)
