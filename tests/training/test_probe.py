"""How many runs are trained at once is decided by what was measured."""

import dataclasses
from types import SimpleNamespace

import jax
import pytest

from jaxgan.cli.experiment import default_settings
from jaxgan.experiment import load_experiment
from jaxgan.runs.settings import Runtime, with_flags
from jaxgan.training import probe
from jaxgan.training.population import Asked
from jaxgan.training.probe import Measured, _divides, choose, fastest, measure, seconds_of, sizes
from support.tiny_runs import TINY

SMALL = [Measured(1, 3.0, 0.13e-3), Measured(8, 4.0, 8 * 0.084e-3)]
"""A narrow perceptron on two cores: members together are faster than one by one."""

WIDE = [Measured(1, 3.2, 2.0e-3), Measured(16, 5.2, 16 * 2.4e-3)]
"""A wide one: they are slower, and one compilation is less than sixteen."""

CONVOLUTIONAL = [Measured(1, 6.0, 0.040), Measured(4, 20.0, 4 * 0.070)]


def test_groups_follow_each_other_and_each_is_a_process():
    one = Measured(4, start_seconds=3.0, step_seconds=0.5)
    assert seconds_of(one, runs=10, steps=20) == 3 * (3.0 + 20 * 0.5)


@pytest.mark.parametrize(
    "measured, runs, steps, expected",
    [
        (SMALL, 8, 20_000, 8),
        (SMALL, 2, 20_000, 1),  # 8 at once would train six that nobody asks for
        (WIDE, 16, 1_000, 16),  # 83 s by 44 s: each process has a start of its own
        (WIDE, 16, 20_000, 1),  # 691 s by 773 s
        (CONVOLUTIONAL, 4, 10, 4),
        (CONVOLUTIONAL, 4, 3_000, 1),
    ],
)
def test_the_way_that_takes_the_least_time_in_all_is_chosen(measured, runs, steps, expected):
    assert fastest(measured, runs, steps) == expected
    assert fastest(measured[::-1], runs, steps) == expected


@pytest.mark.parametrize("cache, starting", [("/kept", 1.0), (None, 5.0)])
def test_a_kept_program_is_started_anew_and_not_compiled(cache, starting, monkeypatch):
    """By a clock of its own: compiling takes 5 s, starting what is kept 1 s, a step 1/4 s."""
    clock, made = [0.0], []

    def engine(state, step, count):
        clock[0] += 0.25 * count
        return state, {}

    def make():
        clock[0] += 1.0 if made else 5.0
        made.append(0)
        return engine, 0

    engine.longest = 10
    monkeypatch.setattr(probe, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    before = jax.config.jax_compilation_cache_dir
    try:
        jax.config.update("jax_compilation_cache_dir", cache)
        found = probe._timed(4, make, 3.0, 2.0)
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
    assert found[:3] == (4, 3.0 + starting + 2 * 0.25, 0.25)


def test_what_does_not_fit_into_the_memory_is_not_chosen():
    measured = [Measured(1, 1.0, 1.0, 300), Measured(4, 1.0, 1.0, 600), Measured(8, 1.0, 1.0, 950)]
    assert fastest(measured, 8, 10, memory=1000) == 4
    assert fastest(measured, 8, 10) == 8
    assert fastest(measured, 8, 10, memory=100) == 1


def test_of_equal_numbers_the_smaller_is_chosen():
    assert fastest([Measured(4, 0.0, 1.0), Measured(2, 0.0, 0.5)], 4, 10) == 2


@pytest.mark.parametrize(
    "runs, tried", [(1, [1]), (3, [1, 3]), (16, [1, 4, 16]), (20, [1, 4, 16, 20])]
)
def test_powers_of_four_are_tried_and_all(runs, tried):
    assert sizes(runs) == tried


def test_what_cannot_be_divided_is_not_tried():
    assert _divides(3, "rows", 8, 64)
    assert not _divides(3, "rows", 8, 12)
    assert not _divides(3, "members", 8, 64)
    assert _divides(16, "members", 8, 3), "a device has whole batches"
    assert not _divides(1, "members", 8, 3)
    assert _divides(4, "auto", 8, 2)


@pytest.mark.slow
def test_both_ways_are_measured_and_nothing_is_written(tmp_path):
    experiment = load_experiment(TINY)
    training, _ = default_settings(experiment)
    runtime = with_flags(Runtime(), steps=1000, smoke=True, devices=2, workdir=tmp_path / "run")
    trainings = [dataclasses.replace(training, seed=seed) for seed in range(3)]
    configs, runtimes = [experiment.default()] * 3, [runtime] * 3
    asked = [Asked(*one) for one in zip(configs, trainings, runtimes, strict=True)]
    found = measure(experiment, asked, "auto", 0.05)
    assert [one.members for one in found] == [1, 3]
    assert all(one.start_seconds > one.step_seconds > 0 for one in found)
    assert choose(experiment, configs, trainings, runtimes, seconds=0.05) in (1, 3)
    assert not list(tmp_path.iterdir())
