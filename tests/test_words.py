"""A word that is none of those that there are is answered by the nearest, or by where they are."""

import pytest

from jaxgan.errors import UserError, one_of

WORDS = ("ring", "grid")


@pytest.mark.parametrize(
    "word, listed, expected",
    [
        ("Rnig", "", "No data set Rnig; did you mean ring?"),
        ("Rnig", "--list shows all.", "No data set Rnig; did you mean ring?"),
        ("zzz", "", "No data set zzz; use ring, grid."),
        ("zzz", "--list shows all.", "No data set zzz; --list shows all."),
    ],
)
def test_an_unknown_word_is_answered(word, listed, expected):
    with pytest.raises(UserError) as raised:
        one_of(word, WORDS, "data set", listed)
    assert str(raised.value) == expected


def test_a_known_word_is_given_back():
    assert one_of("ring", WORDS, "data set") == "ring"
