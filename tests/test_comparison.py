"""The tables of scripts/benchmarks: their statistics, their runs, and their committed pages."""

import dataclasses
import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from jaxgan.errors import UserError
from jaxgan.evaluation.score import Score, append, read_scores
from jaxgan.evaluation.suite import METRICS
from jaxgan.reproduce.table import read_measured
from jaxgan.runs.folder import read_description

BENCHMARKS = Path(__file__).parent.parent / "scripts" / "benchmarks"
RESULTS = BENCHMARKS / "results"


@pytest.fixture(scope="module")
def modules():
    """comparison, toys, fashion, stacked: scripts that import each other from their folder."""
    sys.path.insert(0, str(BENCHMARKS))
    import comparison
    import fashion
    import stacked
    import toys

    yield comparison, toys, fashion, stacked
    sys.path.remove(str(BENCHMARKS))


def test_a_summary_by_hand(modules):
    comparison, *_ = modules
    # Mean 3, deviation sqrt(2.5); the t quantile of four degrees of freedom is 2.776445.
    half = 2.776445 * np.sqrt(2.5 / 5)
    expected = f"3.00 ± {np.sqrt(2.5):.2f} [{3 - half:.2f}, {3 + half:.2f}]"
    assert comparison.summary([1.0, 2.0, 3.0, 4.0, 5.0], 2) == expected
    assert comparison.summary([1.0, 1.0], 1) == "1.0 ± 0.0"
    assert comparison.summary([2.0], 1) == "2.0"
    assert comparison.summary([2.0, float("inf")], 1) == "2.0 (1 infinite)"
    assert comparison.summary([float("inf")], 1) == "- (1 infinite)"
    assert comparison.summary([], 1) == "-"


def test_a_difference_by_hand(modules):
    comparison, *_ = modules
    # Variances 1 and 4 of three each: an error of sqrt(5 / 3) with 2.941176 degrees of freedom.
    error = np.sqrt(5 / 3)
    half = stats.t.ppf(0.975, (1 / 3 + 4 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2)) * error
    expected = f"-3.00 [{-3 - half:+.2f}, {-3 + half:+.2f}]"
    assert comparison.difference([1.0, 2.0, 3.0], [3.0, 5.0, 7.0], 2) == expected
    assert comparison.difference([1.0], [3.0, 5.0], 1) == "-3.0"
    assert comparison.difference([1.0, 1.0], [3.0, 3.0], 1) == "-2.0"
    assert comparison.difference([float("inf")], [3.0], 1) == "-"


def test_runs_that_diverged_are_counted_and_in_no_mean(modules):
    comparison, *_ = modules
    sound = comparison.Run(0, "finished", {"m/x": 0.5}, {}, 10.0, [])
    lost = dataclasses.replace(sound, outcome="diverged", values={}, steps_per_second=None)
    assert comparison.cells([sound, lost], {"m/x": (100.0, 1)}) == ["2, 1 diverged", "50.0", "10"]
    assert comparison.cells([lost], {"m/x": (1.0, 1)}) == ["1, 1 diverged", "-", "-"]


def test_the_command_names_what_is_not_standard_and_no_place(modules):
    _, toys, fashion, stacked = modules
    asked = toys.Toys(steps=5, networks="small", methods=("GAN", "Unrolled 5"), out=Path("x"))
    told = "python scripts/benchmarks/toys.py --steps 5 --networks small --methods GAN 'Unrolled 5'"
    assert toys.command(asked) == told
    told = "python scripts/benchmarks/fashion.py --critic-steps 10"
    assert fashion.command(fashion.Fashion(critic_steps=10)) == told
    told = "python scripts/benchmarks/stacked.py --steps 5 --seeds 2"
    assert stacked.command(stacked.Stacked(steps=5, seeds=2)) == told
    assert stacked.command(stacked.Stacked(steps=5, seeds=2, name="two")) == told + " --name two"


def test_every_method_is_a_preset_on_the_data_of_its_table_with_hyperparameters_that_exist(modules):
    _, toys, fashion, stacked = modules
    tables = {fashion.DATA: fashion.METHODS, stacked.DATA: stacked.METHODS}
    for data in ("ring", "grid"):
        for networks in ("paper", "small"):
            methods = toys.fitted(toys.Toys(steps=1, networks=networks), toys.METHODS, data)
            assert all(method.published[data] for method in methods)
            tables[f"{data} {networks}"] = methods
    for data, methods in tables.items():
        for method in methods:
            assert method.config  # a TypeError, if a change names no hyperparameter
            assert method.data == data.partition(" ")[0]
            assert method.settings(3).seed == 3
            assert method.batch_size % method.changes.get("packing", 1) == 0
    for method in fashion.METHODS:
        assert method.critic_steps == getattr(method.config, "discriminator_steps", 1)


def test_a_method_is_its_preset_with_its_changes(modules):
    _, toys, fashion, _ = modules
    rows = {method.name: method for method in fashion.METHODS}
    assert (rows["MM GAN"].config.loss, rows["MM GAN"].config.learning_rate) == ("minimax", 1e-4)
    assert rows["WGAN"].config.discriminator_steps == 5
    assert rows["WGAN"].settings().preset == "wgan"
    (small,) = toys.fitted(toys.Toys(steps=1, networks="small"), toys.METHODS[1:2], "grid")
    settings = small.settings()
    assert (settings.preset, settings.data, settings.batch_size) == ("grid", "grid", 200)
    assert settings.ema == 0.999
    assert (small.config.packing, small.config.maxout) == (2, 32)


def test_a_budget_of_updates_is_a_number_of_whole_steps(modules):
    _, _, fashion, _ = modules
    wgan = next(m for m in fashion.METHODS if m.name == "WGAN")
    assert fashion.flags(fashion.Fashion(critic_steps=1000), wgan)["steps"] == 200
    with pytest.raises(UserError, match="give a multiple"):
        fashion.flags(fashion.Fashion(critic_steps=1001), wgan)


def test_the_pages_show_values_that_the_metrics_have(modules):
    """Every column is a value of a metric, and every row of both tables is rendered."""
    comparison, toys, fashion, stacked = modules
    for script in (toys, fashion, stacked):
        for value in script.VALUES:
            metric, _, name = value.partition("/")
            assert name in METRICS[metric].values, value
    perfect = {"modes": 8, "perfect_high_quality": 0.9889, "perfect_kl": 0.0015}
    stamp = {"modes": {"parameters": perfect, "classifier_accuracy": 0.9065, "n_fake": 2500}}
    asked = toys.Toys(steps=20, networks="small", seeds=1, name="few")
    launches = [{"device_kind": "cpu", "git_commit": "abc"}]
    run = comparison.Run(0, "finished", dict.fromkeys(toys.VALUES, 0.5), stamp, 10.0, launches)
    tables = {data: {m.name: [run] for m in toys.METHODS} for data in ("ring", "grid")}
    page, around = toys.text(asked, toys.METHODS, tables)
    assert "commit abc" in around
    assert "every run is in `few.json`" in page
    assert "2500 samples of weights averaged by 0.999" in page
    assert "20,000.0 times as many" in page
    for method in toys.METHODS:
        for published in (*method.published["ring"], *method.published["grid"]):
            assert published in page
    # Of 1250 samples of high quality on 8 modes: about (8 - 1) / (2 * 1250).
    assert "| PacGAN3 | 300 | 1 | 0.50 | 50.0 | 0.500 | 10 | 0.003 | +0.000 |" in page
    values, real = (dict.fromkeys(fashion.VALUES, value) for value in (0.5, 0.25))
    run = dataclasses.replace(run, values=values, real_score=real)
    table = {method.name: [run] for method in fashion.METHODS}
    asked = fashion.Fashion(critic_steps=1000, samples=7)
    page, _ = fashion.text(asked, fashion.METHODS, table)
    assert "Scores: 2500 samples, drawn" in page  # what the scores say, not what is asked
    assert "90.65 % on the test split" in page
    assert "15.6 times as many" in page
    assert "| WGAN | 1 | 0.5 | 0.500 |" in page
    assert "| real images | - | 0.2 | 0.250 |" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("|")}) == 1
    stamp = {"modes": {"parameters": {"classes": 1000, "perfect_kl": 0.0193}, "n_fake": 26}}
    stamp["modes"]["classifier_accuracy"] = 0.99
    run = dataclasses.replace(run, protocol=stamp, values=dict.fromkeys(stacked.VALUES, 0.5))
    table = {method.name: [run] for method in stacked.METHODS}
    page, _ = stacked.text(stacked.Stacked(steps=100_000), stacked.METHODS, table)
    assert "PacGAN's table has 100,000, as many" in page
    assert "sampler: 1000 modes, reverse KL 0.0193 nats" in page
    told = "26 samples of the last weights (WGAN-GP, RpGAN + R1 + R2: of averaged ones), each"
    assert told in page
    told = "| PacDCGAN2 | 128 | 1 | 0.5 | 0.500 | 10 | +0.000 | 1000.0 ± 0.00; 0.06 ± 0.003 |"
    assert told in page


def test_pages_without_any_score_leave_out_what_scores_tell(modules):
    comparison, toys, fashion, stacked = modules
    lost = comparison.Run(0, "diverged", {}, {}, None, [])
    table = {name: [lost] for name in ("GAN", "WGAN", "DCGAN")}
    asked = toys.Toys(steps=20)
    toy_page, _ = toys.text(asked, comparison.chosen(("GAN",), toys.METHODS), {"ring": table})
    asked = fashion.Fashion(critic_steps=5)
    fashion_page, _ = fashion.text(asked, comparison.chosen(("WGAN",), fashion.METHODS), table)
    asked = stacked.Stacked(steps=5)
    stacked_page, _ = stacked.text(asked, comparison.chosen(("DCGAN",), stacked.METHODS), table)
    assert "| GAN | 100 | 1, 1 diverged |" in toy_page
    assert "| WGAN | 1, 1 diverged |" in fashion_page
    assert "| DCGAN | 64 | 1, 1 diverged |" in stacked_page
    for page in (toy_page, fashion_page, stacked_page):
        for words in ("test split", "perfect sampler", "| real images"):
            assert words not in page.lower()


def test_a_page_tells_where_runs_ran_and_not_who_writes_it(modules):
    comparison, *_ = modules
    one = {name: "1" for name in comparison.FACTS} | {"jax": "0.4", "cores": 3}
    runs = [
        comparison.Run(0, "finished", {}, {}, None, [one, one | {"jax": "0.5"}]),
        comparison.Run(
            1, "finished", {}, {}, None, [one | {"device_kind": "TPU v4", "git_commit": None}]
        ),
    ]
    told = comparison.circumstances({"ring": {"GAN": runs}})
    assert told.startswith("1 and TPU v4; 1 device(s) and 3 core(s) for each run.")
    assert ", jax 0.4 and 0.5, " in told
    assert "commit 1 and unknown." in told
    recorded = {"packages": {"jax": "0.4", "pillow": "9"}, "python": "3.9", "xla_flags": ""}
    assert comparison.facts(recorded) == {"jax": "0.4", "python": "3.9"}


def test_numbers_that_are_too_small_are_refused_before_anything(modules, tmp_path):
    _, toys, fashion, stacked = modules
    places = {"folder": tmp_path / "runs", "out": tmp_path / "out"}
    for script, asked, flag in (
        (toys, toys.Toys(steps=0, **places), "--steps 0"),
        (toys, toys.Toys(steps=1, seeds=0, **places), "--seeds 0"),
        (stacked, stacked.Stacked(steps=-1, **places), "--steps -1"),
        (stacked, stacked.Stacked(steps=1, seeds=0, **places), "--seeds 0"),
        (stacked, stacked.Stacked(steps=1, samples=1, **places), "--samples 1"),
        (fashion, fashion.Fashion(critic_steps=0, **places), "--critic-steps 0"),
        (fashion, fashion.Fashion(critic_steps=5, seeds=0, **places), "--seeds 0"),
        (fashion, fashion.Fashion(critic_steps=5, samples=1, **places), "--samples 1"),
    ):
        with pytest.raises(UserError, match=f"{flag}: must be at least"):
            script.main(asked)
    assert not list(tmp_path.iterdir())


def test_a_table_is_not_replaced_by_that_of_another_command(modules, tmp_path, monkeypatch):
    comparison, toys, *_ = modules
    comparison.write(tmp_path, "toys", "page", toys.command(toys.Toys(steps=5)), "", {})
    monkeypatch.setattr(comparison, "train", None)  # nothing is trained before
    places = {"folder": tmp_path / "runs", "out": tmp_path}
    with pytest.raises(UserError, match=r"toys\.json was made by .*--steps 5`; give --name OTHER"):
        toys.main(toys.Toys(steps=5, seeds=1, **places))
    command = toys.command(toys.Toys(steps=5))
    comparison.check_name(tmp_path, "toys", command)
    comparison.check_name(tmp_path, "others", "another command")
    # A committed table, from before it could say so, under its own name.
    (tmp_path / "toys.json").rename(tmp_path / "five.json")
    comparison.check_name(tmp_path, "five", toys.command(toys.Toys(steps=5, name="five")))
    (tmp_path / "README.md").write_text("by hand")
    for name, fault in (("README", "not a table"), ("a/b", "without a folder"), ("", "without a")):
        with pytest.raises(UserError, match=fault):
            comparison.check_name(tmp_path, name, command)


@pytest.fixture(scope="module")
def finished(modules, tmp_path_factory):
    """A tiny method, and the arguments of ``jobs`` with which it was trained."""
    comparison, *_ = modules
    changes = {"packing": 1, "hidden": (4,), "maxout": 2}
    training = {"batch_size": 4}
    method = comparison.Method("tiny", "pacgan_mixture", changes=changes, training=training)
    flags = {"steps": 2, "devices": 1, "evaluate_num": 20, "evaluate_metrics": "modes"}
    folder = tmp_path_factory.mktemp("runs")
    comparison.compare(comparison.jobs([method], 1, folder, lambda _: flags))
    return method, folder, flags


def test_a_finished_run_is_read_as_it_is(modules, finished, monkeypatch):
    comparison, *_ = modules
    method, folder, flags = finished
    monkeypatch.setattr(comparison, "train", None)
    (job,) = comparison.jobs([method], 1, folder, lambda _: flags)
    (run,) = comparison.compare([job])["tiny"]
    assert run.outcome == "finished"
    assert run.protocol["modes"]["n_fake"] == 20
    assert comparison.samples({"ring": {"tiny": [run]}}, "modes") == "20 samples"
    recorded = read_description(job.run)["environment"]
    assert run.launches[0]["python"] == recorded["python"]
    assert set(run.launches[0]) <= {*comparison.FACTS}
    json.dumps(comparison.plain(run), allow_nan=False)


def test_a_finished_run_of_other_settings_is_refused(modules, finished, monkeypatch):
    comparison, *_ = modules
    method, folder, flags = finished
    wider = dataclasses.replace(method, changes={**method.changes, "hidden": (5,)})
    larger = dataclasses.replace(method, training={"batch_size": 8})
    for asked, how, difference in (
        (method, flags | {"evaluate_num": 30}, "n_fake: 20 -> 30"),
        (method, flags | {"evaluate_metrics": "modes,fd"}, "fd: not scored"),
        (method, flags | {"standing_batches": 2}, "standing_batches: 0 -> 2"),
        (wider, flags, r"hidden: \[4\] -> \[5\]"),
        (larger, flags, "batch_size: 4 -> 8"),
    ):
        with pytest.raises(UserError, match=f"seed-0 .*{difference}.*Remove that folder, or give"):
            comparison.jobs([asked], 1, folder, lambda _, how=how: how)
    with monkeypatch.context() as patch:
        patch.setattr(comparison, "code_changes", lambda recorded, live: ["-beta", "+gamma"])
        with pytest.raises(UserError, match=r"code of pacgan_mixture\.py"):
            comparison.jobs([method], 1, folder, lambda _: flags)
    grid = comparison.opened("grid", "train")
    monkeypatch.setattr(comparison, "opened", lambda data, split: grid)
    with pytest.raises(UserError, match=r"data: ring -> grid.*fingerprint: "):
        comparison.jobs([method], 1, folder, lambda _: flags)


def test_of_several_scores_the_last_that_fits_is_taken(modules, finished):
    """Whoever scores a run otherwise, by ``jaxgan evaluate``, does not spoil the table."""
    comparison, *_ = modules
    method, folder, flags = finished
    (job,) = comparison.jobs([method], 1, folder, lambda _: flags)
    before = job.run.evaluations.read_bytes()
    (score,) = read_scores(job.run.evaluations)
    values = dict.fromkeys(score.values, 0.25)
    again = dataclasses.replace(score, values=values)
    other = dataclasses.replace(score, protocol={**score.protocol, "n_fake": 9})
    append(job.run.evaluations, [again, other])
    try:
        assert comparison.scores_of(job)["modes"].values == values
    finally:
        job.run.evaluations.write_bytes(before)


def test_scores_through_another_extractor_are_not_those_asked(modules):
    comparison, *_ = modules
    flags = {"evaluate_num": 20, "evaluate_extractor": "classifier"}
    runtime = comparison.with_flags(comparison.Runtime(), **flags)
    subject = {"standing_batches": 0, "truncation": None, "weights": "ema", "step": 1}
    stamp = {"n_fake": 20, "extractor": "classifier-mnist-1234"}
    score = Score("fd", "FD", "lower", {"distance": 1.0}, {}, stamp, subject)
    assert comparison.faults(score, runtime.scoring) == []
    score = dataclasses.replace(score, protocol=stamp | {"extractor": "inception"})
    assert comparison.faults(score, runtime.scoring) == ["extractor: inception -> classifier"]


def test_only_methods_that_average_are_called_averaged(modules):
    comparison, toys, fashion, _ = modules
    assert comparison.averaged((*toys.METHODS, *fashion.METHODS)) == []
    small = [toys.small(method, "ring") for method in toys.METHODS]
    assert comparison.averaged(small) == [method.name for method in toys.METHODS]


def test_every_plain_game_is_a_row_that_mends_none(modules):
    _, toys, *_ = modules
    rows = {method.name: method for method in toys.METHODS}
    for method in toys.METHODS:
        if method.plain is not None:
            assert rows[method.plain].plain is None
    veegan, plain = rows["VEEGAN"], rows["GAN of VEEGAN"]
    assert (veegan.plain, rows["Unrolled 5"].plain) == (plain.name, "Unrolled 0")
    assert toys.small(plain, "grid").changes == {
        "game": "gan",
        **toys.small(veegan, "grid").changes,
    }


def test_a_value_less_the_plain_game_s(modules):
    comparison, *_ = modules
    run = comparison.Run(0, "finished", {"m/x": 0.5}, {}, None, [])
    lost = dataclasses.replace(run, outcome="diverged", values={})
    table = {"GAN": [dataclasses.replace(run, values={"m/x": 2.0}), lost], "better": [run, lost]}
    assert comparison.against(table, "better", "GAN", "m/x", 2) == "-1.50"
    assert comparison.against(table, "GAN", "GAN", "m/x", 2) == "-"
    assert comparison.against(table, "GAN", None, "m/x", 2) == "-"
    assert comparison.against({"better": [run]}, "better", "GAN", "m/x", 2) == "-"


def test_unknown_methods_are_refused(modules):
    comparison, toys, *_ = modules
    assert comparison.chosen(("PacGAN2",), toys.METHODS) == [toys.METHODS[1]]
    assert comparison.chosen((), toys.METHODS) == list(toys.METHODS)
    with pytest.raises(UserError, match="No method PacGAN9; did you mean"):
        comparison.chosen(("PacGAN9",), toys.METHODS)


def quoted(file):
    """The numbers in ``experiments/results`` that were measured of a file."""
    return read_measured(BENCHMARKS.parents[1] / "experiments" / "results" / f"{file}.json")


def commits(runs):
    """Those that runs recorded; an older table has one for each run, not for each launch."""
    found = [run.get("launches") or [{"git_commit": run["commit"]}] for run in runs]
    return {launch["git_commit"] for launches in found for launch in launches}


def test_measured_numbers_are_those_of_the_tables_of_toys(modules):
    """Every method on both data, with its mean and deviation, seeds, command and commit."""
    comparison, toys, *_ = modules
    tables = [
        json.loads((RESULTS / f"{name}.json").read_text()) for name in ("toys", "toys-veegan")
    ]
    by_command = {told["command"]: told["runs"] for told in tables}
    seen = set()
    for file in {method.file for method in toys.METHODS}:
        for result in quoted(file):
            data, _, name = result.metric.partition(":")[0].partition(", ")
            runs = by_command[result.command][data][name]
            columns = [
                comparison.summary([factor * float(run["values"][value]) for run in runs], digits)
                for value, (factor, digits) in toys.VALUES.items()
            ]
            assert result.value == "; ".join(re.sub(r" \[.*?\]", "", column) for column in columns)
            assert result.seeds == len(runs)
            assert commits(runs) == {result.commit}
            seen.add((data, name))
    every = {method.name for method in toys.METHODS}
    assert seen == {(data, name) for data in ("ring", "grid") for name in every}


@pytest.mark.parametrize("page", sorted(RESULTS.glob("*.md")), ids=lambda page: page.stem)
def test_a_committed_page_names_its_own_runs_and_command(page):
    text, told = page.read_text(), json.loads(page.with_suffix(".json").read_text())
    assert f"is in `{page.stem}.json`" in " ".join(text.split())
    if "command" in told:
        assert f"`{told['command']}`" in text


@pytest.mark.parametrize("name", ["extractors", "cpu_convolutions"])
def test_a_committed_page_is_what_its_script_makes_of_the_numbers(modules, name):
    told = json.loads((RESULTS / f"{name}.json").read_text())
    page = importlib.import_module(name).page(told)
    assert page == (RESULTS / f"{name}.md").read_text()


def test_the_committed_times_of_streamed_data_are_those_of_the_numbers(modules):
    import feed

    told = json.loads((RESULTS / "feed.json").read_text())
    assert feed.table(told["rows"], told["before"]) in (RESULTS / "feed.md").read_text()
    assert feed.times_of(RESULTS / "feed.json") == told["rows"]
    with pytest.raises(UserError, match=r"--before .*toys\.json: is not a result of this script"):
        feed.times_of(RESULTS / "toys.json")
    with pytest.raises(UserError, match="--steps 5: must be at least 20"):
        feed.main(feed.Feed(steps=5))


def test_streamed_data_are_timed(modules, tmp_path, monkeypatch):
    import feed

    monkeypatch.setattr(feed, "CASES", ((2, 1),))
    assert feed.main(feed.Feed(steps=4, per_dispatch=2, out=tmp_path / "few")) == 0
    (row,) = json.loads((tmp_path / "few.json").read_text())["rows"]
    assert row["read"] >= 2
    assert row["ideal"] == max(row["read"], row["compute"])
    assert "`few.json`" in (tmp_path / "few.md").read_text()


def test_a_reference_that_is_not_there_is_one_line(modules):
    import extractors

    for asked, fault in (
        (extractors.Extractors(Path("no-python")), "--reference-python no-python is not a program"),
        (extractors.Extractors(Path("no-python"), rounds=0), "--rounds 0: must be at least 1"),
        (extractors.Extractors(Path("no-python"), only=("inceptoin",)), "did you mean inception"),
    ):
        with pytest.raises(UserError, match=fault):
            extractors.main(asked)


@pytest.fixture
def parzen(modules):
    import parzen

    return parzen


def test_the_table_of_parzen_takes_scores_by_the_authors_protocol_alone(parzen):
    subject = {"step": 50 * parzen.EPOCH, "weights": "ema", "truncation": None}
    protocol = {
        "n_fake": 10_000,
        "n_real": 1000,
        "reference": {"split": "train[50000:51000]"},
        "held_out": {"split": "test"},
    }
    score = Score("parzen", "", "higher", {"mean": 190.0}, {}, protocol, subject)
    assert parzen.fits(score, 50, "ema")
    assert not parzen.fits(score, 50, "raw")
    assert not parzen.fits(score, 100, "ema")
    for changes in ({"n_fake": 9}, {"n_real": 9}, {"reference": {"split": "train"}}):
        other = dataclasses.replace(score, protocol=protocol | changes)
        assert not parzen.fits(other, 50, "ema")
    assert not parzen.fits(dataclasses.replace(score, metric="fd", protocol={}), 50, "ema")


def test_the_page_of_parzen_has_a_row_for_each_run_and_budget(parzen):
    value = {"mean": 190.04, "standard_error": 2.25, "sigma": 0.16681}
    rows = [{"seed": 0, "epochs": 50, "averaged": value, "last": {**value, "mean": 150.0}}]
    text = parzen.page(parzen.Parzen(epochs=(50,)), rows, "here")
    assert "| 0 | 50 | 190.0 ± 2.2 (sigma 0.167) | 150.0 ± 2.2 (sigma 0.167) |" in text
    assert "`python scripts/benchmarks/parzen.py --epochs 50`" in text
    for epochs in ((), (5,), (50, 0)):
        with pytest.raises(UserError, match="give multiples of 10"):
            parzen.main(parzen.Parzen(epochs=epochs))


def test_the_measured_number_of_gan_mnist_is_that_of_the_table_of_parzen():
    told = json.loads((RESULTS / "parzen.json").read_text())
    (result,) = quoted("gan")
    last = max(told["scores"], key=lambda row: row["epochs"])
    averaged, latest = (
        f"{last[name]['mean']:.1f} ± {last[name]['standard_error']:.1f}"
        for name in ("averaged", "last")
    )
    assert result.value == f"{averaged} with averaged weights, {latest} with the last ones"
    assert result.protocol == f"after {last['epochs']} epochs"
    assert result.command == told["command"]
    assert result.seeds == len({row["seed"] for row in told["scores"]})
