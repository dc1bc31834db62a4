"""Generators of text: a distribution of sequences of tokens, one token after another."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from jaxgan.rng import key_of_bits
from jaxgan.vocabulary import START

Tokens = Int[Array, "batch length"]


class Written(NamedTuple):
    """Sequences, and what the generator says of them.

    Attributes:
      tokens: integers ``[b, length]``.
      log_probabilities: of each token after those before it, in nats, float32 ``[b, length]``.
      relaxed: float32 ``[b, length, vocabulary]``: in the place of each token a distribution whose
        largest entry it is; None where no temperature is given.
    """

    tokens: Tokens
    log_probabilities: Float[Array, "batch length"]
    relaxed: Float[Array, "batch length vocabulary"] | None = None


class Cell(Protocol):
    """A recurrent cell: a Flax module."""

    def __call__(self, state: Any, x: jax.Array) -> tuple[Any, jax.Array]:
        """The state after an input ``[b, e]``, and the output ``[b, f]``."""
        ...


class LanguageModel(nn.Module):
    """A recurrent generator of sequences.

    Attributes:
      cell: see ``Cell``.
      initial: number of sequences -> the cell's state before the first token.
      vocabulary: number of different tokens.
      length: tokens of a sequence.
      embedding: numbers that stand for a token in the cell's input.
      embedding_init: of these numbers.
      kernel_init: of the last layer.
      bias_init: of the last layer.
    """

    cell: Any
    initial: Callable[[int], Any]
    vocabulary: int
    length: int
    embedding: int = 32
    embedding_init: nn.initializers.Initializer = nn.initializers.normal(0.1)
    kernel_init: nn.initializers.Initializer = nn.initializers.normal(0.1)
    bias_init: nn.initializers.Initializer = nn.initializers.normal(0.1)

    def setup(self) -> None:
        """The embedding and the last layer."""
        self.embed = nn.Embed(self.vocabulary, self.embedding, embedding_init=self.embedding_init)
        self.output = nn.Dense(
            self.vocabulary, kernel_init=self.kernel_init, bias_init=self.bias_init
        )

    def __call__(
        self,
        latents: Float[Array, "batch _"] | None,
        tokens: Tokens | None = None,
        given: jax.Array | None = None,
        temperature: jax.Array | None = None,
        train: bool = False,
    ) -> Written:
        """Writes sequences, goes on with some, or reads them.

        Args:
          latents: whose bits are the key of a sequence's random numbers; None to read.
          tokens: sequences. Without ``given`` they are read: the result has them and their
            probabilities.
          given: integers ``[b]``: so many first tokens of ``tokens`` are kept, and the sequences go
            on from there.
          temperature: inverse temperature of the relaxed tokens, Gumbel-softmax's: of large ones
            the relaxed tokens are almost one-hot. Without it there are none.
          train: makes no difference.
        """
        del train
        if tokens is not None and given is None:
            return self._read(tokens)
        assert latents is not None, "random numbers are needed to write"
        keys = jax.vmap(key_of_bits)(latents)
        if tokens is None or given is None:
            tokens, given = jnp.zeros((len(latents), self.length), jnp.int32), jnp.zeros(())
        return self._write(keys, tokens, given, temperature)

    def _read(self, tokens: Tokens) -> Written:
        """All tokens are known, so that the last layer sees all outputs at once."""
        before = jnp.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=START)

        def step(model: "LanguageModel", state: Any, x: jax.Array) -> tuple[Any, jax.Array]:
            return model.cell(state, x)

        outputs = _scan(step, 1)(self, self.initial(len(tokens)), self.embed(before))[1]
        return Written(tokens, _chosen(self.output(outputs), tokens))

    def _write(
        self, keys: jax.Array, tokens: Tokens, given: jax.Array, temperature: jax.Array | None
    ) -> Written:
        def step(model: "LanguageModel", carried: Any, at: Any) -> tuple[Any, Any]:
            (state, before), (place, known) = carried, at
            state, output = model.cell(state, model.embed(before))
            logits = model.output(output)
            here = jax.vmap(jax.random.fold_in, (0, None))(keys, place)
            relaxed = None
            if temperature is None:
                drawn = _draw(here, logits)
            else:
                noisy = logits + jax.vmap(lambda key: jax.random.gumbel(key, (self.vocabulary,)))(
                    here
                )
                drawn = jnp.argmax(noisy, -1).astype(jnp.int32)
                relaxed = nn.softmax(temperature * noisy)
            token = jnp.where(place < given, known, drawn)
            return (state, token), (token, _chosen(logits, token), relaxed)

        start = self.initial(len(keys)), jnp.full((len(keys),), START, jnp.int32)
        places = jnp.arange(self.length)
        written = _scan(step, 0)(self, start, (places, tokens.T))[1]
        tokens, chosen, relaxed = jax.tree.map(lambda leaf: jnp.swapaxes(leaf, 0, 1), written)
        return Written(tokens, chosen, relaxed)


def lstm(
    vocabulary: int,
    length: int,
    embedding: int,
    hidden: int,
    kernel_init: nn.initializers.Initializer,
    bias_init: nn.initializers.Initializer,
    embedding_init: nn.initializers.Initializer,
) -> LanguageModel:
    """A language model whose cell is an LSTM, with one initializer for all of its kernels."""
    cell = nn.OptimizedLSTMCell(
        hidden, kernel_init=kernel_init, recurrent_kernel_init=kernel_init, bias_init=bias_init
    )

    def initial(count: int) -> tuple[jax.Array, jax.Array]:
        return jnp.zeros((count, hidden)), jnp.zeros((count, hidden))

    return LanguageModel(
        cell, initial, vocabulary, length, embedding, embedding_init, kernel_init, bias_init
    )


def _scan(step: Callable[..., Any], axis: int) -> Callable[..., Any]:
    """A loop over time with one set of parameters; ``axis`` is that of the time."""
    return nn.scan(
        step,
        variable_broadcast="params",
        split_rngs={"params": False},
        in_axes=axis,  # pyright: ignore[reportArgumentType]
        out_axes=axis,
    )


def _draw(keys: jax.Array, logits: Float[Array, "batch vocabulary"]) -> Int[Array, "batch"]:
    """A token of each row by one uniform number: where the cumulative distribution passes it.

    First a block of tokens is found, then a token in it: on a CPU, the cumulative sum of the whole
    vocabulary takes five times as long. Gumbel's trick would draw a number for each token.
    """
    size = logits.shape[-1]
    block = math.isqrt(size - 1) + 1
    shares = jnp.exp(logits - logits.max(axis=-1, keepdims=True))
    blocks = jnp.pad(shares, ((0, 0), (0, -size % block))).reshape(len(logits), -1, block)
    until = jnp.cumsum(blocks.sum(axis=-1), axis=-1)
    number = jax.vmap(jax.random.uniform)(keys) * until[:, -1]
    at = _passed(until, number)
    rest = number - jnp.where(at > 0, _at(until, jnp.maximum(at - 1, 0)), 0.0)
    inside = jnp.take_along_axis(blocks, at[:, None, None], axis=1)[:, 0]
    # Sums may round to less than the number.
    return jnp.minimum(block * at + _passed(jnp.cumsum(inside, axis=-1), rest), size - 1)


def _passed(until: Float[Array, "batch _"], number: Float[Array, "batch"]) -> Int[Array, "batch"]:
    """The first place whose cumulative sum is above the number, or the last one."""
    return jnp.minimum(jnp.sum(until <= number[:, None], axis=-1), until.shape[-1] - 1)


def _at(values: Float[Array, "batch _"], place: Int[Array, "batch"]) -> Float[Array, "batch"]:
    return jnp.take_along_axis(values, place[:, None], axis=1)[:, 0]


def _chosen(logits: Float[Array, "*rows vocabulary"], tokens: Int[Array, "*rows"]) -> jax.Array:
    """The logarithms of the tokens' probabilities.

    Not by ``log_softmax``, all of whose values would be kept for the gradient.
    """
    found = jnp.take_along_axis(logits, tokens[..., None], axis=-1)[..., 0]
    return found - jax.nn.logsumexp(logits, axis=-1)
