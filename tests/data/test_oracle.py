"""The oracle: its LSTM, its sequences, and the weights that it is read from."""

import os
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxgan.data.open import open_source
from jaxgan.data.source import digest
from jaxgan.errors import UserError
from jaxgan.oracle import GATES, Oracle, fresh_weights, read_weights

VOCABULARY, LENGTH = 11, 5


@pytest.fixture(scope="module")
def oracle():
    weights = fresh_weights(3, VOCABULARY, 4, 6)
    return Oracle(weights, digest(weights))


def test_the_lstm_is_flax_s_own(oracle):
    weights = oracle.weights
    names = dict(zip(GATES, ("i", "f", "o", "g"), strict=True))  # Flax calls the new memory g
    params = {f"i{flax}": {"kernel": weights[f"W{ours}"]} for ours, flax in names.items()}
    params |= {
        f"h{flax}": {"kernel": weights[f"U{ours}"], "bias": weights[f"b{ours}"]}
        for ours, flax in names.items()
    }
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, (3, LENGTH))
    state = jnp.zeros((3, 6)), jnp.zeros((3, 6))
    before, expected = np.zeros(3, int), []
    for token in tokens.T:
        inputs = weights["embedding"][before]
        state, hidden = nn.LSTMCell(6).apply({"params": params}, state, inputs)
        found = jax.nn.log_softmax(hidden @ weights["Wo"] + weights["bo"])
        expected.append(np.asarray(found)[np.arange(3), token])
        before = token
    found = oracle.log_probabilities(tokens)
    np.testing.assert_allclose(found, np.stack(expected, 1), rtol=1e-5, atol=1e-5)


def test_sequences_are_as_frequent_as_it_says(oracle):
    tokens = oracle.sample(0, 5000, 2)
    pairs = np.stack(np.meshgrid(*[np.arange(VOCABULARY)] * 2, indexing="ij"), -1).reshape(-1, 2)
    expected = np.exp(oracle.log_probabilities(pairs).sum(1, dtype=np.float64))
    assert expected.sum() == pytest.approx(1, abs=1e-5)
    counts = np.zeros((VOCABULARY, VOCABULARY))
    np.add.at(counts, tuple(tokens.T), 1)
    deviation = np.sqrt(5000 * expected * (1 - expected)) + 1
    assert np.abs((counts.ravel() - 5000 * expected) / deviation).max() < 4.5


def test_the_first_sequences_do_not_depend_on_the_count(oracle):
    many, few = oracle.sample(1, 600, 3), oracle.sample(1, 10, 3)
    np.testing.assert_array_equal(many[:10], few)
    assert len(np.unique(many[:512], axis=0)) > 100
    assert not np.array_equal(many[512:], many[:88])  # another block, other numbers


def test_data_carry_their_oracle(oracle, tmp_path, data_dir):
    file = tmp_path / "weights.npz"
    np.savez(file, **oracle.weights)
    train, test = (open_source(f"oracle:4:{file}", split) for split in ("train[:100]", "test"))
    assert (train.name, train.shape, train.size) == ("oracle:4:weights.npz", (4,), 100)
    assert train.oracle.sha256 == oracle.sha256
    assert train.modality.vocabulary.size == VOCABULARY
    rows = train.arrays()["tokens"]
    assert rows.dtype == np.int32
    assert rows.min() >= 0
    assert rows.max() < VOCABULARY
    np.testing.assert_array_equal(rows, oracle.sample(2017, 100, 4))
    assert test.size == 10_000
    assert test.fingerprint != train.fingerprint
    again = open_source(f"oracle:4:{file}", "train[:100]")  # kept from the first time
    assert again.fingerprint == train.fingerprint
    drawn = open_source("oracle:5@3x7", "test[:2]")
    assert drawn.shape == (3,)
    assert drawn.oracle.vocabulary == 7


@pytest.mark.parametrize(
    "words, message",
    [
        ("oracle:what", "give oracle, oracle:SEED"),
        ("oracle:0@1", "2 to 200 tokens"),
        ("oracle:missing.npz", "There is no oracle"),
    ],
)
def test_what_names_no_oracle_is_refused(words, message):
    with pytest.raises(UserError, match=message):
        open_source(words)


def test_another_split_is_refused():
    with pytest.raises(UserError, match="no split validation"):
        open_source("oracle", "validation")


@pytest.mark.parametrize("fault", ["bytes", "arrays", "shapes", "infinite", "nothing"])
def test_a_damaged_file_is_refused_in_one_line(oracle, tmp_path, fault):
    file = tmp_path / "weights.npz"
    weights = dict(oracle.weights)
    if fault == "arrays":
        del weights["Wo"]
    if fault == "shapes":
        weights["Uf"] = weights["Uf"][:2]
    if fault == "nothing":
        weights = {}
    if fault == "infinite":
        weights["bo"] = np.full(VOCABULARY, np.inf, np.float32)
    np.savez(file, **weights)
    if fault == "bytes":
        file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(UserError, match=r"oracle|npz|finite") as error:
        read_weights(file)
    assert "\n" not in str(error.value)


@pytest.mark.long
def test_the_authors_oracle_scores_its_own_sequences_as_published():
    """LeakGAN and RelGAN print 5.750 for it; give its file as ``JAXGAN_ORACLE``."""
    file = os.environ.get("JAXGAN_ORACLE", "")
    if not file:
        pytest.skip("JAXGAN_ORACLE names no file with the weights of SeqGAN's oracle")
    weights = read_weights(Path(file))
    oracle = Oracle(weights, digest(weights))
    found = -oracle.log_probabilities(oracle.sample(0, 10_000, 20)).mean()
    assert found == pytest.approx(5.742, abs=0.02)
