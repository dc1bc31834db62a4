"""What is kept between evaluations, and when it is not trusted."""

import logging

import numpy as np
import pytest

from jaxgan.evaluation import cache

KEY = {"images": "abc", "extractor": "net", "kept": True}
ARRAYS = {"features": np.arange(12, dtype=np.float32).reshape(3, 4), "logits": np.ones((3, 2))}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Asks the cache; returns how often the arrays have been made."""
    monkeypatch.setenv("JAXGAN_CACHE_DIR", str(tmp_path / "cache"))
    calls = []

    def make():
        calls.append(1)
        return {name: array.copy() for name, array in ARRAYS.items()}

    def ask(key=KEY):
        found = cache.cached("features", key, make)
        assert set(found) == set(ARRAYS)
        for name, array in ARRAYS.items():
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)
        return len(calls)

    return ask


def entry():
    (path,) = cache.cache_folder().iterdir()
    return path


def test_arrays_are_made_once(made):
    assert [made(), made(), made()] == [1, 1, 1]


@pytest.mark.parametrize("name", KEY)
def test_another_key_is_another_entry(name, made):
    assert made() == 1
    assert made(KEY | {name: "other"}) == 2
    assert made() == 2


def test_every_flipped_byte_is_noticed(made, caplog):
    made()
    whole = entry().read_bytes()
    calls = 1
    for place in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        entry().write_bytes(damaged)
        with caplog.at_level(logging.WARNING, "jaxgan"):
            calls += 1
            assert made() == calls, f"byte {place} of {len(whole)}"
    assert "it is computed again" in caplog.text


@pytest.mark.parametrize("size", [0, 1, 7, 100, -1])
def test_a_cut_off_file_is_noticed(size, made):
    made()
    entry().write_bytes(entry().read_bytes()[:size])
    assert [made(), made()] == [2, 2]


def test_an_entry_of_another_key_is_noticed(made):
    """A file that was copied over another."""
    made()
    mine = entry()
    content = mine.read_bytes()
    mine.unlink()
    other = KEY | {"images": "other"}
    assert made(other) == 2
    entry().write_bytes(content)
    assert made(other) == 3


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, made, caplog):
    (tmp_path / "cache").write_text("a file")
    with caplog.at_level(logging.WARNING, "jaxgan"):
        assert [made(), made()] == [1, 2]
    assert "cannot be kept" in caplog.text
