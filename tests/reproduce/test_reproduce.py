"""``jaxgan reproduce``: what it trains, how it scores, and the row that it writes."""

import dataclasses

import pytest

import jaxgan as jg
from jaxgan.cli.evaluate import Evaluate
from jaxgan.cli.exit import exit_code_of
from jaxgan.cli.reproduce import one_number, planned, reproduce
from jaxgan.errors import UserError
from jaxgan.evaluation.score import append
from jaxgan.evaluation.suite import METRICS
from jaxgan.experiment import Reproduction, load_experiment
from jaxgan.files import write_json
from jaxgan.reproduce.measured import read_measured
from jaxgan.reproduce.reproduce import (
    Asked,
    add_measured,
    chosen,
    measured_of,
    other_flags,
    score_all,
    steps_of,
    sweep_words,
)
from jaxgan.runs.settings import Runtime, Training, flags_of
from jaxgan.sweep.results import read_sweep
from support import fake_runs
from support.tiny_runs import EXPERIMENTS

FILES = {path.stem: path for path in EXPERIMENTS}
BUDGET = 0.05
"""Of the ring's 20 000 steps: what the made-up runs are trained to."""
NUMBER = Reproduction("modes of 8", (jg.Number("modes/captured", 1),), dict(r1=0.5), seeds=3)


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_reproduction_asks_for_flags_and_scores_that_there_are(file):
    declared = load_experiment(file)
    evaluate = {field.name for field in dataclasses.fields(Evaluate)}
    for experiment in [declared.selected(name) for name in declared.presets] or [declared]:
        config = {field.name for field in dataclasses.fields(experiment.config)}
        train = config | {*flags_of(Training()), *flags_of(Runtime())}
        for one in experiment.reproductions:
            assert set(one.flags) <= train
            assert set(one.evaluate) <= evaluate
            experiment.default(**{n: v for n, v in one.flags.items() if n in config})
            for number in one.numbers:
                metric, _, value = number.score.partition("/")
                spread = number.spread.partition("/")[2] or value
                assert {value, spread} <= {*METRICS[metric].values}


def test_every_table_that_is_quoted_from_a_paper_can_be_measured_or_says_why_not():
    """Published numbers without a reproduction are those of others, or need what is not here."""
    without = {
        experiment.file.stem
        for file in EXPERIMENTS
        for declared in [load_experiment(file)]
        for experiment in [declared.selected(name) for name in declared.presets] or [declared]
        if experiment.published and not experiment.reproductions
    }
    # No such metric, or its data are not to be had; f-GAN's table was not at hand.
    no_metric = {"bigan_mnist", "pix2pix", "cyclegan", "context_encoder"}
    assert without == {*no_metric, "fgan_mnist"}


@pytest.fixture
def ring():
    return dataclasses.replace(load_experiment(FILES["gan_ring"]), reproductions=(NUMBER,))


def test_a_budget_is_a_share_of_the_published_steps(ring):
    assert steps_of(ring, NUMBER, 0.5) == ring.steps // 2
    longer = dataclasses.replace(NUMBER, flags=dict(steps=400_000))
    assert steps_of(ring, longer, 0.1) == 40_000
    assert steps_of(ring, longer, 1e-9) == 1


def test_the_words_of_the_sweep_are_the_files_flags_and_then_those_given(ring, tmp_path):
    words = sweep_words(ring, Asked(NUMBER, 0.5, (0, 4), ("--hidden", "8")), ring.file, tmp_path)
    assert words[:5] == [str(ring.file), "--seeds", "0,4", "--workdir", str(tmp_path)]
    assert words[-6:] == ["--r1", "0.5", "--steps", str(ring.steps // 2), "--hidden", "8"]


def test_numbers_are_chosen_by_their_beginnings(ring):
    assert chosen(ring, ["modes"]) == [NUMBER]
    with pytest.raises(UserError, match="--only 'x': no metric begins so; there are: modes of 8"):
        chosen(ring, ["x"])
    with pytest.raises(UserError, match="gan_ring declares no reproductions"):
        chosen(dataclasses.replace(ring, reproductions=()), [])


def test_a_row_is_made_of_the_scores_of_every_run(ring, tmp_path):
    fake_runs.sweep(
        tmp_path / "s",
        [({}, 0, dict(score=4.0)), ({}, 1, dict(score=6.0)), ({}, 2, dict(outcome="diverged"))],
    )
    asked = Asked(NUMBER, BUDGET, (0, 1, 2))
    called = []

    def launch(words, log):
        called.append(words)
        folder, out = words[1], words[words.index("--out") + 1]
        with open(out, "w") as file:
            file.write((tmp_path / "s" / folder / "evaluations.jsonl").read_text())
        return 0

    trials = score_all(asked, tmp_path / "s", launch)
    assert [words[-2:] for words in called] == [["--metrics", "modes"]] * 2
    score_all(asked, tmp_path / "s", launch)
    assert len(called) == 2  # what is scored is not scored again
    row = measured_of(ring, asked, trials, "jaxgan reproduce x")
    assert row.value == "5.0 ± 1.4 (1 of 3 without a score)"
    assert [run.outcome for run in row.runs] == ["finished", "finished", "diverged"]
    assert (row.seeds, row.budget, row.metric) == (3, BUDGET, "modes of 8")
    wrong = dataclasses.replace(NUMBER, numbers=(jg.Number("modes/wrong"),))
    with pytest.raises(UserError, match="no score modes/wrong; there are modes/captured"):
        measured_of(ring, dataclasses.replace(asked, reproduction=wrong), trials, "")


def test_scores_on_other_data_and_with_other_flags_are_other_numbers(ring, tmp_path):
    fake_runs.sweep(tmp_path / "s", [({}, 0, dict(data="folder"))])
    asked = Asked(NUMBER, 1.0, (0,), ("--hidden", "8"))
    (trial,) = read_sweep(tmp_path / "s").trials
    lost = dataclasses.replace(trial, state="diverged")
    row = measured_of(ring, asked, [lost], "")
    assert row.metric == "modes of 8, on folder"
    assert row.protocol == f"{ring.steps:,} steps; with --hidden 8"


def test_runs_with_other_seeds_and_rows_of_other_budgets_stay(ring, tmp_path):
    def row(budget, **scores):
        name = "-".join(scores) + str(budget)
        step = steps_of(ring, NUMBER, budget)
        trials = [({}, int(seed[1:]), dict(score=s, step=step)) for seed, s in scores.items()]
        fake_runs.sweep(tmp_path / name, trials)
        asked = Asked(NUMBER, budget, [seed for _, seed, _ in trials])
        found = score_all(asked, tmp_path / name, copying(tmp_path / name))
        return measured_of(ring, asked, found, "jaxgan reproduce x")

    path = tmp_path / "results" / "gan_ring.json"
    add_measured(path, row(0.5, s0=4.0, s1=6.0), True)
    add_measured(path, row(0.5, s2=8.0), True)
    (one,) = read_measured(path)
    assert (one.value, one.seeds) == ("6.0 ± 2.0", 3)
    add_measured(path, row(0.5, s0=4.0, s1=6.0, s2=11.0), True)
    (again,) = read_measured(path)
    assert again.value == "7.0 ± 3.6"
    assert again.bands == one.bands  # those of the first time, by which a change is noticed
    add_measured(path, row(0.1, s0=1.0), True)
    add_measured(path, row(1.0, s0=7.0), True)
    found = [(r.value, r.budget) for r in read_measured(path)]
    assert found == [("7.0 ± 3.6", 0.5), ("1.0", 0.1), ("7.0", 1.0)]


def test_runs_of_another_budget_or_seed_are_no_runs_of_a_number(ring, tmp_path):
    """A folder may hold runs of an earlier, smaller budget, and of seeds that are not asked for."""
    folder = fake_runs.sweep(
        tmp_path / "s",
        [({}, 0, {}), ({}, 1, dict(step=500, steps=500)), ({}, 2, None)],
    )
    only = Asked(NUMBER, BUDGET, (0,))
    trials = score_all(only, folder, copying(folder))
    assert [trial.seed for trial in trials] == [0]
    assert measured_of(ring, only, trials, "x").seeds == 1
    both = Asked(NUMBER, BUDGET, (0, 1))
    with pytest.raises(UserError, match="is at step 500, not 1000"):
        measured_of(ring, both, score_all(both, folder, copying(folder)), "x")
    every = Asked(NUMBER, BUDGET, (0, 1, 2, 3))
    with pytest.raises(UserError, match="2 of 4 runs of modes of 8 have not ended"):
        measured_of(ring, every, score_all(every, folder, copying(folder)), "x")


def test_a_run_that_is_trained_further_is_scored_again(ring, tmp_path):
    folder = fake_runs.sweep(tmp_path / "s", [({}, 0, dict(score=4.0))])
    asked = Asked(NUMBER, BUDGET, (0,))
    assert measured_of(ring, asked, score_all(asked, folder, copying(folder)), "x").value == "4.0"
    path = folder / "trials" / "all" / "seed-0"
    (path / "evaluations.jsonl").unlink()
    append(path / "evaluations.jsonl", [fake_runs.modes(7, 2000)])
    write_json(path / "status.json", {"outcome": "finished", "step": 2000, "note": ""})
    more = Asked(NUMBER, 2 * BUDGET, (0,))
    assert measured_of(ring, more, score_all(more, folder, copying(folder)), "x").value == "7.0"


@pytest.mark.parametrize(
    "words, told",
    [
        (("--checkpoint-every", "5", "--jobs", "2", "--workdir=x"), []),
        (("--hidden", "8", "9", "--keep", "1", "--population=4"), ["--hidden 8 9 --population=4"]),
    ],
)
def test_flags_that_do_not_change_a_number_are_not_in_its_protocol(ring, words, told, tmp_path):
    folder = fake_runs.sweep(tmp_path / "s", [({}, 0, {})])
    asked = Asked(NUMBER, BUDGET, (0,), words)
    row = measured_of(ring, asked, score_all(asked, folder, copying(folder)), "x")
    assert row.protocol.split("; with ")[1:] == told


def copying(folder):
    """A launcher that gives a run's own scores for those of ``jaxgan evaluate``."""

    def launch(words, log):
        out = words[words.index("--out") + 1]
        with open(out, "w") as file:
            file.write((folder / words[1] / "evaluations.jsonl").read_text())
        return 0

    return launch


def test_weights_reach_the_scores_that_choose_a_checkpoint_and_are_no_part_of_the_protocol(
    tmp_path,
):
    weights = tmp_path / "inception.npz"
    weights.write_bytes(b"")
    found = {}
    for name in ("acgan_cifar10", "dcgan"):
        preset = ["cifar10"] if name == "dcgan" else []
        words = [str(FILES[name]), *preset, "--extractor-weights", str(weights)]
        asked, _, (number, *_), more = planned(words)
        found[name] = one_number(asked, number, more)
    given = ["--extractor-weights", str(weights)]
    assert [*found["acgan_cifar10"].train] == given  # with --best fd
    assert [*found["dcgan"].train] == []
    assert all(one.evaluate == given for one in found.values())
    assert other_flags(found["acgan_cifar10"]) == []


@pytest.mark.parametrize(
    "flags, fault",
    [
        (["--budget", "0"], "--budget 0: must be above 0"),
        (["--seeds", "x"], "--seeds x: give e.g. 0:8"),
        (["--extractor-weights", "nowhere.npz"], "There is no file nowhere.npz"),
        (["--only", "x"], "--only 'x': no metric begins so"),
        (["--hiden", "8"], "hiden"),
        (["--steps", "8"], "--steps: the file says how many"),
    ],
)
def test_bad_flags_are_refused_before_anything_starts(flags, fault, tmp_path, capsys):
    words = [str(FILES["veegan_mixture"]), "grid", "--workdir", str(tmp_path / "w"), *flags]
    assert exit_code_of(lambda: reproduce(words)) == 2
    assert fault in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_number_is_measured_from_the_command_line(tmp_path, capfd):
    """Two seeds, then a third: its runs, its scores, its row; and the same command does nothing."""
    results = tmp_path / "results.json"
    words = [str(FILES["veegan_mixture"]), "grid", "--only", "grid, VEEGAN", "--budget", "0.0002"]
    places = [
        "--hidden",
        "8",
        "--devices",
        "1",
        "--workdir",
        str(tmp_path / "w"),
        "--results",
        str(results),
    ]
    assert reproduce([*words, "--seeds", "0,1", *places]) == 0
    assert reproduce([*words, "--seeds", "2", *places]) == 0
    (row,) = read_measured(results)
    assert [run.step for run in row.runs] == [20, 20, 20]
    assert row.command == (
        f"jaxgan reproduce {FILES['veegan_mixture']} grid --only 'grid, VEEGAN' --budget 0.0002 "
        "--hidden 8 --devices 1"
    )
    before = results.read_text()
    capfd.readouterr()
    assert reproduce([*words, "--seeds", "0,1", *places]) == 0
    assert results.read_text() == before
    assert "finished at step" not in capfd.readouterr().out
