import dataclasses

import numpy as np
import pytest

from jaxgan.data.modality import IMAGES, POINTS
from jaxgan.data.source import Source, digest, from_arrays, read_all
from jaxgan.errors import UserError

RNG = np.random.default_rng(0)
PAIRS = {
    "source": RNG.integers(0, 256, (70, 80, 70, 3), dtype=np.uint8),
    "target": RNG.normal(size=(70, 80, 70, 1)).astype(np.float32),
}
TOKENS = {"tokens": RNG.integers(0, 9, (11, 6)).astype(np.int32), "length": np.arange(11)}
OF_PAIRS = dataclasses.replace(IMAGES, name="pairs", key="target")
OF_TOKENS = dataclasses.replace(POINTS, name="tokens", key="tokens", dtype=np.int32)


@pytest.mark.parametrize("rows, modality", [(PAIRS, OF_PAIRS), (TOKENS, OF_TOKENS)])
def test_any_keys_and_dtypes_are_kept(rows, modality):
    source = from_arrays("made", "train", rows, modality=modality)
    assert source.size == len(next(iter(rows.values())))
    for found in (source.arrays(), source.read(np.array([3, 3, 0]))):
        assert list(found) == list(rows)
        assert all(found[key].dtype == rows[key].dtype for key in rows)
    for key, row in source.spec.items():
        assert (row.shape, row.dtype) == (rows[key].shape[1:], rows[key].dtype)
        np.testing.assert_array_equal(source.arrays()[key], rows[key])
    assert source.nbytes == sum(values.nbytes for values in rows.values())
    assert source.classes is None
    sample = rows[modality.key]
    assert (source.shape, source.dtype) == (sample.shape[1:], sample.dtype)
    assert source.modality is modality


def test_rows_without_the_key_of_their_modality_are_refused():
    with pytest.raises(UserError, match=r"has no image; .* source, target"):
        from_arrays("made", "train", PAIRS)
    with pytest.raises(UserError, match=r"has no tokens; .* source, target"):
        from_arrays("made", "train", PAIRS, modality=OF_TOKENS)


def test_the_threads_read_what_one_does():
    """Samples this large are read in blocks by several threads."""
    made = from_arrays("made", "train", PAIRS, modality=OF_PAIRS)
    source = Source("made", "train", made.size, made.shape, made.read, "00")
    assert digest(read_all(source)) == digest(PAIRS) == made.fingerprint


def test_the_fingerprint_is_of_the_content():
    changed = {key: values.copy() for key, values in TOKENS.items()}
    changed["tokens"][10, 5] += 1

    def fingerprint(rows, name="made", split="train"):
        return from_arrays(name, split, rows, modality=OF_TOKENS).fingerprint

    assert fingerprint(TOKENS) != fingerprint(changed)
    assert fingerprint(TOKENS) == fingerprint(TOKENS, "other", "test")


def test_an_array_inside_a_list_is_hashed_whole():
    one, two = np.arange(5000), np.arange(5000)
    two[2500] = 0
    assert digest(["a", one]) != digest(["a", two])
    assert digest(["a", one]) == digest(["a", one.copy()])
