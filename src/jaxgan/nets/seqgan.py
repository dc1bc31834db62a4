"""SeqGAN's networks: an LSTM that writes, and a convolutional classifier of sequences.

Yu, Zhang, Wang & Yu, "SeqGAN", AAAI 2017, section 3; sizes and initialization as in the authors'
code, github.com/LantaoYu/SeqGAN.
"""

from collections.abc import Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxgan.nets.language import LanguageModel, lstm
from jaxgan.nn.dropout import Dropout

Filters = Sequence[tuple[int, int]]
"""Tokens that a filter sees, and the number of such filters."""

FILTERS: Filters = (
    *((1, 100), (2, 200), (3, 200), (4, 200), (5, 200)),
    *((6, 100), (7, 100), (8, 100), (9, 100), (10, 100), (15, 160), (20, 160)),
)


def generator(vocabulary: int, length: int, embedding: int = 32, hidden: int = 32) -> LanguageModel:
    """An LSTM; all its weights and biases start as normal numbers of deviation 0.1."""
    normal = nn.initializers.normal(0.1)
    return lstm(vocabulary, length, embedding, hidden, normal, normal, normal)


class Highway(nn.Module):
    """``t relu(W x) + (1 - t) x`` with a gate ``t`` of its own (Srivastava et al. 2015)."""

    bias: bool = True
    kernel_init: nn.initializers.Initializer = nn.initializers.glorot_uniform()
    bias_init: nn.initializers.Initializer = nn.initializers.zeros_init()

    @nn.compact
    def __call__(self, x: Float[Array, "*rows features"]) -> Float[Array, "*rows features"]:
        """The layer's output."""

        def dense(name: str) -> nn.Dense:
            return nn.Dense(
                x.shape[-1],
                use_bias=self.bias,
                kernel_init=self.kernel_init,
                bias_init=self.bias_init,
                name=name,
            )

        gate = nn.sigmoid(dense("gate")(x))
        return gate * nn.relu(dense("linear")(x)) + (1.0 - gate) * x


def uniform_bias(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
    """TensorFlow's default of a variable: uniform within ``sqrt(3 / n)``, of ``n`` numbers."""
    bound = (3.0 / shape[0]) ** 0.5
    return jax.random.uniform(key, shape, dtype, -bound, bound)


class Discriminator(nn.Module):
    """Convolutions of several widths over a sequence, their maxima over time, and a highway layer.

    Two scores, as the authors' softmax has, make one logit: their difference. Filters that are
    wider than the sequence are left out.

    Attributes:
      vocabulary: number of different tokens.
      embedding: numbers that stand for a token.
      filters: see ``Filters``.
      dropout: share of the features that is left out in training.
    """

    vocabulary: int
    embedding: int = 64
    filters: Filters = FILTERS
    dropout: float = 0.25

    @nn.compact
    def __call__(
        self, tokens: Int[Array, "batch length"], train: bool = False
    ) -> Float[Array, "batch"]:
        """The logit of each sequence."""

        def within_one(key, shape, dtype=jnp.float32):
            return jax.random.uniform(key, shape, dtype, -1.0, 1.0)

        truncated, tenth = nn.initializers.truncated_normal(0.1), nn.initializers.constant(0.1)
        x = nn.Embed(self.vocabulary, self.embedding, embedding_init=within_one)(tokens)
        found = []
        for width, count in self.filters:
            if width <= tokens.shape[1]:
                convolution = nn.Conv(
                    count,
                    (width,),
                    padding="VALID",
                    kernel_init=truncated,
                    bias_init=tenth,
                    name=f"width{width}",
                )
                found.append(nn.relu(convolution(x)).max(axis=1))
        features = Highway(bias_init=uniform_bias, name="highway")(jnp.concatenate(found, axis=-1))
        features = Dropout(self.dropout)(features, train=train)
        scores = nn.Dense(2, kernel_init=truncated, bias_init=tenth, name="scores")(features)
        return scores[:, 1] - scores[:, 0]
