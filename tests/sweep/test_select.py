"""``--select best-of`` trains what was selected again with seeds that took no part in it."""

import itertools
import json
import shutil
import signal
from pathlib import Path

import pytest

from jaxgan.cli.report import study_of
from jaxgan.evaluation.score import RULE, Score, append
from jaxgan.runs.exit_codes import EXIT_AGAIN
from jaxgan.sweep.cautions import cautions
from jaxgan.sweep.measures import measures
from jaxgan.sweep.page import compose
from jaxgan.sweep.results import of_selection
from support import fake_runs
from support.engines import OneByOne
from support.parsing import parse_once
from support.tiny_runs import TINY, unchanged

pytest_plugins = ["support.run_fixtures"]

SCORED = ("--steps", fake_runs.STEPS, "--evaluate-every", 1000, "--evaluate-metrics", "fd")
SELECT = ("--select", "best-of", "--select-seeds", "100:102")


@pytest.fixture
def sweep(usual, command, tmp_path, monkeypatch):
    """``sweep(*flags)``: a sweep of ``tiny.py`` whose runs are scored ``rate * width + seed``.

    Attributes of it: ``trained``, the folders in order; ``codes``, exit codes of some of them.
    """

    def launch(words, log, signals):
        run = Path(words[words.index("--workdir") + 1])
        name = "/".join(run.parts[-2:])
        called.trained.append(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("it failed\n")
        if name in called.codes:
            if called.codes[name] == EXIT_AGAIN:
                signal.raise_signal(signal.SIGTERM)
            return called.codes[name]
        shutil.rmtree(run, ignore_errors=True)
        fake_runs.run(run, code=TINY.read_text(), score=None)
        flags = dict(itertools.pairwise(words))
        value = float(flags.get("--learning-rate", 0.01)) * float(flags.get("--width", 8))
        subject = {"rule": RULE, "step": fake_runs.STEPS, "weights": "ema"}
        values = {"distance": value + 1e-6 * int(flags["--seed"])}
        append(
            run / "evaluations.jsonl",
            [Score("fd", "FD", "lower", values, {}, {"n_fake": 10}, subject)],
        )
        return 0

    def called(*flags, rates="0.03,0.01,0.02", seeds="0:2"):
        varied = ("--seeds", seeds, "--grid", f"learning_rate={rates}", *SCORED)
        words = ["sweep", TINY, *usual, *varied, "--workdir", tmp_path / "s", *flags]
        return command(words)

    called.trained, called.codes = [], {}
    monkeypatch.setattr("jaxgan.cli.sweep.Local", lambda jobs, say: OneByOne(launch))
    monkeypatch.setattr("jaxgan.cli.sweep.parse", parse_once)
    return called


def roles(folder):
    found = json.loads((folder / "s" / "sweep.json").read_text())["trials"]
    return {trial["folder"].removeprefix("trials/"): trial["role"] for trial in found}


def test_the_best_variant_and_the_baseline_are_trained_again(sweep, tmp_path):
    code, said = sweep(*SELECT, "--baseline", "learning_rate=0.02")
    assert code == 0
    assert len(sweep.trained) == 10
    again = [f"learning_rate={rate}/seed-{seed}" for seed in (100, 101) for rate in (0.01, 0.02)]
    assert sweep.trained[6:] == again
    assert "the best variant by the median of fd/distance, and the baseline" in said
    found = roles(tmp_path)
    assert [name for name, role in found.items() if role == "report"] == again
    assert [*found.values()].count("selection") == 6
    assert sweep(*SELECT, "--baseline", "learning_rate=0.02")[0] == 0
    assert len(sweep.trained) == 10
    study = study_of([tmp_path / "s"])
    assert study is not None
    assert sorted(trial.seed for trial in study.trials) == [100, 100, 101, 101]
    assert [v.name for v in study.variants] == ["learning_rate=0.01", "learning_rate=0.02"]
    assert [v.name for v in of_selection(study).variants] == [
        f"learning_rate={rate}" for rate in (0.03, 0.01, 0.02)
    ]


def test_the_best_of_each_level_of_a_factor(sweep):
    assert sweep(*SELECT, "--select-each", "width", "--grid", "width=4,8")[0] == 0
    # The baseline, the experiment as it is, is the best of its width.
    assert sweep.trained[12:] == [
        f"learning_rate=0.01,width={width}/seed-{seed}" for seed in (100, 101) for width in (4, 8)
    ]


def test_a_selection_that_is_interrupted_goes_on(sweep, tmp_path):
    sweep.codes["learning_rate=0.02/seed-1"] = EXIT_AGAIN
    assert sweep(*SELECT)[0] == EXIT_AGAIN
    assert set(roles(tmp_path).values()) == {"selection"}
    sweep.codes = {"learning_rate=0.01/seed-101": EXIT_AGAIN}
    assert sweep(*SELECT)[0] == EXIT_AGAIN
    sweep.codes.clear()
    assert sweep(*SELECT)[0] == 0
    assert sweep.trained[-3:] == [f"learning_rate=0.01/seed-{seed}" for seed in (100, 101, 101)]


def test_what_failed_is_the_worst_and_where_all_failed_nothing_is_selected(sweep, tmp_path):
    sweep.codes = {f"learning_rate=0.01/seed-{seed}": 1 for seed in (0, 1)}
    assert sweep(*SELECT, "--baseline", "learning_rate=0.02")[0] == 1
    assert sweep.trained[6:] == [f"learning_rate=0.02/seed-{seed}" for seed in (100, 101)]
    shutil.rmtree(tmp_path / "s")
    sweep.codes = {
        f"learning_rate={rate}/seed-{seed}": 1 for rate in (0.01, 0.02) for seed in (0, 1)
    }
    code, said = sweep(*SELECT, rates="0.01,0.02")
    assert code == 1
    assert "Nothing is selected: no trial has a score." in said
    assert set(roles(tmp_path).values()) == {"selection"}


@pytest.mark.parametrize(
    "flags, more, expected",
    [
        (("--select", "best-of"), {}, "add --select-seeds"),
        (("--select-seeds", "5"), {}, "--select-seeds goes with --select best-of"),
        (("--select-each", "width"), {}, "--select-each goes with --select best-of"),
        (("--select", "best-of", "--select-seeds", "1:4"), {}, "1 also took part in the selection"),
        (("--select", "best-of", "--select-seeds", "a"), {}, "--select-seeds a: give e.g."),
        (SELECT, {"rates": "0.01"}, "there is one variant"),
        ((*SELECT, "--select-each", "widht"), {}, "No factor widht"),
        ((*SELECT, "--select-each", "learning_rate"), {}, "one variant of each level"),
        ((*SELECT, "--evaluate-every", "0"), {}, "add --evaluate-every STEPS"),
    ],
)
def test_what_makes_no_sense_is_refused(flags, more, expected, sweep, tmp_path):
    with unchanged(tmp_path):
        code, said = sweep(*flags, **more)
    assert code == 2
    assert expected in said
    assert sweep.trained == []


def test_a_seed_of_the_report_cannot_join_the_selection(sweep, tmp_path):
    assert sweep(*SELECT, rates="0.01,0.02", seeds="0")[0] == 0
    with unchanged(tmp_path):
        code, said = sweep(*SELECT, rates="0.01,0.02", seeds="0,100")
        assert code == 2
        assert "100 also took part in the selection" in said
        code, said = sweep(rates="0.01,0.02", seeds="0,100")
        assert code == 2
        assert "seed 100 of learning_rate=0.01: its scores are for the report alone" in said


def test_the_page_of_a_selection_is_of_the_fresh_seeds(tmp_path, command):
    def how(r1, seed):
        role = "report" if seed >= 100 else "selection"
        return {"score": 4 + r1 - (seed >= 100), "role": role}

    trials = [({"r1": r1}, seed, how(r1, seed)) for r1 in (0, 1, 2) for seed in (0, 1)]
    trials += [({"r1": r1}, seed, how(r1, seed)) for r1 in (0, 2) for seed in (100, 101)]
    path = fake_runs.sweep(
        tmp_path / "s", trials, baseline={"r1": 0}, scored="modes/captured", factors={"r1": []}
    )
    study = study_of([path])
    assert study is not None
    warnings = cautions(study, measures(study)[0], measures(study))
    assert not any("Selection and report use the same runs" in told for told in warnings)
    before = of_selection(study)
    warnings = cautions(before, measures(before)[0], measures(before))
    assert any("Selection and report use the same runs" in told for told in warnings)
    made = compose(study)
    texts = [block.text for section in made.sections for block in section.blocks[:1] if
             section.title == "Selection"]  # fmt: skip
    assert texts[0].startswith("The variants of this page were selected among these 3, by the")
    assert "seeds 0, 1" in texts[0]
    assert made.lead[0].text.startswith("modes captured of 2,500 samples (higher is better), over")
    assert "2 variants, which took no part in selecting them" in made.lead[0].text
    rows = {row[0]: row[1] for block in made.lead if hasattr(block, "rows") for row in block.rows}
    assert rows == {"r1=2": "5", "r1=0 (baseline)": "3"}
    assert command(["report", path, "--csv"])[0] == 0
    rows = (path / "report" / "runs.csv").read_text().splitlines()
    assert rows[0].startswith("r1,seed,role,outcome,step,modes/captured,")
    assert sum(",report,finished," in row for row in rows) == 4
    assert len(rows) == 11
