"""The oracle of the language benchmark: an LSTM whose sentences are the data.

Because its distribution is known, it says how likely it finds a generator's sentences: Yu, Zhang,
Wang & Yu, "SeqGAN: Sequence Generative Adversarial Nets with Policy Gradient", AAAI 2017,
section 4. Its weights are standard normal numbers. Published values are those of one oracle, the
authors' file; of another oracle no value compares.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.vocabulary import START

GATES = ("i", "f", "og", "c")
"""Names of the LSTM's gates in the authors' file: input, forget, output, and the new memory."""

BLOCK = 512
"""Sentences that are computed at once: every number is another executable."""


@dataclasses.dataclass(frozen=True, eq=False)
class Oracle:
    """A distribution of sequences of tokens.

    Attributes:
      weights: float32 arrays by the names of the authors' file: ``embedding`` ``[v, e]``, for each
        gate ``W`` ``[e, h]``, ``U`` ``[h, h]`` and ``b`` ``[h]``, and ``Wo`` ``[h, v]`` and ``bo``
        ``[v]``.
      sha256: of the weights, hexadecimal.
    """

    weights: Mapping[str, np.ndarray]
    sha256: str

    @property
    def vocabulary(self) -> int:
        """The number of different tokens."""
        return len(self.weights["embedding"])

    def log_probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """The logarithm of each token's probability after those before it, in nats.

        ``[n, length] -> [n, length]``, float32.
        """
        return np.concatenate([_read(self.weights, block) for block in _blocks(tokens)])[
            : len(tokens)
        ]

    def sample(self, seed: int, count: int, length: int) -> np.ndarray:
        """Sequences of tokens, int32 ``[count, length]``; the first ones do not depend on count."""
        keys = jax.random.split(jax.random.key(seed, impl="threefry2x32"), -(-count // BLOCK))
        return np.concatenate([_write(self.weights, key, length) for key in keys])[:count]


def fresh_weights(
    seed: int, vocabulary: int = 5000, embedding: int = 32, hidden: int = 32
) -> dict[str, np.ndarray]:
    """Weights of a new oracle, standard normal as all of the authors' are."""
    shapes = shapes_of(vocabulary, embedding, hidden)
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def shapes_of(vocabulary: int, embedding: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """The shapes of an oracle's weights."""
    shapes: dict[str, tuple[int, ...]] = {"embedding": (vocabulary, embedding)}
    for gate in GATES:
        shapes[f"W{gate}"] = (embedding, hidden)
        shapes[f"U{gate}"] = (hidden, hidden)
        shapes[f"b{gate}"] = (hidden,)
    return {**shapes, "Wo": (hidden, vocabulary), "bo": (vocabulary,)}


def read_weights(file: Path) -> dict[str, np.ndarray]:
    """The weights in an npz file.

    Raises:
      UserError: it cannot be read, or its arrays are not those of an oracle.
    """
    try:
        with file.open("rb") as content, np.load(content, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise UserError(f"There is no oracle {file}. Check its path after oracle:.") from error
    except Exception as error:  # whatever NumPy and zipfile raise at a damaged file
        raise UserError(f"{file} is no npz file of arrays that can be read.") from error
    sizes = [np.shape(found.get(name, ())) for name in ("embedding", "bi")]
    wanted = shapes_of(*sizes[0], *sizes[1]) if [len(size) for size in sizes] == [2, 1] else {}
    real = all(np.issubdtype(array.dtype, np.floating) for array in found.values())
    shapes = {name: np.shape(array) for name, array in found.items()}
    if (
        not wanted
        or not real
        or shapes != wanted
        or min(shapes["Wi"]) < 1
        or shapes["embedding"][0] < 2
    ):
        raise UserError(
            f"{file} holds no oracle: it needs the arrays {', '.join(shapes_of(0, 0, 0))} of "
            "floating-point numbers, of shapes that fit each other."
        )
    weights = {name: np.ascontiguousarray(found[name], np.float32) for name in wanted}
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise UserError(f"{file}: its weights are not all finite numbers.")
    return weights


def _blocks(tokens: np.ndarray):
    """The rows in blocks of one size; the last one is filled up."""
    for start in range(0, len(tokens), BLOCK):
        block = tokens[start : start + BLOCK]
        yield np.pad(block, ((0, BLOCK - len(block)), (0, 0)))


def step(weights: Mapping[str, jax.Array], state: tuple[jax.Array, jax.Array], token: jax.Array):
    """The LSTM after one more token: its state, and the logits of the next one.

    Args:
      weights: see ``Oracle``.
      state: hidden state and memory, each ``[n, hidden]``.
      token: integers ``[n]``.
    """
    hidden, memory = state
    x = weights["embedding"][token]
    i, f, o, c = (
        x @ weights[f"W{gate}"] + hidden @ weights[f"U{gate}"] + weights[f"b{gate}"]
        for gate in GATES
    )
    memory = jax.nn.sigmoid(f) * memory + jax.nn.sigmoid(i) * jnp.tanh(c)
    hidden = jax.nn.sigmoid(o) * jnp.tanh(memory)
    return (hidden, memory), hidden @ weights["Wo"] + weights["bo"]


def _start(weights: Mapping[str, jax.Array], count: int) -> tuple[jax.Array, jax.Array]:
    nothing = jnp.zeros((count, weights["bi"].shape[0]))
    return nothing, nothing


@jax.jit
def _read(weights, tokens):
    def one(state, pair):
        before, token = pair
        state, logits = step(weights, state, before)
        return state, jnp.take_along_axis(jax.nn.log_softmax(logits), token[:, None], 1)[:, 0]

    before = jnp.pad(tokens[:, :-1], ((0, 0), (1, 0)), constant_values=START)
    with jax.default_matmul_precision("float32"):
        found = jax.lax.scan(one, _start(weights, len(tokens)), (before.T, tokens.T))[1]
    return found.T


@partial(jax.jit, static_argnums=2)
def _write(weights, key, length):
    def one(state, key):
        lstm, token = state
        lstm, logits = step(weights, lstm, token)
        token = jax.random.categorical(key, logits).astype(jnp.int32)
        return (lstm, token), token

    first = jnp.full((BLOCK,), START, jnp.int32)
    with jax.default_matmul_precision("float32"):
        keys = jax.random.split(key, length)
        found = jax.lax.scan(one, (_start(weights, BLOCK), first), keys)[1]
    return found.T
