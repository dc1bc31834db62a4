"""Text files as rows of tokens."""

import numpy as np
import pytest

from jaxgan.data.open import absolute, open_source
from jaxgan.errors import UserError
from jaxgan.viz.text import drawable, lines, squares
from jaxgan.vocabulary import Vocabulary


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "poem.txt"
    path.write_text("\n".join(["The cat sat.", "", "the dog, the cat", "A dog sat"] * 10), "utf-8")
    return path


def test_words_are_numbered_by_how_often_they_stand_in_train(file):
    train, test = (open_source(f"text:{file}", split) for split in ("train", "test"))
    words = train.modality.vocabulary
    assert words.words[:2] == ("", "the")
    assert words.size == len(words.words) == 8  # with END: , . a cat dog sat the
    assert train.shape == (5,)
    assert test.shape == (5,)
    assert train.size + test.size == 30
    rows = train.read(np.arange(3))["tokens"]
    assert rows.dtype == np.int32
    assert words.sentences(rows) == ["the cat sat .", "the dog , the cat", "a dog sat"]
    assert rows[2, 3:].tolist() == [0, 0]
    assert train.name == "text:poem.txt"
    assert train.fingerprint != test.fingerprint


def test_longer_sentences_are_left_out(file):
    assert open_source(f"text:4:{file}", "train").shape == (4,)
    assert open_source(f"text:4:{file}", "train").size < open_source(f"text:{file}", "train").size


def test_characters_are_tokens_where_there_are_no_spaces(tmp_path):
    file = tmp_path / "quatrains.txt"
    file.write_text("白日依山盡\n黃河入海流\n欲窮千里目\n更上一層樓\n", "utf-8")
    source = open_source(f"characters:{file}")
    words = source.modality.vocabulary
    assert source.shape == (5,)
    assert words.size == 21
    assert words.sentences(source.arrays()["tokens"])[1] == "黃河入海流"
    assert not drawable(frozenset("".join(words.words)))
    picture = source.modality.preview(source.arrays()["tokens"], None, None)
    assert picture.shape == (4 * 12, 5 * 12, 3)
    assert picture.dtype == np.uint8
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 20


def test_sentences_are_drawn():
    assert drawable(frozenset("any word, ’"))
    short, long = lines(["one"]), lines(["one", "and another one"])
    assert short.shape[1] < long.shape[1]
    assert short.shape[0] < long.shape[0]
    assert short.min() == 0
    assert short.max() == 255
    np.testing.assert_array_equal(
        squares(np.array([[1, 1]]), 3)[:12, :12], squares(np.array([[1]]), 3)
    )


def test_a_sentence_ends_at_its_end():
    words = Vocabulary(3, ("", "a", "b"))
    assert words.sentence(np.array([1, 2, 0, 1])) == "a b"
    assert words.sentence(np.array([0, 1])) == ""
    assert Vocabulary(3).sentence(np.array([2, 0, 1])) == "2 0 1"


def test_paths_become_absolute(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert absolute("text:4:poem.txt") == f"text:4:{file}"
    assert absolute("characters:poem.txt") == f"characters:{file}"
    assert absolute("oracle:9:w.npz") == f"oracle:9:{file.parent}/w.npz"
    assert absolute("oracle:3") == "oracle:3"


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "cannot be read"),
        (b"", "fewer than two sentences"),
        (b"one\ntwo\n", "fewer than two sentences"),
        (b"\xff\xfe\x00d", "no text in UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(tmp_path, content, message):
    file = tmp_path / "some.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        open_source(f"text:{file}")
    assert "\n" not in str(error.value)


def test_sizes_of_pictures_are_refused(file):
    with pytest.raises(UserError, match="consists of sentences"):
        open_source(f"text:{file}", resolution=32)
