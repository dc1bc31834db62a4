"""The page of a study: the answer first, every figure, and nothing dropped."""

import json
import math
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from jaxgan.cli.report import study_of
from jaxgan.report.document import Document, Text, to_html
from jaxgan.runs.folder import RunFolder, locked
from jaxgan.sweep import figures
from jaxgan.sweep.measures import measures
from jaxgan.sweep.page import (
    chosen,
    compose,
    correlation,
    letters,
    loss_band,
    main_effects,
    score_band,
)
from jaxgan.sweep.results import read_runs, read_sweep
from support import fake_runs

pytest_plugins = ["support.run_fixtures"]

DIVERGED = {"outcome": "diverged", "step": 600, "note": "not finite: d/loss"}


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A grid of nine variants with three seeds; not to be changed."""
    path = tmp_path_factory.mktemp("grid")
    fake_runs.grid(path, seeds=3)
    return path


@pytest.fixture(scope="module")
def made(grid):
    """The page of the grid."""
    return compose(read_sweep(grid))


def titles(document):
    return [section.title for section in document.sections]


def test_the_page_starts_with_the_table_and_the_figure_that_answer(made):
    conclusion, note, table, picture = made.lead
    assert "modes high_quality of 2,500 samples (higher is better)" in conclusion.text
    assert "The highest median is" in conclusion.text
    assert "Its mean less that of the baseline is +" in conclusion.text
    assert "warnings apply to these numbers" in note.text
    assert len(table.rows) == 9
    assert picture.name == "scores"
    assert titles(made) == [
        "Samples",
        "Differences from the baseline",
        "Main effects",
        "Performance profile",
        "Parallel coordinates",
        "Curves",
        "Budget",
        "Other scores",
        "Warnings",
        "Runs",
    ]
    pictures = list(made.attachments())
    names = {picture.name for picture in pictures}
    assert all(one.image.dtype == np.uint8 and one.image.shape[2] == 3 for one in pictures)
    wanted = {"scores", "main-effects", "profile", "parallel-coordinates", "curves", "samples-a"}
    assert wanted <= names
    assert all(re.fullmatch("[a-z-]+", name) for name in names)


def test_every_run_is_on_the_page_whatever_happened_to_it(made):
    page = to_html(made)
    assert page.count("/seed-") >= 27
    for words in ("1 diverged", "not finite: d/loss", "pending", "r1=10"):
        assert words in page
    warnings = [block.text for block in made.sections[-2].blocks]
    assert warnings[0].startswith("1 of 27 runs ended without a score (1 diverged)")
    assert warnings[1].startswith("1 of 27 runs have no result yet")


def test_a_study_of_damaged_running_and_diverged_runs_is_reported(tmp_path):
    trials = [({"r1": 0}, seed, {"score": 5}) for seed in range(4)]
    trials += [({"r1": 1}, 0, DIVERGED), ({"r1": 1}, 1, {"outcome": "running", "step": 200})]
    trials += [({"r1": 1}, 2, {"score": 6}), ({"r1": 1}, 3, {"score": 7})]
    path = fake_runs.sweep(tmp_path / "sweep", trials, baseline={"r1": 0})
    study = read_sweep(path)
    (study.trials[0].folder / "config.json").write_text("{")
    (study.trials[1].folder / "evaluations.jsonl").write_text("{\n")
    for file in study.trials[2].folder.joinpath("samples").iterdir():
        file.write_bytes(b"no picture")
    shutil.rmtree(study.trials[7].folder)
    with locked(RunFolder(study.trials[5].folder)):  # as by the process that trains it
        made = compose(read_sweep(path))
    rows = {row[0]: row[1:] for row in made.lead[2].rows}
    assert rows["r1=0 (baseline)"][2] == "3 of 4 (1 damaged)"
    assert rows["r1=1"][2] == "1 of 4 (1 diverged, 1 running, 1 missing)"
    assert rows["r1=1"][3] == "6"
    assert rows["r1=1"][5] == "diverged"
    told = " ".join(block.text for block in made.sections[-2].blocks)
    for words in ("1 of 8 runs ended", "damaged", "running", "missing", "1 finished runs have no"):
        assert words in told
    to_html(made)


def test_a_folder_of_damaged_running_and_diverged_runs_is_reported(tmp_path, command):
    """Runs that no sweep made, whose levels are what their settings say."""
    for seed in range(3):
        fake_runs.run(tmp_path / f"runs/plain-{seed}", seed=seed, score=5, r1=0)
    fake_runs.run(tmp_path / "runs/r1-0", seed=0, score=7, r1=1)
    fake_runs.run(tmp_path / "runs/r1-1", seed=1, r1=1, **DIVERGED)
    running = fake_runs.run(tmp_path / "runs/r1-2", seed=2, r1=1, outcome="running", step=200)
    fake_runs.run(tmp_path / "runs/r1-3", seed=3, r1=1, outcome="running", step=300)
    damaged = fake_runs.run(tmp_path / "runs/damaged", seed=4)
    (damaged / "config.json").write_text('{"format": 2')
    with locked(RunFolder(running)):
        code, said = command(["report", tmp_path / "runs", "--baseline", "r1=0"])
    assert code == 0, said
    page = (tmp_path / "runs/report/report.md").read_text()
    for words in (
        r"| r1=0 (baseline) | 5 | 5 \[5, 5\] | 3 of 3 |",
        "1 of 4 (1 diverged, 1 running, 1 killed)",
        "0 of 1 (1 damaged)",
        "1 of 8 runs ended without a score (1 diverged)",
        "1 of 8 runs have no result yet and are in no number here: killed",
        "no process trains it; the same command resumes it",
        "config.json is damaged",
    ):
        assert words in page


def test_where_nothing_is_scored_the_page_lists_the_runs(tmp_path):
    trials = [({"r1": 0}, 0, DIVERGED), ({"r1": 1}, 0, None)]
    made = compose(read_sweep(fake_runs.sweep(tmp_path / "sweep", trials)))
    assert isinstance(made.lead[0], Text)
    assert made.lead[0].text == "No run has finished with a score."
    assert made.lead[1].rows == [("r1=0", "0 of 1 (1 diverged)"), ("r1=1", "0 of 1 (1 pending)")]
    assert titles(made) == ["Warnings", "Runs"]


def test_one_variant_has_no_comparison(tmp_path):
    folders = [fake_runs.run(tmp_path / str(seed), seed=seed, score=5 + seed) for seed in (0, 1)]
    made = compose(read_runs(folders))
    assert titles(made) == ["Samples", "Curves", "Budget", "Other scores", "Warnings", "Runs"]


def test_samples_are_of_the_median_and_of_the_worst_run(tmp_path):
    trials = [({}, 0, {"score": 8}), ({}, 1, {"score": 5}), ({}, 2, DIVERGED)]
    made = compose(read_sweep(fake_runs.sweep(tmp_path / "sweep", trials)))
    (picture,) = [p for p in made.attachments() if p.name.startswith("samples")]
    assert "median: seed 1 (5), worst: seed 2 (diverged at step 600)" in picture.caption
    with Image.open(tmp_path / "sweep/trials/all/seed-2/samples/0000600.png") as opened:
        last = np.asarray(opened)[:, :, None].repeat(4, 0).repeat(4, 1).repeat(3, 2)
    assert np.array_equal(picture.image[-240:, -240:], last)


def test_a_best_variant_that_collapsed_is_told_at_once(tmp_path):
    trials = [({"r1": 0}, 0, {"score": 3.9}), ({"r1": 1}, 0, {"score": 6})]
    made = compose(read_sweep(fake_runs.sweep(tmp_path / "sweep", trials, scored="fd")))
    assert "But 0 of" not in made.lead[0].text
    path = fake_runs.sweep(tmp_path / "other", trials[:1], scored="fd")
    made = compose(read_sweep(path))
    assert "But 1 of 1 of its finished runs collapsed." in made.lead[0].text
    assert "Finished runs collapsed: 1 of r1=0." in made.lead[1].text


def test_a_lost_run_is_the_worst_in_curves_from_its_last_score_on(tmp_path):
    trials = [({}, seed, {"score": 4 + seed}) for seed in range(2)]
    trials += [({}, 2, DIVERGED)]  # scored 6 at step 500: 4.5
    study = read_sweep(fake_runs.sweep(tmp_path / "sweep", trials, scored="modes/captured"))
    (variant,), measure = study.variants, measures(study)[0]
    band = score_band(variant, measure)
    assert band.steps.tolist() == [500, 1000]
    assert band.middle.tolist() == [3.0, 4.0]  # of 3, 3, 4 and of 4, 5 and the worst
    assert band.low.tolist() == [3.0, -math.inf]
    assert band.high.tolist() == [4.0, 5.0]
    losses = loss_band(variant, "d/loss")
    assert losses.steps.tolist() == list(range(100, 1100, 100))
    assert losses.middle[0] == pytest.approx(1.4 - 100 / 4000 + 1 / 50)
    assert losses.middle[-1] == pytest.approx(1.4 - 1000 / 4000 + 0.5 / 50)


def test_the_baseline_is_among_those_that_are_shown(grid):
    study = read_sweep(grid)
    measure = measures(study)[0]
    some = chosen(study, measure, 2)
    assert len(some) == 2
    assert study.is_baseline(some[1])
    assert some[0] is chosen(study, measure, 9)[0]


def test_a_factor_of_many_levels_shows_its_correlation(tmp_path):
    trials = [
        ({"rate": 0.001 * (place + 1), "r1": place % 2}, 0, {"score": 2 + place / 3})
        for place in range(12)
    ]
    study = read_sweep(fake_runs.sweep(tmp_path / "sweep", trials, scored="modes/high_quality"))
    assert correlation(study, measures(study)[0], "rate") == "1"
    told = to_html(Document("", main_effects(study, measures(study)[0]), []))
    assert "12 of 24 combinations were run" in told
    assert "rank correlation with modes/high_quality" in told


def test_levels_are_spaced_by_what_they_are():
    heights, marks = figures.scale([10, 0, 1, 0])
    assert heights.tolist() == [1.0, 0.0, 0.5, 0.0]
    assert marks == [(0.0, "0"), (0.5, "1"), (1.0, "10")]
    heights, marks = figures.scale(["b", None, "b"])
    assert heights.tolist() == [0.0, 1.0, 0.0]
    assert marks == [(0.0, "b"), (1.0, "none")]
    rates = [10.0 ** (place / 4) for place in range(12)]
    heights, marks = figures.scale(rates)
    assert heights == pytest.approx(np.linspace(0, 1, 12))
    assert marks[0] == (0.0, "1")
    heights, _ = figures.scale([float(place) for place in range(21)])
    assert heights == pytest.approx(np.linspace(0, 1, 21))


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize("values", [[1.0, math.nan], [2.0, 2.0], [math.nan, math.nan]])
def test_figures_can_be_drawn_of_any_scores(better, values):
    nothing = (math.nan, math.nan)
    found = np.array(values)
    rows = [figures.Row("a variant " * 9, values, values[0], nothing, marked=True)]
    drawn = [
        figures.intervals(rows, "score", better, real=1.0),
        figures.intervals(rows, "score", better, controls={"near": 1.0, "far": 99.0}),
        figures.effects({"r1": {"0": found, "1": found}}, "score", better),
        figures.parallel_coordinates({"r1": [0, 1], "b": ["x", "y"]}, values, "score", better),
        figures.profiles(
            np.array([0.0, 1.0]),
            [figures.Profile("a", *np.array([[1.0, 0.5], [1.0, 0.2], [1.0, 0.8]]))],
            "score",
            better,
        ),
    ]
    for picture in drawn:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert len(np.unique(picture)) > 2


def test_names_of_pictures_are_letters():
    assert [letters(place) for place in (0, 25, 26, 27, 52)] == ["a", "z", "ba", "bb", "ca"]


def test_the_command_reports_a_sweep(tmp_path, command):
    trials = [({"r1": r1}, seed, {}) for r1 in (0, 1) for seed in (0, 1)]
    path = fake_runs.sweep(tmp_path / "sweep", trials, baseline={"r1": 0})
    code, said = command(["report", path, "--csv", "--latex"])
    assert code == 0
    assert "Report of 4 runs" in said
    out = path / "report"
    page = (out / "report.html").read_text()
    assert "<script" not in page
    assert "Differences from the baseline" in page
    assert len((out / "runs.csv").read_text().splitlines()) == 5
    assert r"\begin{tabular}" in (out / "table.tex").read_text()
    assert (out / "scores.png").read_bytes().startswith(b"\x89PNG")
    assert "![scores](scores.png)" in (out / "report.md").read_text()


def test_the_command_compares_any_runs(tmp_path, command):
    for r1 in (0, 1):
        for seed in (0, 1):
            fake_runs.run(tmp_path / f"runs/{r1}/{seed}", seed=seed, r1=r1, score=4 + r1 + seed)
    code, said = command(["report", tmp_path / "runs", "--baseline", "r1=0", "--score", "fd"])
    assert code == 0, said
    page = (tmp_path / "runs/report/report.html").read_text()
    assert "FD-fake distance of 1,000 samples (lower is better)" in page
    assert "r1=0 (baseline)" in page
    folders = [tmp_path / "runs/0", tmp_path / "runs/1", tmp_path / "runs/1/0"]
    assert len(study_of(folders).trials) == 4  # one of them was named twice


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--step", "5"], "--step is for a report of one run"),
        (["--baseline", "r1=7"], "No level of r1 7"),
        (["--baseline", "learningrate=0"], "did you mean learning_rate?"),
        (["--baseline", "r1"], "r1 is no FACTOR=LEVEL"),
        (["--baseline", "r1=0,"], "is no FACTOR=LEVEL"),
        (["--score", "fid"], "No score fid"),
    ],
)
def test_a_flag_that_does_not_fit_is_refused(flags, expected, grid, tmp_path, refused):
    out = tmp_path / "out"
    refused(["report", grid, "--out", out, *flags], expected)
    assert not out.exists()


def test_what_cannot_be_compared_is_refused(grid, tmp_path, refused):
    one = fake_runs.run(tmp_path / "one")
    refused(["report"], "Name a run folder")
    refused(["report", one, tmp_path / "none"], "No run in", "none")
    refused(["report", one, grid], "is a sweep, which is reported alone")
    refused(["report", one, fake_runs.run(tmp_path / "two", seed=1)], "--out FOLDER")
    refused(["report", one, "--csv"], "--csv is for a report of many runs")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("of a person")
    refused(["report", grid, "--out", tmp_path / "other"], "holds files but no report")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sweep.json").write_text(json.dumps({"format": 1}))
    refused(["report", broken], "sweep.json is damaged")
