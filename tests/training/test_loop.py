"""The loop by itself: a stub engine, and hooks that write down when they are called."""

import itertools
from types import SimpleNamespace

import jax.numpy as jnp
import pytest

from jaxgan.training import loop
from jaxgan.training.loop import Hook, Outcome, fit
from jaxgan.types import Mean


class Stub:
    """An engine that counts; the loss of step ``n`` is ``n``."""

    def __init__(self, longest=100, took=lambda: None):
        self.longest, self.took, self.calls = longest, took, []

    def __call__(self, state, step, count):
        assert state.step == step, "the state is the one that the last call returned"
        self.calls.append((step, count))
        self.took()
        losses = [Mean.of(float(number)) for number in range(step + 1, step + count + 1)]
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return SimpleNamespace(step=step + count), {"loss": total, "lazy": Mean.nothing()}


def start(step=0):
    return SimpleNamespace(step=step)


def noting(seen, name="hook", result=None):
    """A hook's action that notes its name and the step."""

    def act(info):
        assert info.state.step == info.step
        seen.append((name, info.step))
        return result

    return act


def test_hooks_are_called_at_the_multiples_of_their_cadences_and_at_the_last_step():
    seen = []
    hooks = [
        Hook(noting(seen, "a"), (4,)),
        Hook(noting(seen, "b"), (3, 6)),
        Hook(noting(seen), (0,)),
    ]
    state, outcome = fit(start(), Stub(), hooks, 10)
    steps = {name: [step for other, step in seen if other == name] for name in ("a", "b", "hook")}
    assert steps == {"a": [4, 8, 10], "b": [3, 6, 9, 10], "hook": [10]}
    assert outcome == Outcome("finished", 10)
    assert state.step == 10


def test_hooks_that_are_due_together_are_called_in_their_order():
    seen = []
    hooks = [Hook(noting(seen, name), (2,)) for name in ("z", "a", "m")]
    fit(start(), Stub(), hooks, 4)
    assert seen == [(name, step) for step in (2, 4) for name in ("z", "a", "m")]


def test_a_call_of_the_engine_never_passes_a_step_at_which_a_hook_is_due():
    engine = Stub(longest=3)
    fit(start(), engine, [Hook(noting([]), (4,)), Hook(noting([]), (5,))], 12)
    assert engine.calls == [(0, 3), (3, 1), (4, 1), (5, 3), (8, 2), (10, 2)]


def test_a_run_that_goes_on_keeps_the_cadences_of_one_that_was_not_stopped():
    seen = []
    engine = Stub()
    fit(start(7), engine, [Hook(noting(seen), (5,))], 12)
    assert engine.calls == [(7, 3), (10, 2)]
    assert seen == [("hook", 10), ("hook", 12)]


def test_a_finished_run_calls_nothing():
    seen, engine = [], Stub()
    state, outcome = fit(start(12), engine, [Hook(noting(seen), (1,))], 12)
    assert (engine.calls, seen, state.step) == ([], [], 12)
    assert outcome == Outcome("finished", 12)


def test_without_hooks_the_engine_decides_how_many_steps_a_call_trains():
    engine = Stub(longest=50)
    fit(start(), engine, [], 120)
    assert engine.calls == [(0, 50), (50, 50), (100, 20)]


def test_means_are_those_of_the_steps_since_the_meter_was_restarted():
    means = []

    def row(info):
        means.append((info.step, info.meter.steps, float(info.means["loss"])))
        assert "lazy" not in info.means, "what was never measured is left out"
        info.meter.restart()

    other = Hook(noting([]), (3,))  # does not restart it
    fit(start(), Stub(longest=2), [other, Hook(row, (4,))], 10)
    assert means == [(4, 4, 2.5), (8, 4, 6.5), (10, 2, 9.5)]


def test_a_hook_may_end_the_run_before_the_hooks_after_it():
    seen, engine = [], Stub()
    bad = Outcome("diverged", 4, "not finite: loss")
    hooks = [Hook(noting(seen, "stop", bad), (4,)), Hook(noting(seen, "save"), (2,))]
    _, outcome = fit(start(), engine, hooks, 12)
    assert outcome is bad
    assert seen == [("save", 2), ("stop", 4)]
    assert engine.calls == [(0, 2), (2, 2)]


def test_a_wish_to_stop_calls_the_hooks_that_want_to_know_and_ends_the_run():
    seen, asked = [], []

    def stop(before, step):
        asked.append((before, step))
        return "SIGTERM" if step >= 6 else ""

    hooks = [Hook(noting(seen, "save"), (10,), on_stop=True), Hook(noting(seen, "draw"), (10,))]
    state, outcome = fit(start(), Stub(longest=3), hooks, 12, stop)
    assert asked == [(0, 3), (3, 6)]
    assert seen == [("save", 6)]
    assert outcome == Outcome("interrupted", 6, "stopped by SIGTERM at step 6", "SIGTERM")
    assert state.step == 6


def test_a_wish_to_stop_at_the_last_step_interrupts_nothing():
    seen = []
    _, outcome = fit(start(), Stub(), [Hook(noting(seen), (0,))], 4, lambda before, step: "SIGINT")
    assert outcome == Outcome("finished", 4)
    assert seen == [("hook", 4)]


def test_a_fault_is_worth_more_than_a_wish_to_stop():
    bad = Outcome("diverged", 3)
    hooks = [Hook(noting([], result=bad), (9,), on_stop=True)]
    _, outcome = fit(start(), Stub(longest=3), hooks, 12, lambda before, step: "SIGTERM")
    assert outcome is bad


def test_every_call_of_the_engine_is_told():
    ticks = []
    fit(start(), Stub(longest=4), [Hook(noting([]), (6,))], 12, tick=ticks.append)
    assert ticks == [4, 6, 10, 12]


def test_scores_are_left_for_later_hooks_of_the_same_step():
    seen = []
    hooks = [
        Hook(lambda info: info.scores.append(info.step), (4,)),
        Hook(lambda info: seen.append(list(info.scores)), (2,)),
    ]
    fit(start(), Stub(), hooks, 8)
    assert seen == [[], [4], [], [8]]


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves when it is told to: ``clock.tick(seconds)``."""
    time = SimpleNamespace(now=100.0)

    def tick(seconds):
        time.now += seconds

    time.tick = tick
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: time.now))
    return time


def test_the_speed_counts_neither_the_compilation_nor_hooks(clock):
    """The first call takes 50 seconds, every other one second a step; hooks take 7 each."""
    durations = itertools.chain([50.0], itertools.repeat(2.0))
    engine = Stub(longest=2, took=lambda: clock.tick(next(durations)))
    speeds = []

    def row(info):
        speeds.append((info.meter.timed, info.meter.seconds))
        info.meter.restart()
        clock.tick(7.0)

    slow = Hook(lambda info: clock.tick(7.0), (2,))
    fit(start(), engine, [slow, Hook(row, (4,))], 12)
    assert speeds == [(2, 2.0), (4, 4.0), (4, 4.0)]


def test_a_row_right_after_the_compilation_has_no_speed(clock):
    engine = Stub(longest=4, took=lambda: clock.tick(3.0))
    timed = []

    def row(info):
        timed.append((info.meter.timed, info.meter.steps))
        info.meter.restart()

    fit(start(), engine, [Hook(row, (4,))], 8)
    assert timed == [(0, 4), (4, 4)]


def test_means_of_several_runs_may_be_arrays():
    """The loop does not take a mean for one number."""

    class Population(Stub):
        def __call__(self, state, step, count):
            state, _ = super().__call__(state, step, count)
            both = Mean(jnp.array([2.0, 6.0]) * count, jnp.full(2, float(count)))
            return state, {"loss": both}

    seen = []
    fit(start(), Population(longest=2), [Hook(lambda info: seen.append(info.means), (4,))], 4)
    assert seen[0]["loss"].tolist() == [2.0, 6.0]
