"""Scores in the course of training: they change nothing, and the best is kept by them."""

import math
import os

import pytest

from jaxgan.cli.evaluate import evaluate
from jaxgan.cli.report import sampler_of_run
from jaxgan.errors import UserError
from jaxgan.evaluation.ranking import rank
from jaxgan.evaluation.score import RULE, Score, append, column, differences, read_scores
from jaxgan.runs.checkpoint import Checkpoints
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.sampling.load import load_state
from support.tiny_runs import TINY, digest, rows, status

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


def test_scores_are_rows_with_their_protocol(watched):
    found = scores(watched)
    assert [score.subject["step"] for score in found] == [6, 12]
    column(found)
    for score in found:
        assert score.subject["rule"] == RULE
        assert score.subject["weights"] == "ema"
        assert score.subject["standing_batches"] == 2
        assert score.subject["d_steps"] == score.subject["step"]
        assert score.protocol["n_fake"] == 30
        assert score.real_score_of["n"] == 20


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
    # It was selected by looking: its score does not compare with those of a step.
    assert differences(scores(watched)[0], score) == ["checkpoint: by step -> best by ms-ssim"]


def test_a_value_that_is_not_finite_is_never_the_best():
    def score(value):
        return [Score("mine", "mine", "lower", {"mean": value}, {}, {}, {})]

    for sign in (1.0, -1.0):
        assert rank(score(math.nan), "mine/mean", sign) == math.inf
        assert rank(score(math.inf), "mine/mean", sign) == math.inf
        assert rank(score(2.0), "mine/mean", sign) == sign * 2.0


def test_a_run_is_scored_as_it_scores_itself_without_a_flag(watched, command):
    """Metrics, number of samples and standing statistics are those of the run's own scores."""
    out = watched / "same.jsonl"
    code, said = command(["evaluate", watched, "--out", out])
    assert code == 0, said
    (score,), own = read_scores(out), scores(watched)[-1]
    assert score.subject["rule"] == "last"
    assert (score.metric, score.values) == (own.metric, own.values)
    assert differences(score, own) == []


def test_a_run_is_scored_against_the_split_that_it_was_trained_on(trainer, tmp_path, command):
    assert trainer(tmp_path / "run", *EVERY, "--split", "train[:40]", "--steps", 6) == 0
    out = tmp_path / "same.jsonl"
    code, said = command(["evaluate", tmp_path / "run", "--out", out])
    assert code == 0, said
    (score,), (own,) = read_scores(out), scores(tmp_path / "run")
    assert (score.values, score.real_score) == (own.values, own.real_score)
    assert score.real_score_of == own.real_score_of
    assert differences(score, own) == []


def test_another_run_is_drawn_as_for_its_own_scores(watched, finished, monkeypatch):
    seen = []

    def drawn(run, count, drawing):
        seen.append((run, drawing.standing))
        raise UserError("enough")

    monkeypatch.setattr("jaxgan.cli.evaluate.generated_reference", drawn)
    for words in ([], ["--standing-batches", "4"]):
        with pytest.raises(UserError, match="enough"):
            evaluate([str(finished), "--against", str(watched), "--out", os.devnull, *words])
    assert seen == [(str(watched), 2), (str(watched), 4)]


def test_a_report_draws_as_the_run_s_own_scores(watched, finished):
    standing = {}
    for run in (watched, finished):
        trained = load_state(run, None)
        standing[run] = sampler_of_run(RunFolder(run), trained, "ema", 0).standing
    assert standing == {watched: 2, finished: 0}


OWN = """
from jaxgan.experiment import Scoring
from jaxgan.metrics.metric import Metric

def brightness(comparison):
    return {"mean": float(comparison.generated.array().mean()), "real": float(
        comparison.real.array().mean())}, {}

BRIGHTNESS = Metric("brightness", "mean level", brightness, {"mean": "higher", "real": ""},
    lambda distance: "brightness", network="", keeps="samples")

EXPERIMENT = dataclasses.replace(
    EXPERIMENT, scoring=Scoring(metrics=("ms-ssim", BRIGHTNESS), num=30, every=6))
"""


def test_an_experiment_brings_a_metric_of_its_own(trainer, tmp_path, command, monkeypatch):
    """It is scored by it during training, keeps its best, and is scored by it afterwards."""
    text = TINY.read_text().partition("if __name__")[0]
    file, run = tmp_path / "own.py", tmp_path / "run"
    file.write_text(text + OWN)
    monkeypatch.setattr("support.run_fixtures.TINY", file)
    assert trainer(run, "--best", "brightness") == 0
    during = scores(run)
    assert [one.metric for one in during] == ["ms-ssim", "brightness"] * 2
    values = {one.subject["step"]: one.value for one in during if one.metric == "brightness"}
    assert (
        read_description(RunFolder(run))["launches"][-1]["runtime"]["checkpointing"]["best"]
        == "brightness"
    )
    assert Checkpoints(run / "checkpoints").best_step() == max(values, key=values.get)
    code, said = command(["evaluate", run])
    assert code == 0, said
    after = scores(run)[len(during) :]
    assert [one.values for one in after] == [one.values for one in during[2:]]
    assert all(differences(one, two) == [] for one, two in zip(after, during[2:], strict=True))
    code, said = command(["evaluate", run, "--metrics", "brightness"])
    assert (code, scores(run)[-1].metric) == (0, "brightness")
    code, said = command(["evaluate", run, "--metrics", "brightnes"])
    assert code == 2
    assert "did you mean brightness?" in said


@pytest.mark.parametrize(
    "faulty, said",
    [
        ("{'mean': 1.0}, {'seen': {1, 2}}", "details of the metric brightness hold set"),
        ("{'mean': 1.0, 'median': 2.0}, {}", "metric brightness returns median"),
    ],
)
def test_a_score_that_cannot_be_written_loses_no_step(faulty, said, trainer, tmp_path, monkeypatch):
    text = TINY.read_text().partition("if __name__")[0]
    file, run = tmp_path / "own.py", tmp_path / "run"
    whole = OWN[OWN.index("return ") + 7 : OWN.index("\n\nBRIGHTNESS")]
    file.write_text(text + OWN.replace(whole, faulty))
    monkeypatch.setattr("support.run_fixtures.TINY", file)
    with pytest.raises(UserError, match=said):
        trainer(run, "--steps", "6")
    assert Checkpoints(run / "checkpoints").steps() == [5, 6]
    assert status(run)["outcome"] == "failed"


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
        ((*EVERY, "--best", "neighbors"), ("neither high nor low",)),
        (("--evaluate-every", "6", "--evaluate-metrics", "nothing"), ("No metric nothing",)),
        (("--evaluate-every", "-1"), ("--evaluate-every -1",)),
        ((*EVERY, "--evaluate-num", "1"), ("--evaluate-num 1",)),
        ((*EVERY, "--best", "ms-ssim/standard_error"), ("neither high nor low",)),
        ((*EVERY, "--evaluate-num", "1000000000"), ("ms-ssim keeps all samples", "GiB")),
        (("--evaluate-every", "6", "--evaluate-extractor", "vgg"), ("No extractor vgg",)),
        (("--evaluate-every", "6", "--evaluate-metrics", "ppl,x"), ("No metric x",)),
    ],
)
def test_what_cannot_be_scored_is_refused_before_there_is_a_folder(
    flags, expected, usual, tmp_path, refused
):
    refused(["train", TINY, *usual, "--workdir", tmp_path / "run", *flags], *expected)
    assert not (tmp_path / "run").exists()
