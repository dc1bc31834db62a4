"""The tables of scripts/benchmarks: their statistics, and what they say of runs that diverged."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from jaxgan.errors import UserError
from jaxgan.evaluation.metrics import METRICS

BENCHMARKS = Path(__file__).parent.parent / "scripts" / "benchmarks"


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
    sound = comparison.Run(0, "finished", {"m/x": 0.5}, {}, 10.0, "cpu", None)
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


def test_every_method_is_an_experiment_with_these_knobs(modules):
    comparison, toys, fashion, stacked = modules
    for data in ("ring", "grid"):
        for method in (*toys.METHODS, *(toys.small(m, data) for m in toys.METHODS)):
            experiment = comparison.load_experiment(comparison.EXPERIMENTS / f"{method.file}.py")
            experiment.config(**method.changes)  # a knob that is not there is a TypeError
            assert method.published[data]
    for script in (fashion, stacked):
        for method in script.METHODS:
            experiment = comparison.load_experiment(comparison.EXPERIMENTS / f"{method.file}.py")
            experiment.config(**method.changes)
            assert experiment.data.partition(":")[0] == script.DATA.partition(":")[0]
            rows = method.batch_size or experiment.batch_size
            assert rows % method.changes.get("packing", 1) == 0


def test_a_budget_of_updates_is_a_number_of_whole_steps(modules):
    _, _, fashion, _ = modules
    wgan = next(m for m in fashion.METHODS if m.name == "WGAN")
    assert fashion.settings(fashion.Fashion(critic_steps=1000), wgan)["steps"] == 200
    with pytest.raises(UserError, match="give a multiple"):
        fashion.settings(fashion.Fashion(critic_steps=1001), wgan)


def test_the_pages_show_values_that_the_metrics_have(modules):
    """Every column is a value of a metric, and every row of both tables is rendered."""
    comparison, toys, fashion, stacked = modules
    for script in (toys, fashion, stacked):
        for value in script.VALUES:
            metric, _, name = value.partition("/")
            assert name in METRICS[metric].names, value
    perfect = {"modes": 8, "perfect_high_quality": 0.9889, "perfect_kl": 0.0015}
    stamp = {"modes": {"parameters": perfect, "classifier_accuracy": 0.9065}}
    asked = toys.Toys(steps=20, networks="small", seeds=1)
    run = comparison.Run(0, "finished", dict.fromkeys(toys.VALUES, 0.5), stamp, 10.0, "cpu", "abc")
    tables = {data: {m.name: [run] for m in toys.METHODS} for data in ("ring", "grid")}
    page, around = toys.text(asked, toys.METHODS, tables)
    assert "commit abc" in around
    assert "20,000.0 times as many" in page
    for method in toys.METHODS:
        for published in (*method.published["ring"], *method.published["grid"]):
            assert published in page
    # Of 1250 samples of high quality on 8 modes: about (8 - 1) / (2 * 1250).
    assert "| PacGAN3 | 300 | 1 | 0.50 | 50.0 | 0.500 | 10 | 0.003 | +0.000 |" in page
    values, floor = (dict.fromkeys(fashion.VALUES, value) for value in (0.5, 0.25))
    run = dataclasses.replace(run, values=values, floor=floor)
    table = {method.name: [run] for method in fashion.METHODS}
    page, _ = fashion.text(fashion.Fashion(critic_steps=1000), fashion.METHODS, table)
    assert "90.65 % on the test split" in page
    assert "15.6 times as many" in page
    assert "| WGAN | 1 | 0.5 | 0.500 |" in page
    assert "| real images | - | 0.2 | 0.250 |" in page
    assert len({line.count("|") for line in page.splitlines() if line.startswith("|")}) == 1
    stamp = {"modes": {"parameters": {"classes": 1000, "perfect_kl": 0.0193}}}
    stamp["modes"]["classifier_accuracy"] = 0.99
    run = dataclasses.replace(run, protocol=stamp, values=dict.fromkeys(stacked.VALUES, 0.5))
    table = {method.name: [run] for method in stacked.METHODS}
    page, _ = stacked.text(stacked.Stacked(steps=100_000), stacked.METHODS, table)
    assert "PacGAN's table has 100,000, as many" in page
    assert "1000 modes, reverse KL\n  0.0193 nats" in page
    told = "| PacDCGAN2 | 128 | 1 | 0.5 | 0.500 | 10 | +0.000 | 1000.0 ± 0.00; 0.06 ± 0.003 |"
    assert told in page


def test_a_value_less_the_plain_game_s(modules):
    comparison, *_ = modules
    run = comparison.Run(0, "finished", {"m/x": 0.5}, {}, None, "cpu", None)
    lost = dataclasses.replace(run, outcome="diverged", values={})
    table = {"GAN": [dataclasses.replace(run, values={"m/x": 2.0}), lost], "better": [run, lost]}
    assert comparison.against(table, "better", "GAN", "m/x", 2) == "-1.50"
    assert comparison.against(table, "GAN", "GAN", "m/x", 2) == "-"
    assert comparison.against({"better": [run]}, "better", "GAN", "m/x", 2) == "-"


def test_unknown_methods_are_refused(modules):
    comparison, toys, *_ = modules
    assert comparison.chosen(("PacGAN2",), toys.METHODS) == [toys.METHODS[1]]
    assert comparison.chosen((), toys.METHODS) == list(toys.METHODS)
    with pytest.raises(UserError, match="No method PacGAN9; did you mean"):
        comparison.chosen(("PacGAN9",), toys.METHODS)


def test_experiments_quote_the_table_of_toys_as_it_is(modules):
    """Every finished method on both data, with its mean and deviation, seeds and command."""
    comparison, toys, *_ = modules
    told = json.loads((BENCHMARKS / "toys.json").read_text())
    quoted = set()
    for file in {method.file for method in toys.METHODS}:
        for result in comparison.load_experiment(comparison.EXPERIMENTS / f"{file}.py").results:
            data, _, name = result.metric.partition(":")[0].partition(", ")
            runs = told["runs"][data][name]
            values = [
                comparison.summary([factor * run["values"][value] for run in runs], digits)
                for value, (factor, digits) in toys.VALUES.items()
            ]
            expected = "; ".join(value.partition(" [")[0] for value in values)
            assert result.ours.partition(" (")[0] == expected, result.metric
            assert (result.seeds, result.command) == (len(runs), told["command"])
            quoted.add((data, name))
    assert quoted == {(data, name) for data, table in told["runs"].items() for name in table}
