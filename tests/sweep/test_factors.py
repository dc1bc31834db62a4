"""What ``--seeds``, ``--grid`` and ``--random`` mean."""

import re

import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.sweep.factors import distribution, parse_grid, parse_random, parse_seeds, points


def test_seeds_are_ranges_and_numbers():
    assert parse_seeds("0:3") == (0, 1, 2)
    assert parse_seeds("5") == (5,)
    assert parse_seeds("0:2, 7,9:11") == (0, 1, 7, 9, 10)


@pytest.mark.parametrize("text", ["", "a", "3:3", "4:2", "-1", "0:2,1", "1.5", "0:99999999999"])
def test_seeds_that_are_none(text):
    with pytest.raises(UserError, match=re.escape(f"--seeds {text}: ")):
        parse_seeds(text)


def test_a_grid_has_the_words_of_every_value():
    assert parse_grid(["r1=0,0.1", "hidden=128 128,64"]) == {
        "r1": [("0",), ("0.1",)],
        "hidden": [("128", "128"), ("64",)],
    }
    assert parse_grid(["--learning-rate=1e-4"]) == {"learning_rate": [("1e-4",)]}


@pytest.mark.parametrize(
    "texts, fault",
    [
        (["r1"], "give a flag and its values, e.g. learning_rate="),
        (["r1="], "give a flag and its values"),
        (["=1"], "give a flag and its values"),
        (["r1=0,,1"], "a value is empty"),
        (["r1=0", "r1=1"], "r1 is named twice"),
    ],
)
def test_a_grid_that_is_none(texts, fault):
    with pytest.raises(UserError, match=re.escape(f"--grid {texts[-1]}: {fault}")):
        parse_grid(texts)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("uniform(-1,1)", ["-1", "-0.5", "0", "0.5"]),
        ("loguniform(1e-2,1e2)", ["0.01", "0.1", "1", "10"]),
        ("int(1,4)", ["1", "2", "3", "4"]),
        ("int(-1,0)", ["-1", "-1", "0", "0"]),
        ("choice(a,b)", ["a", "a", "b", "b"]),
        ("uniform(0,1)x7", ["0", "0.25", "0.5", "0.75"]),
    ],
)
def test_quantiles_of_a_distribution_by_hand(text, expected):
    assert distribution(text).draw(np.array([0.0, 0.25, 0.5, 0.75])) == expected


def test_a_value_has_four_digits_and_stays_within_its_ends():
    assert distribution("uniform(0,3)").draw(np.array([1 / 3.1])) == ["0.9677"]
    assert distribution("uniform(0.12344,0.12346)").draw(np.array([0.0])) == ["0.12344"]


@pytest.mark.parametrize(
    "text, fault",
    [
        ("1e-3", "give e.g. loguniform(1e-3,10)x20"),
        ("uniform(1)", "two numbers are needed"),
        ("uniform(a,b)", "two numbers are needed"),
        ("uniform(2,1)", "the second number must be above the first"),
        ("uniform(0,inf)", "both finite"),
        ("loguniform(0,1)", "must be above 0"),
        ("int(0.5,2)", "two numbers are needed"),
        ("choice(a)", "at least two values"),
        ("uniform(0,1)x0", "draw 1 to"),
    ],
)
def test_a_distribution_that_is_none(text, fault):
    with pytest.raises(UserError, match=re.escape(fault)):
        distribution(text)


def test_an_unknown_distribution_is_answered_by_the_nearest():
    with pytest.raises(UserError, match="No distribution uniforn; did you mean uniform"):
        distribution("uniforn(0,1)x3")


def test_the_first_points_are_the_same_however_many_are_drawn():
    def drawn(count, seed=0):
        return points({"a": f"uniform(0,1)x{count}", "b": "int(0,9)"}, seed)

    assert len(drawn(5)) == 5
    assert drawn(20)[:5] == drawn(5)
    assert drawn(5) == drawn(5)
    assert drawn(5, seed=1) != drawn(5)


def test_points_cover_every_stretch_once():
    """Of 16 points of a Sobol sequence, one lies in each sixteenth, in every dimension."""
    found = points({"a": "int(0,15)x16", "b": "int(0,15)"}, 3)
    for name in "ab":
        assert sorted(int(point[name]) for point in found) == list(range(16))


def test_flags_that_are_drawn_together_agree_on_a_number():
    with pytest.raises(UserError, match="draw 3 and 4 values"):
        points({"a": "uniform(0,1)x3", "b": "uniform(0,1)x4"}, 0)
    with pytest.raises(UserError, match="no number"):
        points({"a": "uniform(0,1)"}, 0)
    assert points({}, 0) == [{}]
    assert parse_random(["a=uniform(0,1)x3"]) == {"a": "uniform(0,1)x3"}
