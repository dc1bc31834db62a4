import dataclasses

import numpy as np
import pytest

from jaxgan.data.modality import IMAGES
from jaxgan.data.source import Source, digest, from_arrays, read_all
from jaxgan.errors import UserError

RNG = np.random.default_rng(0)
PAIRS = {
    "source": RNG.integers(0, 256, (70, 80, 70, 3), dtype=np.uint8),
    "target": RNG.normal(size=(70, 80, 70, 1)).astype(np.float32),
}
TOKENS = {"tokens": RNG.integers(0, 9, (11, 6)).astype(np.int32), "length": np.arange(11)}


def pairs(split, rows):
    return from_arrays("pairs", split, rows, modality=dataclasses.replace(IMAGES, key="source"))


def tokens(split, rows):
    return from_arrays("tokens", split, rows, modality=dataclasses.replace(IMAGES, key="tokens"))


def test_rows_without_what_is_generated_are_refused():
    with pytest.raises(UserError, match=r"^The rows of made have no image, only tokens, length;"):
        from_arrays("made", "train", TOKENS)


@pytest.mark.parametrize("rows, made", [(PAIRS, pairs), (TOKENS, tokens)])
def test_any_keys_and_dtypes_are_kept(rows, made):
    source = made("train", rows)
    assert source.size == len(next(iter(rows.values())))
    for found in (source.arrays(), source.read(np.array([3, 3, 0]))):
        assert list(found) == list(rows)
        assert all(found[key].dtype == rows[key].dtype for key in rows)
    for key, row in source.spec.items():
        assert (row.shape, row.dtype) == (rows[key].shape[1:], rows[key].dtype)
        np.testing.assert_array_equal(source.arrays()[key], rows[key])
    assert source.nbytes == sum(values.nbytes for values in rows.values())
    assert source.classes is None
    first = next(iter(rows.values()))
    assert (source.shape, source.dtype) == (first.shape[1:], first.dtype)


def test_the_threads_read_what_one_does():
    """Samples this large are read in blocks by several threads."""
    made = pairs("train", PAIRS)
    source = Source("made", "train", made.size, made.shape, made.read, "00")
    assert digest(read_all(source)) == digest(PAIRS) == made.fingerprint


def test_the_fingerprint_is_of_the_content():
    changed = {key: values.copy() for key, values in TOKENS.items()}
    changed["tokens"][10, 5] += 1
    prints = {tokens("train", rows).fingerprint for rows in (TOKENS, changed)}
    assert len(prints) == 2
    assert tokens("test", TOKENS).fingerprint in prints


def test_an_array_inside_a_list_is_hashed_whole():
    one, two = np.arange(5000), np.arange(5000)
    two[2500] = 0
    assert digest(["a", one]) != digest(["a", two])
    assert digest(["a", one]) == digest(["a", one.copy()])
