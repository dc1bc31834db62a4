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
from jaxgan.vocabulary import Vocabulary


class Given:
    """Samples as a metric sees them: an array of tokens."""

    def __init__(self, rows, words=False, generator=None):
        self.rows, self.generator = np.asarray(rows, np.int32), generator
        self.name, self.count = "given", len(rows)
        self.vocabulary = Vocabulary(100, tuple(map(str, range(100))) if words else ())

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
    with pytest.raises(UserError, match="oracle of given is not known"):
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


def test_bleu_is_a_mean_over_sentences_that_end_at_their_end():
    real = Given([[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 0, 0]], words=True)
    # What stands after an end is no part of a sentence.
    made = Given([[1, 2, 3, 4, 5, 6], [7, 8, 0, 9, 1, 2]], words=True)
    training = Given([[5, 5, 5, 5, 5, 5]], words=True)
    found = bleu.METRIC.compute(Comparison(training, made, held_out=real))[0]
    assert found["bleu2"] == pytest.approx((1 + np.exp(1 - 3 / 2)) / 2)
    assert bleu.METRIC.of_real(Comparison(training, made, held_out=real))["bleu2"] < 0.5
    numbers = Comparison(training, Given(made.rows), held_out=Given(real.rows))
    assert bleu.METRIC.compute(numbers)[0]["bleu2"] != found["bleu2"]  # 0 is a token like others
    nothing = Given([[0, 1, 2, 3, 4, 5]], words=True)
    empty = bleu.METRIC.compute(Comparison(training, nothing, held_out=real))[0]
    assert empty["bleu2"] == 0


def test_bleu_looks_at_sentences_from_everywhere():
    rows = np.arange(4000).reshape(2000, 2) % 100
    picked = bleu.sentences(Given(rows), 1000)
    places = {tuple(row): place for place, row in enumerate(np.arange(4000).reshape(2000, 2))}
    drawn = bleu.sentences(Given(np.arange(4000).reshape(2000, 2)), 1000)
    assert max(places[tuple(row)] for row in drawn) > 1900
    assert len({tuple(row) for row in drawn}) == 1000
    assert drawn == bleu.sentences(Given(np.arange(4000).reshape(2000, 2)), 1000)
    assert len(picked) == 1000


def test_self_bleu_leaves_a_sentence_out_and_looks_at_as_many_as_are_real():
    rows = np.arange(18).reshape(3, 6)
    apart = self_bleu.METRIC.compute(Comparison(Given(rows), Given(rows)))[0]
    alike = self_bleu.METRIC.compute(Comparison(Given(rows), Given(rows[[0, 0, 1]])))[0]
    assert apart["self_bleu2"] < 0.1
    assert alike["self_bleu2"] == pytest.approx((2 + apart["self_bleu2"]) / 3, rel=1e-6)
    few = Comparison(Given(rows), Given(rows), held_out=Given(rows[:2]))
    assert self_bleu.METRIC.parameters(few)["references"] == 1


def test_the_edit_distance_is_nltk_s():
    from nltk import edit_distance

    random = np.random.default_rng(0)
    others, lengths = random.integers(1, 4, (20, 7)), random.integers(0, 8, 20)
    for row, length in zip(others, lengths, strict=True):
        row[length:] = 0
    for sentence in ([1, 2, 3], [3, 3, 1, 2, 2, 1, 1], []):
        expected = [
            edit_distance(sentence, list(o[:n])) for o, n in zip(others, lengths, strict=True)
        ]
        np.testing.assert_array_equal(edit_distances(sentence, others, lengths), expected)
    shifted = edit_distances([2, 3, 4], np.array([[1, 2, 3, 4, 0]]), np.array([4]))
    assert shifted[0] == 1
