"""RelGAN's networks: a relational memory that writes, and a discriminator of many embeddings.

Nie, Narodytska & Patel, "RelGAN: Relational Generative Adversarial Networks for Text Generation",
ICLR 2019, section 2; sizes and initialization as in the authors' code, github.com/weilinie/RelGAN.
"""

import math
from collections.abc import Sequence

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxgan.nets.language import LanguageModel, lstm
from jaxgan.nets.seqgan import Highway
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.memory import RelationalMemory, fan_in


def generator(
    vocabulary: int,
    length: int,
    embedding: int = 32,
    slots: int = 1,
    heads: int = 2,
    head_size: int = 256,
) -> LanguageModel:
    """A relational memory; kernels start as normal numbers that are cut off."""
    memory = RelationalMemory(slots, heads, head_size)
    return LanguageModel(
        memory,
        memory.initial,
        vocabulary,
        length,
        embedding,
        fan_in(vocabulary),
        fan_in(slots * memory.features),
        nn.initializers.zeros_init(),
    )


def lstm_generator(
    vocabulary: int, length: int, embedding: int = 32, hidden: int = 32
) -> LanguageModel:
    """An LSTM in the memory's place: the paper's ablation."""
    zeros = nn.initializers.zeros_init()
    return lstm(vocabulary, length, embedding, hidden, fan_in(hidden), zeros, fan_in(vocabulary))


class Discriminator(nn.Module):
    """A classifier of relaxed sequences that sees them in many small embeddings, one by one.

    ``[b, length, vocabulary] -> [b, embeddings]``: a logit for each; ``[b]`` of one.

    Attributes:
      embeddings: how many there are.
      size: numbers of an embedding.
      widths: tokens that filters see.
      filters: of each width.
      hidden: units of the layer before the last.
      dropout: share of the features that is left out in training.
    """

    embeddings: int = 64
    size: int = 1
    widths: Sequence[int] = (2, 3, 4, 5)
    filters: int = 300
    hidden: int = 100
    dropout: float = 0.25

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch length vocabulary"], train: bool = False
    ) -> Float[Array, "batch ..."]:
        """The logits of each sequence."""

        def he(key, shape, dtype=jnp.float32):
            deviation = math.sqrt(2.0 / math.prod(shape[:-1]))
            return nn.initializers.truncated_normal(deviation)(key, shape, dtype)

        def dense(features: int, fan: int, name: str, bias: bool = True) -> nn.Dense:
            return nn.Dense(features, use_bias=bias, kernel_init=fan_in(fan), name=name)

        seen = dense(self.embeddings * self.size, x.shape[-1], "embedding", bias=False)(x)
        seen = seen[..., None]  # one channel
        found = []
        for width in self.widths:
            if width > x.shape[1]:  # of shorter sentences
                continue
            convolution = nn.Conv(
                self.filters,
                (width, self.size),
                strides=(1, self.size),
                padding="VALID",
                kernel_init=he,
                name=f"width{width}",
            )
            found.append(nn.relu(convolution(seen)).max(axis=1))
        features = jnp.concatenate(found, axis=-1)
        count = features.shape[-1]
        features = Highway(bias=False, kernel_init=fan_in(count), name="highway")(features)
        features = Dropout(self.dropout)(features, train=train)
        features = dense(self.hidden, count, "hidden")(features)
        logits = dense(1, self.hidden, "logit")(features)[..., 0]
        return logits[:, 0] if self.embeddings == 1 else logits
