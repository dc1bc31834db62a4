import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.metrics.inception_score import inception_score


def test_certain_and_even_classes_score_their_number():
    logits = 1000 * np.eye(10)[np.arange(500) % 10]
    found = inception_score(logits, splits=5)
    assert found.mean == pytest.approx(10)
    assert found.deviation == pytest.approx(0, abs=1e-9)


def test_one_class_or_no_idea_scores_one():
    assert inception_score(1000 * np.eye(10)[np.zeros(50, int)]).mean == pytest.approx(1)
    assert inception_score(np.zeros((50, 10))).mean == pytest.approx(1)


def test_a_score_by_hand():
    """p = (3/4, 1/4) and (1/4, 3/4): KL from (1/2, 1/2) is ln 2 - H(1/4)."""
    logits = np.log([[3.0, 1.0], [1.0, 3.0]])
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    expected = np.exp(np.log(2) - entropy)
    assert inception_score(logits, splits=1).mean == pytest.approx(expected)
    assert inception_score(logits + 7, splits=1).mean == pytest.approx(expected)


def test_splits_are_consecutive_and_shuffling_is_seeded():
    logits = 1000 * np.eye(10)[np.arange(500) // 50]  # one class after the other
    np.testing.assert_allclose(inception_score(logits, splits=10).splits, 1)
    shuffled = inception_score(logits, splits=10, shuffle=0)
    assert 8 < shuffled.mean < 10
    assert shuffled.mean == inception_score(logits, splits=10, shuffle=0).mean
    assert len(inception_score(logits[:7], splits=3).splits) == 3


def test_faults_are_refused():
    with pytest.raises(UserError, match="splits"):
        inception_score(np.zeros((5, 3)), splits=10)
    with pytest.raises(UserError, match="logits"):
        inception_score(np.full((50, 3), np.nan))
