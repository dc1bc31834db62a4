"""Scores on disk and in columns."""

import json
import math

import pytest

from jaxgan.errors import UserError
from jaxgan.evaluation.score import (
    FORMAT,
    Score,
    append,
    column,
    columns,
    forget,
    read_scores,
    to_row,
)

PROTOCOL = {
    "metric": "fd",
    "parameters": {"k": 3},
    "extractor": "net-64",
    "weights_sha256": "a" * 64,
    "resize_real": "28x28x1, clean to 64",
    "resize_fake": "28x28x1, clean to 64",
    "quantization": "uint8",
    "matmul_precision": "float32",
    "labels": "none",
    "n_real": 100,
    "n_fake": 100,
    "reference": {"data": "digits", "split": "train", "data_sha256": "b" * 64},
}


def score(value=1.5, step=10, rule="last", **protocol):
    return Score(
        metric="fd",
        title="FD-net",
        better="lower",
        values={"distance": value},
        real_score={"distance": 0.5},
        protocol={**PROTOCOL, **protocol},
        subject={"run": "run", "step": step, "rule": rule},
        details={"counts": [1, 2]},
    )


@pytest.mark.parametrize("value", [1.5, math.inf, -math.inf, 0.1 + 0.2])
def test_a_score_is_read_as_it_was_written(value, tmp_path):
    append(tmp_path / "e.jsonl", [score(value)])
    assert read_scores(tmp_path / "e.jsonl") == [score(value)]
    json.loads((tmp_path / "e.jsonl").read_text(), parse_constant=pytest.fail)


def test_one_that_is_not_a_number_stays_so(tmp_path):
    append(tmp_path / "e.jsonl", [score(math.nan)])
    assert math.isnan(read_scores(tmp_path / "e.jsonl")[0].value)


@pytest.mark.parametrize("name", PROTOCOL)
def test_scores_that_differ_in_anything_are_refused_in_one_column(name):
    changed = {"n_real": 99, "n_fake": 99}.get(name, "other")
    first, second = score(), score(**{name: changed})
    with pytest.raises(UserError, match=r"measured in different ways.*cannot be compared") as error:
        column([first, first, second])
    assert name in str(error.value)
    assert columns([first, second, first]) == [[first, first], [second]]


def test_scores_of_one_protocol_share_a_column_whatever_was_scored():
    both = [score(1.0, step=1), score(2.0, step=2, rule="best")]
    assert column(both) == both
    assert columns(both) == [both]
    assert columns([]) == []


def test_damaged_lines_are_left_out_and_stay_apart(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text('{"format": 2, "metric"\n[]\n{"format": 2}\nnull\n' + "[" * 100_000)
    append(path, [score(2.0)])
    assert [one.value for one in read_scores(path)] == [2.0]
    assert read_scores(tmp_path / "none.jsonl") == []


@pytest.mark.parametrize(
    "part, wrong",
    [
        ("protocol", 5),
        ("subject", [1]),
        ("subject", {"step": "x"}),
        ("values", {}),
        ("values", {"distance": "far"}),
        ("real_score", None),
        ("details", "text"),
        ("title", 3),
    ],
)
def test_a_row_of_other_types_is_left_out(part, wrong, tmp_path):
    row = json.loads(to_row(score())) | {part: wrong}
    (tmp_path / "e.jsonl").write_text(json.dumps(row) + "\n" + to_row(score(3.0)))
    assert [one.value for one in read_scores(tmp_path / "e.jsonl")] == [3.0]


def test_a_newer_row_is_refused(tmp_path):
    row = json.loads(to_row(score())) | {"format": FORMAT + 1, "more": 1}
    (tmp_path / "e.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=r"e\.jsonl: .*newer jaxgan"):
        read_scores(tmp_path / "e.jsonl")


def test_a_row_that_does_not_say_how_samples_were_drawn_is_refused(tmp_path):
    row = json.loads(to_row(score())) | {"format": 1}
    row["floor"] = row.pop("real_score")
    (tmp_path / "e.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(UserError, match=r"e\.jsonl: .*format 1 of an older.*evaluate again"):
        read_scores(tmp_path / "e.jsonl")


def test_only_later_rows_of_the_training_itself_go(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text("damaged\n")
    kept = [score(1.0, 10, "training"), score(2.0, 20, "last")]
    append(path, [kept[0], score(9.0, 11, "training"), kept[1], score(9.0, 20, "training")])
    forget(path, 10, "training")
    assert read_scores(path) == kept
    assert path.read_text().startswith("damaged\n")
    forget(tmp_path / "none.jsonl", 0, "training")
    assert not (tmp_path / "none.jsonl").exists()


def test_controls_are_those_of_the_metric_or_of_rows_that_were_written_before():
    def controls(values, details):
        return Score("hole", "", "lower", values, {}, {}, {}, details=details).controls

    assert controls({"l1": 1.0}, {}) == {}
    assert controls({"l1": 1.0}, {"controls": {"the mean color": {"l1": "inf"}}}) == {
        "the mean color": {"l1": math.inf}  # as a line of JSON has it
    }
    assert controls({"mean": 1.0}, {"unchanged": {"mean": 3.0}}) == {
        "the sources unchanged": {"mean": 3.0}
    }
    values = {"l1": 1.0, "psnr": 9.0, "mean_color_l1": 2.0, "mean_color_psnr": 8.0}
    assert controls({**values, "nearest_border_l1": 4.0}, {}) == {
        "the mean color": {"l1": 2.0, "psnr": 8.0},
        "the nearest border": {"l1": 4.0},
    }
