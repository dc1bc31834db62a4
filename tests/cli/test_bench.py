"""``jaxgan bench``, and the arithmetic of what it prints."""

import json

import pytest

from jaxgan.training.bench import TimedHook, Times, share_due
from jaxgan.training.loop import Hook, Outcome
from support.tiny_runs import TINY

pytest_plugins = ["support.run_fixtures"]


@pytest.mark.parametrize(
    "every, due",
    [((4,), 1 / 4), ((4, 6), 1 / 4 + 1 / 6 - 1 / 12), ((0, 5), 1 / 5), ((0,), 0.0), ((), 0.0)],
)
def test_the_share_of_steps_at_which_a_hook_is_due(every, due):
    assert share_due(Hook(lambda info: None, every)) == pytest.approx(due)


def test_what_the_loop_and_its_hooks_add():
    hooks, due = {"save": [0.1, 0.3, 0.2], "score": [7.0]}, {"save": 0.01, "score": 0.1}
    times = Times("resident", 5, 10, [0.1, 0.2], [0.11, 0.21], hooks, due)
    assert times.loop_adds == pytest.approx([0.1, 0.05])
    assert times.hook_adds("save") == pytest.approx(0.01 * 0.2 / 0.15)
    assert times.adds(without=["score"]) == pytest.approx(0.075 + 0.01 * 0.2 / 0.15)


def test_a_timed_hook_does_what_the_hook_does():
    timed = TimedHook(Hook(lambda info: Outcome("diverged", info), (3,)))
    assert timed(7) == Outcome("diverged", 7)  # type: ignore[arg-type]
    assert len(timed.seconds) == 1


@pytest.mark.slow
def test_a_bench_times_both_ways_of_the_data(command, images, tmp_path):
    out = tmp_path / "new" / "tiny.json"
    words = ["--data", f"npz:{images}", "--repeat", "single", "--devices", 2, "--log-every", 3]
    code, said = command(
        ["bench", TINY, *words, "--seconds", 0.01, "--turns", 2, "--out", out, "--seed", 3]
    )
    assert code == 0, said
    assert "loop, rows and checkpoints add, %" in said
    found = json.loads(out.read_text())
    assert [times["mode"] for times in found["times"]] == ["resident", "streamed"]
    assert found["training"]["seed"] == 3
    for times in found["times"]:
        assert times["due"]["write_row"] == pytest.approx(1 / 3 + 1 / 1000 - 1 / 3000)
        assert len(times["bare"]) == len(times["loop"]) == 2
        assert all(len(seconds) >= 2 for seconds in times["hooks"].values())
        assert min(times["bare"] + times["loop"]) > 0
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("flags", [("--turns", 0), ("--seconds", 0), ("--coordinator", "here:1")])
def test_a_bench_refuses_what_it_cannot_time(flags, refused):
    refused(["bench", TINY, *flags], flags[0])
