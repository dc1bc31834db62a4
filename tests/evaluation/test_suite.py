"""What is said of metrics is read from their declarations."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import tyro

from jaxgan.cli.evaluate import Evaluate
from jaxgan.data import modality, videos
from jaxgan.errors import UserError
from jaxgan.evaluation import suite
from jaxgan.evaluation.found import checked_details, checked_values
from jaxgan.evaluation.ranking import ranked_by
from jaxgan.evaluation.suite import METRICS, markdown_table, metrics_named
from jaxgan.metrics.metric import PICTURES, POINTS, SOUNDS, TOKENS, VIDEOS, Metric

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own():
    return Metric("mine", "", lambda _: ({}, {}), {"a": "lower", "b": ""}, lambda _: "mine")


def test_the_readme_holds_the_table_of_metrics():
    assert markdown_table() in (ROOT / "README.md").read_text()


def test_help_describes_every_metric(capsys):
    with pytest.raises(SystemExit):
        tyro.cli(Evaluate, args=["--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for metric in METRICS.values():
        assert f"{metric.name} ({metric.about})" in said


def test_every_metric_is_declared_in_a_file_of_its_own():
    files = [path for path in (ROOT / "src/jaxgan/metrics").glob("*.py")]
    declared = {path.stem for path in files if "\nMETRIC = Metric(" in path.read_text()}
    named = [file.__name__.rpartition(".")[2] for file in suite.FILES]
    assert sorted(named) == sorted(declared)
    assert len(METRICS) == len(declared), "two metrics have one name"


@pytest.mark.parametrize("name", METRICS)
def test_a_declaration_is_whole(name):
    metric = METRICS[name]
    assert metric.name == name
    assert metric.about
    assert set(metric.values.values()) <= {"lower", "higher", ""}
    assert metric.modalities
    assert metric.modalities <= {*PICTURES, POINTS, SOUNDS, TOKENS, VIDEOS}
    assert (metric.keeps == "features") <= (metric.network == "extractor")


@pytest.mark.parametrize(
    "samples",
    [modality.IMAGES, modality.POINTS, modality.PAIRS, modality.UNPAIRED, videos.VIDEOS],
    ids=lambda one: one.name,
)
@pytest.mark.parametrize("usual", ["metrics", "thorough_metrics"])
def test_the_usual_metrics_fit_their_modality(samples, usual):
    assert all(
        samples.name in metric.modalities for metric in metrics_named(getattr(samples, usual))
    )


def test_metrics_are_named_once():
    assert metrics_named("fd, kid,fd") == (METRICS["fd"], METRICS["kid"])
    with pytest.raises(UserError, match="No metric FD; did you mean fd"):
        metrics_named(["FD"])
    with pytest.raises(UserError, match="No metric is named; use fd"):
        metrics_named(" , ")


def test_metrics_of_an_experiment_are_named_like_others(own):
    assert metrics_named("mine,fd", [own]) == (own, METRICS["fd"])
    assert metrics_named(["fd", own]) == (METRICS["fd"], own)
    with pytest.raises(UserError, match="No metric mine"):
        metrics_named("mine")


def test_values_are_numbers_that_the_metric_declares(own):
    assert checked_values(own, {"a": np.float32(0.5), "b": jnp.ones(())}) == {"a": 0.5, "b": 1.0}
    for values, fault in (
        ({"a": 1.0, "c": 2.0}, r"metric mine returns c, .* \(a, b\)"),
        ({"a": [1.0, 2.0]}, "metric mine returns a as list, which is no number"),
        ({}, "metric mine returns no value"),
    ):
        with pytest.raises(UserError, match=fault):
            checked_values(own, values)


def test_details_are_what_json_can_hold(own):
    details = {"n": np.int32(3), "rows": np.eye(2), 5: (1, None, {"x": jnp.arange(2)}), "z": np.inf}
    plain = {"n": 3, "rows": [[1.0, 0.0], [0.0, 1.0]], "5": [1, None, {"x": [0, 1]}], "z": "inf"}
    assert checked_details(own, details) == plain == json.loads(json.dumps(plain, allow_nan=False))
    with pytest.raises(UserError, match="details of the metric mine hold set"):
        checked_details(own, {"seen": [{1, 2}]})


@pytest.mark.parametrize(
    "best, expected",
    [
        ("fd", ("fd/distance", 1.0)),
        ("prdc/coverage", ("prdc/coverage", -1.0)),
        ("modes", ("modes/captured", -1.0)),
        ("modes/reverse_kl", ("modes/reverse_kl", 1.0)),
        ("neighbors/copies", ("neighbors/copies", 1.0)),
        ("mine", ("mine/a", 1.0)),
        ("g/adversarial", None),
    ],
)
def test_best_ranks_in_the_direction_of_the_value(best, expected, own):
    assert ranked_by(best, [own]) == expected


@pytest.mark.parametrize(
    "best, fault",
    [("fd/mean", "fd has distance"), ("is/deviation", "neither"), ("mine/b", "neither")],
)
def test_what_cannot_rank_is_refused(best, fault, own):
    with pytest.raises(UserError, match=fault):
        ranked_by(best, [own])
