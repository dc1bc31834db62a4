"""Scores of text: likelihoods and BLEU by hand, and the distance of sentences."""

import dataclasses

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics import bleu, nll_gen, nll_oracle, self_bleu
from jaxgan.metrics.bleu import sentence_bleu
from jaxgan.metrics.edit_distance import edit_distances
from jaxgan.metrics.metric import Comparison
from jaxgan.oracle import Oracle, fresh_weights


class Given:
    """Samples as a metric sees them: an array of tokens."""

    def __init__(self, rows, words=False, generator=None):
        self.rows, self.words, self.generator = np.asarray(rows, np.int32), words, generator
        self.name, self.count = "given", len(rows)

    def array(self):
        return self.rows


class Coin:
    """A generator of tokens that are 0 or 1."""

    def log_probabilities(self, tokens):
        return np.log(np.where(tokens == 1, 0.25, 0.75)).astype(np.float32)


def test_nll_oracle_is_the_mean_over_all_tokens():
    oracle = Oracle(fresh_weights(0, 6, 2, 3), "known")
    rows = [[1, 2, 3], [5, 5, 0]]
    found = nll_oracle.METRIC.compute(Comparison(Given(rows), Given(rows), oracle=oracle))[0]
    assert found["nll"] == pytest.approx(-oracle.log_probabilities(np.array(rows)).mean(), rel=1e-6)
    comparison = Comparison(Given(rows), Given(rows), oracle=oracle)
    assert nll_oracle.METRIC.parameters(comparison) == {"oracle_sha256": "known", "vocabulary": 6}


def test_nll_oracle_needs_an_oracle_that_knows_the_tokens():
    rows = Given([[1, 7]])
    with pytest.raises(UserError, match="has no oracle"):
        nll_oracle.METRIC.compute(Comparison(rows, rows))
    oracle = Oracle(fresh_weights(0, 6, 2, 3), "")
    with pytest.raises(UserError, match="does not know"):
        nll_oracle.METRIC.compute(Comparison(rows, rows, oracle=oracle))


def test_nll_gen_is_of_held_out_sentences_under_the_generator():
    made = Given([[0, 0]], generator=Coin())
    comparison = Comparison(Given([[1, 1]]), made, held_out=Given([[0, 1], [0, 0]]))
    found = nll_gen.METRIC.compute(comparison)[0]["nll"]
    assert found == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4, rel=1e-6)
    assert "controls" not in nll_gen.METRIC.compute(comparison)[1]
    oracle = Oracle(fresh_weights(0, 6, 2, 3), "known")
    known = dataclasses.replace(comparison, oracle=oracle)
    expected = -oracle.log_probabilities(np.array([[0, 1], [0, 0]])).mean()
    beside = nll_gen.METRIC.compute(known)[1]["controls"]["the oracle itself"]["nll"]
    assert beside == pytest.approx(expected, rel=1e-6)
    with pytest.raises(UserError, match="score a run"):
        nll_gen.METRIC.compute(Comparison(Given([[1]]), Given([[1]]), held_out=Given([[1]])))


def test_bleu_by_hand():
    # Of six words five stand in the reference; of five pairs four, of four triples three, ...
    found = sentence_bleu([1, 2, 3, 4, 5, 9], [[1, 2, 3, 4, 5, 6]])
    shares = np.array([5 / 6, 4 / 5, 3 / 4, 2 / 3, 1 / 2])
    expected = [np.exp(np.log(shares[:order]).mean()) for order in (2, 3, 4, 5)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_bleu_clips_repeated_words_and_punishes_short_sentences():
    # The two words stand once in a reference; no pair does, which the smoothing makes 0.1 of one.
    found = sentence_bleu([1, 1], [[1, 2, 3, 4]])
    assert found[0] == pytest.approx(np.sqrt(0.5 * 0.1) * np.exp(1 - 4 / 2))
    np.testing.assert_allclose(sentence_bleu([1, 2, 3, 4, 5], [[7], [1, 2, 3, 4, 5]]), 1)


def test_bleu_is_a_mean_over_sentences_without_what_fills_rows():
    real = Given([[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 0, 0]], words=True)
    made = Given([[1, 2, 3, 4, 5, 6], [7, 8, 0, 0, 0, 0]], words=True)
    found = bleu.METRIC.compute(Comparison(real, made))[0]
    assert found["bleu2"] == pytest.approx((1 + np.exp(1 - 3 / 2)) / 2)
    numbers = bleu.METRIC.compute(Comparison(Given(real.rows), Given(made.rows)))[0]
    assert numbers["bleu2"] > found["bleu2"]  # where 0 is a token like any other


def test_self_bleu_leaves_a_sentence_out_of_its_references():
    rows = np.arange(18).reshape(3, 6)
    apart = self_bleu.METRIC.compute(Comparison(Given(rows), Given(rows)))[0]
    alike = self_bleu.METRIC.compute(Comparison(Given(rows), Given(rows[[0, 0, 1]])))[0]
    assert apart["self_bleu2"] < 0.1
    assert alike["self_bleu2"] == pytest.approx((2 + apart["self_bleu2"]) / 3, rel=1e-6)


def test_the_edit_distance_is_nltk_s():
    from nltk import edit_distance

    random = np.random.default_rng(0)
    sentence, others = random.integers(0, 4, 7), random.integers(0, 4, (20, 7))
    expected = [edit_distance(list(sentence), list(other)) for other in others]
    np.testing.assert_array_equal(edit_distances(sentence, others), expected)
    assert edit_distances(sentence, sentence[None])[0] == 0
