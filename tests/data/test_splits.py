"""The rows of a split, of arrays that are at hand."""

import numpy as np
import pytest

from jaxgan.data.splits import rows_of
from jaxgan.errors import UserError

SPLITS = {
    "train": {"signal": np.arange(8).reshape(4, 2), "label": np.arange(4)},
    "test": {"signal": np.arange(10, 14).reshape(2, 2)},
    "wide": {"signal": np.zeros((2, 3))},
}


def test_parts_are_joined_in_their_order_with_the_keys_that_all_have():
    half = rows_of("train[:50%]", SPLITS)
    assert {key: rows.tolist() for key, rows in half.items()} == {
        "signal": [[0, 1], [2, 3]],
        "label": [0, 1],
    }
    both = rows_of("test+train[3:]", SPLITS)
    assert {key: rows.tolist() for key, rows in both.items()} == {
        "signal": [[10, 11], [12, 13], [6, 7]]
    }


def test_what_is_no_split_is_refused():
    with pytest.raises(UserError, match=r"no split valid\. Choose among test, train, wide"):
        rows_of("valid", SPLITS)
    with pytest.raises(UserError, match=r"train\+wide joins samples of different shapes"):
        rows_of("train+wide", SPLITS)
