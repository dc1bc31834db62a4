"""Generators of text and their discriminators: sizes, loops by hand, and what is drawn."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.nets import relgan, seqgan
from jaxgan.nn.memory import RelationalMemory
from nets.counting import outline

MANY = jax.random.normal(jax.random.key(5), (8000, 2))
"""Latents."""
V, T = 7, 4


@pytest.mark.parametrize(
    "module, inputs, count",
    [
        (seqgan.generator(5000, 20), jnp.zeros((1, 2)), 333_320),
        (seqgan.Discriminator(5000), jnp.zeros((1, 20), jnp.int32), 7_045_402),
        (relgan.generator(5000, 20), jnp.zeros((1, 2)), 5_107_336),
        (relgan.Discriminator(), jnp.zeros((1, 20, 5000)), 3_325_601),
    ],
)
def test_networks_have_the_sizes_of_the_authors(module, inputs, count):
    assert outline(module, inputs)[0] == count


class Model:
    """A generator and its weights; its programs, each compiled once: for ``MANY`` latents.

    Attributes:
      write: ``(latents, temperature) -> Written``, of hard tokens where the temperature is None.
      likely: log-probabilities of all sequences ``[V, V, V, V, T]``.
    """

    def __init__(self, network):
        self.network = network
        variables = jax.jit(network.init)(jax.random.key(0), MANY[:1])
        # Far from uniform, so that a mistake is seen.
        self.variables = jax.tree.map(lambda leaf: 4 * leaf, variables)
        self.write = jax.jit(
            lambda latents, temperature=None: network.apply(
                self.variables, latents, temperature=temperature
            )
        )
        grid = jnp.stack(jnp.meshgrid(*[jnp.arange(V)] * T, indexing="ij"), -1).reshape(-1, T)
        read = jax.jit(lambda tokens: network.apply(self.variables, None, tokens))(grid)
        np.testing.assert_array_equal(read.tokens, grid)
        self.likely = np.asarray(read.log_probabilities).reshape(*[V] * T, T)

    def read(self, tokens):
        """Log-probabilities of sequences, ``[rows, T]``."""
        return self.likely[tuple(np.asarray(tokens).T)]


@pytest.fixture(scope="module", params=["lstm", "memory"])
def model(request):
    if request.param == "lstm":
        return Model(seqgan.generator(V, T, 3, 5))
    return Model(relgan.generator(V, T, 3, 2, 2, 3))


def test_what_is_written_is_read_with_the_same_probabilities(model):
    written = model.write(MANY)
    np.testing.assert_allclose(
        written.log_probabilities, model.read(written.tokens), rtol=1e-4, atol=1e-5
    )
    assert written.relaxed is None


def test_probabilities_of_all_sequences_sum_to_one(model):
    total = np.exp(model.likely.astype(np.float64).sum(-1)).sum()
    assert total == pytest.approx(1, abs=1e-4)


def test_tokens_are_drawn_as_often_as_they_are_likely(model):
    expected = np.exp(model.likely[:, 0, 0, 0, 0])
    deviation = np.sqrt(expected * (1 - expected) / len(MANY))
    for written in (model.write(MANY), model.write(MANY, jnp.float32(3.0))):
        shares = np.bincount(np.asarray(written.tokens)[:, 0], minlength=V) / len(MANY)
        assert (np.abs(shares - expected) < 4 * deviation).all()


def test_a_prefix_is_kept_and_a_whole_one_is_the_sequence(model):
    latents, tokens = MANY[:6], np.random.default_rng(2).integers(0, V, (6, T))
    given = jnp.array([0, 1, 2, 3, 4, 4])
    written = jax.jit(model.network.apply)(model.variables, latents, jnp.asarray(tokens), given)
    for row, count in enumerate(given):
        np.testing.assert_array_equal(written.tokens[row, :count], tokens[row, :count])
    np.testing.assert_array_equal(written.tokens[0], model.write(MANY).tokens[0])
    np.testing.assert_allclose(
        written.log_probabilities[4:], model.read(tokens[4:]), rtol=1e-4, atol=1e-5
    )


def test_a_sequence_is_its_latent_s_alone(model):
    """Whatever is beside it, and wherever it stands."""
    tokens = np.asarray(model.write(MANY).tokens)
    np.testing.assert_array_equal(model.write(MANY[::-1]).tokens[::-1], tokens)
    others = np.asarray(model.write(MANY.at[1:].add(1.0)).tokens)
    np.testing.assert_array_equal(others[0], tokens[0])
    assert (others != tokens).any()


def test_relaxed_tokens_become_one_hot_or_uniform(model):
    cold, hot = (model.write(MANY, jnp.float32(beta)) for beta in (1e6, 0.0))
    # Where the two largest of 32,000 sums are nearly alike, it is not cold enough.
    np.testing.assert_allclose(cold.relaxed[:6], jax.nn.one_hot(cold.tokens[:6], V), atol=1e-4)
    np.testing.assert_allclose(hot.relaxed, 1 / V, rtol=1e-5)
    np.testing.assert_array_equal(hot.tokens, cold.tokens)
    warm = model.write(MANY, jnp.float32(2.0))
    np.testing.assert_array_equal(warm.relaxed.argmax(-1), hot.tokens)


def test_the_gradient_passes_through_relaxed_tokens(model):
    def spread(variables):
        written = model.network.apply(variables, MANY[:6], temperature=jnp.float32(2.0))
        return jnp.sum(jnp.square(written.relaxed))

    grads = jax.tree.leaves(jax.jit(jax.grad(spread))(model.variables))
    assert all(np.isfinite(leaf).all() for leaf in grads)
    assert any(np.abs(leaf).max() > 0 for leaf in grads)


def test_the_memory_is_a_loop_in_numpy():
    cell, heads, size = RelationalMemory(slots=2, heads=2, head_size=3), 2, 3
    x = np.random.default_rng(0).normal(size=(3, 2, 5)).astype(np.float32)
    x = jnp.asarray(x)
    variables = jax.jit(cell.init)(jax.random.key(0), cell.initial(2), x[0])
    move = jax.jit(cell.apply)
    w = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), variables["params"])
    memory = np.asarray(cell.initial(2), np.float64)
    np.testing.assert_array_equal(memory[0], np.eye(2, 6))
    state = cell.initial(2)

    def dense(name, x):
        return x @ w[name]["kernel"] + w[name].get("bias", 0.0)

    def norm(name, rows):
        deviation = np.sqrt(rows.var() + 1e-12)
        return (rows - rows.mean()) / deviation * w[name]["scale"] + w[name]["bias"]

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for step in x:
        state, output = move(variables, state, step)
        for row in range(2):
            entering = dense("input", np.asarray(step[row], np.float64))
            rows = np.concatenate([memory[row], entering[None]])
            queries = norm("query_norm", dense("queries", rows))
            attended = np.zeros_like(rows)
            for head in range(heads):
                part = queries[:, head * 3 * size : (head + 1) * 3 * size]
                q, k, v = part[:, :size], part[:, size : 2 * size], part[:, 2 * size :]
                scores = np.exp(q @ k.T / np.sqrt(3 * size))
                weights = scores / scores.sum(1, keepdims=True)
                attended[:, head * size : (head + 1) * size] = weights @ v
            rows = norm("attention_norm", rows + attended)
            hidden = np.maximum(dense("perceptron0", rows), 0)
            rows = norm("perceptron_norm", rows + dense("perceptron1", hidden))
            gates = dense("input_gates", entering) + dense("memory_gates", np.tanh(memory[row]))
            enter, keep = sigmoid(gates[:, :6]), sigmoid(gates[:, 6:] + 1.0)
            memory[row] = enter * np.tanh(rows[:2]) + keep * memory[row]
        np.testing.assert_allclose(state, memory, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(output, memory.reshape(2, -1), rtol=1e-4, atol=1e-5)


def test_seqgan_s_discriminator_is_convolutions_by_hand():
    module = seqgan.Discriminator(V, 3, ((1, 2), (3, 2), (9, 5)))  # the widest does not fit
    tokens = jnp.array([[1, 2, 3, 4], [0, 0, 6, 5]])
    variables = jax.jit(module.init)(jax.random.key(0), tokens)
    w = jax.tree.map(np.asarray, variables["params"])
    assert "width9" not in w
    x = w["Embed_0"]["embedding"][np.asarray(tokens)]
    found = []
    for width in (1, 3):
        kernel, bias = w[f"width{width}"]["kernel"], w[f"width{width}"]["bias"]
        windows = np.stack([x[:, at : at + width] for at in range(5 - width)], 1)
        found.append(np.maximum(np.einsum("btwi,wio->bto", windows, kernel) + bias, 0).max(1))
    features = np.concatenate(found, -1)
    highway = w["highway"]
    gate = 1 / (1 + np.exp(-(features @ highway["gate"]["kernel"] + highway["gate"]["bias"])))
    linear = features @ highway["linear"]["kernel"] + highway["linear"]["bias"]
    features = gate * np.maximum(linear, 0) + (1 - gate) * features
    scores = features @ w["scores"]["kernel"] + w["scores"]["bias"]
    np.testing.assert_allclose(
        jax.jit(module.apply)(variables, tokens),
        scores[:, 1] - scores[:, 0],
        rtol=1e-4,
        atol=1e-5,
    )


def test_relgan_s_discriminator_sees_each_embedding_alone():
    module = relgan.Discriminator(embeddings=3, widths=(2, 3), filters=2, hidden=4)
    x = nn.softmax(jax.random.normal(jax.random.key(0), (2, T, V)))
    variables, judge = jax.jit(module.init)(jax.random.key(1), x), jax.jit(module.apply)
    logits = judge(variables, x)
    assert logits.shape == (2, 3)
    other = jax.tree.map(lambda leaf: leaf, variables)
    kernel = other["params"]["embedding"]["kernel"]
    other["params"]["embedding"]["kernel"] = kernel.at[:, 1].add(1.0)
    moved = np.abs(np.asarray(judge(other, x) - logits)).max(0)
    assert moved[1] > 1e-3
    assert moved[0] == moved[2] == 0
