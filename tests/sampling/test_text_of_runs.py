"""Runs that write: a chain of stages, what it saves, and how it is scored, sampled and reported."""

import json

import jax
import numpy as np
import pytest

from jaxgan.errors import UserError
from jaxgan.evaluation.score import read_scores
from jaxgan.sampling.load import load, load_state
from support.tiny_runs import TESTS

pytest_plugins = ["support.run_fixtures"]
FILE = TESTS / "tiny_text.py"


def chained(folder, *more):
    from jaxgan.cli.chain import chain

    flags = ("words", "--workdir", folder, "--devices", 1, *more)
    return chain([str(word) for word in (FILE, *flags)])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A chain of maximum likelihood and of both players."""
    folder = tmp_path_factory.mktemp("text") / "chain"
    assert chained(folder, "--evaluate-every", 40, "--sample-every", 20) == 0
    return folder


def test_each_stage_begins_with_the_networks_of_the_one_before(root):
    first, second = (load_state(root / name) for name in ("1-words_mle", "2-words"))
    assert (int(first.state.step), int(second.state.step)) == (40, 2)
    origin = second.description["origin"]
    assert origin["run"] == str(root / "1-words_mle")
    # The policy of rollouts began as that generator, and has followed it for two steps.
    before, policy = first.state.players["g"].params, second.state.adaptive["policy"]
    after = second.state.players["g"].params
    moved = jax.tree.map(
        lambda a, b, c: float(abs(b - a).max() - abs(c - a).max()), before, policy, after
    )
    assert max(moved["output"].values()) < 0
    assert all(
        value > 0
        for value in jax.tree.leaves(
            jax.tree.map(lambda a, b: float(abs(b - a).max()), before["output"], policy["output"])
        )
    )


def test_the_same_command_does_nothing_more(root, capsys):
    assert chained(root, "--evaluate-every", 40, "--sample-every", 20) == 0
    assert capsys.readouterr().out.count("already at step") == 2


def test_likelihood_training_comes_near_to_the_oracle(root):
    scores = read_scores(root / "1-words_mle" / "evaluations.jsonl")
    found = {score.metric: score for score in scores}
    oracle, gen = found["nll_oracle"], found["nll_gen"]
    assert oracle.title == "NLL-oracle"
    assert len(oracle.protocol["parameters"]["oracle_sha256"]) == 64
    assert 0.3 < oracle.real_score["nll"] < oracle.values["nll"] < np.log(7) + 1
    assert oracle.real_score["nll"] < gen.values["nll"] < np.log(7)
    assert 0 < found["self_bleu"].values["self_bleu2"] < 1
    assert 0 < found["bleu"].values["bleu2"] <= 1
    assert 64 < found["bleu"].protocol["parameters"]["references"] <= 100  # others than in train


def test_sentences_are_text_numbers_and_pictures(root, command, tmp_path):
    run = root / "2-words"
    for name in ("a.txt", "a.png", "a.npz", "folder"):
        assert command(["sample", run, "--num", 5, "--out", tmp_path / name])[0] == 0
    made, vocabulary = load(run)(5), load(run).task.modality.vocabulary
    written = (tmp_path / "a.txt").read_text().splitlines()
    assert written == vocabulary.sentences(made)
    assert {word for line in written for word in line.split()} <= {*vocabulary.words}
    with np.load(tmp_path / "a.npz") as arrays:
        np.testing.assert_array_equal(arrays["tokens"], made)
    files = sorted((tmp_path / "folder").iterdir())
    assert files[3].name == "000003.txt"
    assert files[3].read_text().strip() == written[3]
    code, said = command(["sample", run, "--out", tmp_path / "b.gif"])
    assert code == 2
    assert "tokens are written as .png, .txt or .npz" in said


def test_the_training_saves_text(root):
    saved = {path.name for path in (root / "1-words_mle" / "samples").iterdir()}
    assert saved == {f"00000{step}.{kind}" for step in (20, 40) for kind in ("png", "txt")}
    events = b"".join(path.read_bytes() for path in (root / "1-words_mle/tensorboard").iterdir())
    line = (root / "1-words_mle" / "samples" / "0000040.txt").read_text().splitlines()[0]
    assert line.encode() in events


def test_the_report_shows_sentences_beside_the_nearest_ones(root, command, tmp_path):
    out = tmp_path / "report"
    assert command(["report", root / "1-words_mle", "--out", out])[0] == 0
    text = (out / "report.md").read_text()
    first = load(root / "1-words_mle").task.modality.vocabulary.sentences(
        load(root / "1-words_mle")(1)
    )
    assert "nearest training sentence" in text
    assert first[0].strip() in text


def test_the_vocabulary_is_part_of_the_run(root):
    description = json.loads((root / "2-words" / "config.json").read_text())
    assert description["data"]["vocabulary"]["words"][2] == "cat"


@pytest.mark.parametrize(
    "words, message",
    [
        (["--steps", "3"], "each stage has its own"),
        (["--init-from=x"], "begins with the one before"),
        (["--init_from", "x"], "begins with the one before"),
        (["--stage", "mle"], "each stage has its own"),
        (["--budget", "none"], "a number above 0"),
        (["--budget"], "needs a value"),
    ],
)
def test_what_a_chain_sets_itself_is_refused(words, message, command):
    code, said = command(["chain", FILE, "words", *words])
    assert code == 2
    assert message in said


def test_a_misspelled_chain_gets_its_name(command):
    code, said = command(["chain", FILE, "word"])
    assert code == 2
    assert "words" in said


@pytest.mark.slow
def test_a_budget_is_a_share_of_every_stage_and_another_is_refused(tmp_path, still):
    root = tmp_path / "chain"
    assert chained(root, "--budget", "0.05") == 0
    assert int(load_state(root / "1-words_mle").state.step) == 2
    assert int(load_state(root / "2-words").state.step) == 1
    before = (root / "1-words_mle" / "status.json").read_text()
    with pytest.raises(UserError, match="another --budget"):
        chained(root, "--budget", "2")
    assert (root / "1-words_mle" / "status.json").read_text() == before


@pytest.mark.parametrize("metric", ["fd", "fd_log_mel", "modes"])
def test_metrics_of_other_samples_are_refused(root, command, metric):
    code, said = command(["evaluate", root / "2-words", "--metrics", metric])
    assert code == 2
    assert "not of tokens" in said


def test_likelihood_is_of_sentences_that_the_training_has_not_seen(root, command):
    run = root / "1-words_mle"
    assert command(["evaluate", run, "--metrics", "nll_gen", "--num", 20])[0] == 0
    score = read_scores(run / "evaluations.jsonl")[-1]
    assert score.protocol["held_out"]["split"] == "test"


def test_tokens_of_other_words_are_not_compared(root, command, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"{one} {two} now" for one in "ab" for two in "cdefghijkl"))
    run = root / "1-words_mle"
    asked = ["evaluate", run, "--against", f"text:4:{text}", "--metrics", "bleu", "--num", 5]
    code, said = command(asked)
    assert code == 2
    assert "another of" in said
    other = ["--data", f"text:4:{text}", "--workdir", tmp_path / "other", "--steps", 1]
    code, said = command(["train", FILE, "words_mle", *other, "--init-from", run])
    assert code == 2
    assert "stand for other words" in said


@pytest.mark.parametrize("words", [["--interpolate"], ["--truncation", "0.5"]])
def test_there_is_nothing_between_sentences(root, command, tmp_path, words):
    code, said = command(["sample", root / "2-words", "--out", tmp_path / "a.txt", *words])
    assert code == 2
    assert words[0] in said


def test_text_is_scored_against_text_without_a_run(tmp_path, command):
    for name in ("a", "b"):
        lines = [f"the {one} {two} here" for one in "abcdefghij" for two in ("is", "was")]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines))
    asked = ["evaluate", f"text:{tmp_path / 'a.txt'}", "--against", f"text:{tmp_path / 'b.txt'}"]
    code, said = command(asked)
    assert code == 0, said
    assert "self-BLEU" in said
