"""Scores in the course of training: they change nothing, and the best is kept by them."""

import pytest

from jaxgan.evaluation.score import RULE, Score, append, column, read_scores
from support.tiny_runs import TINY, digest, rows

pytest_plugins = ["support.run_fixtures"]

EVERY = ("--evaluate-every", "6", "--evaluate-metrics", "ms-ssim", "--evaluate-num", "30")


@pytest.fixture(scope="module")
def watched(trainer, tmp_path_factory):
    """A run of 12 steps that was scored at 6 and 12, and keeps its best."""
    folder = tmp_path_factory.mktemp("runs") / "watched"
    flags = (*EVERY, "--seed", "3", "--best", "ms-ssim", "--keep", "1", "--standing-batches", "2")
    assert trainer(folder, *flags) == 0
    return folder


def scores(folder):
    return read_scores(folder / "evaluations.jsonl")


def test_scoring_changes_nothing_of_the_training(watched, finished):
    assert digest(watched) == digest(finished)


def test_scores_are_stamped_rows(watched):
    found = scores(watched)
    assert [score.subject["step"] for score in found] == [6, 12]
    column(found)
    for score in found:
        assert score.subject["rule"] == RULE
        assert score.subject["weights"] == "ema"
        assert score.subject["standing_batches"] == 2
        assert score.subject["d_steps"] == score.subject["step"]
        assert score.protocol["n_fake"] == 30
        assert score.floor_of["n"] == 20


def test_the_best_checkpoint_is_that_of_the_best_score(watched, command):
    found = {score.subject["step"]: score.value for score in scores(watched)}
    best = min(found, key=found.get)
    words = ["evaluate", watched, "--step", "best", "--num", 30, "--metrics", "ms-ssim"]
    words += ["--standing-batches", 2, "--out", watched / "best.jsonl"]
    code, said = command(words)
    assert code == 0, said
    (score,) = read_scores(watched / "best.jsonl")
    assert score.subject["step"] == best
    assert score.subject["rule"] == "best by ms-ssim"
    assert score.value == found[best]  # the same samples of the same weights


def test_a_resumed_run_repeats_no_row(trainer, tmp_path):
    run = tmp_path / "run"
    assert trainer(run, *EVERY, "--steps", 5) == 0
    assert [score.subject["step"] for score in scores(run)] == [5]
    other = scores(run)[0]
    stray = [Score(**{**vars(other), "subject": {**other.subject, "step": 9}})]
    mine = [Score(**{**vars(other), "subject": {**other.subject, "rule": "last"}})]
    append(run / "evaluations.jsonl", [*stray, *mine])
    assert trainer(run, *EVERY) == 0
    steps = [(score.subject["step"], score.subject["rule"]) for score in scores(run)]
    assert steps == [(5, RULE), (5, "last"), (6, RULE), (12, RULE)]
    assert [row["step"] for row in rows(run)][-1] == 12


@pytest.mark.parametrize(
    "flags, expected",
    [
        (("--best", "fd"), ("--best fd", "--evaluate-every")),
        ((*EVERY, "--best", "fd"), ("--best fd", "--evaluate-metrics fd")),
        ((*EVERY, "--best", "ms-ssim/mean"), ("ms-ssim/mean", "similarity, standard_error")),
        ((*EVERY, "--best", "neighbours"), ("neither high nor low",)),
        (("--evaluate-every", "6", "--evaluate-metrics", "nothing"), ("No metric nothing",)),
        (("--evaluate-every", "-1"), ("--evaluate-every -1",)),
        ((*EVERY, "--evaluate-num", "1"), ("--evaluate-num 1",)),
        (("--evaluate-every", "6", "--evaluate-extractor", "vgg"), ("No extractor vgg",)),
        (("--evaluate-every", "6", "--evaluate-metrics", "ppl,x"), ("No metric x",)),
    ],
)
def test_what_cannot_be_scored_is_refused_before_there_is_a_folder(
    flags, expected, usual, tmp_path, refused
):
    refused(["train", TINY, *usual, "--workdir", tmp_path / "run", *flags], *expected)
    assert not (tmp_path / "run").exists()
