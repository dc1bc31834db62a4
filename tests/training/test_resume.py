"""The same command again goes on as if it had never been stopped, bit for bit."""

import functools
import json
import os
import signal
import time

import jax
import numpy as np
import pytest

from jaxgan.runs import checkpoint
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.loop import Hook
from jaxgan.training.stop import Stop
from support.tiny_runs import (
    TINY,
    config,
    contents,
    digest,
    process,
    rows,
    state_of,
    status,
    unchanged,
)

pytest_plugins = ["support.run_fixtures"]

WAYS = {
    "loop": (),
    "single": ("--repeat", "single"),
    "shard_map": ("--backend", "shard_map"),
}
"""``single`` is another executable than ``loop`` and may differ from it in the last bits."""


@pytest.fixture(scope="module")
def straight(trainer, tmp_path_factory):
    """Runs of 12 steps without a stop, by the way that they repeat steps."""
    folder = tmp_path_factory.mktemp("straight")
    runs = {}

    def run(way="loop"):
        if way not in runs:
            runs[way] = folder / way
            assert trainer(runs[way], *WAYS[way]) == 0
        return runs[way]

    return run


@pytest.mark.parametrize("way", ["single", "shard_map"])
def test_a_run_in_parts_equals_a_run_in_one_go(way, straight, trainer, tmp_path):
    """Seven steps are no whole number of dispatches (of two), of rows, or of epochs."""
    for steps in (7, 12):
        assert trainer(tmp_path / "run", "--steps", steps, *WAYS[way]) == 0
    assert digest(tmp_path / "run") == digest(straight(way))


def test_rows_are_those_of_an_unbroken_run(straight, trainer, tmp_path):
    """Also after a kill: rows of steps that no checkpoint has seen are dropped."""
    run = tmp_path / "run"
    assert trainer(run, "--steps", 5) == 0
    with (run / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "d/loss": -77.0}\n{"step": 7, "d/lo')
    assert trainer(run) == 0
    assert rows(run) == rows(straight())
    assert {4, 8, 12} <= {row["step"] for row in rows(run)}
    assert digest(run) == digest(straight())


def test_streamed_data_pmap_and_shard_map_give_the_same_bits(straight, trainer, tmp_path):
    """Operational settings may change at each stop, and change no result."""
    assert trainer(tmp_path / "run", "--data-mode", "streamed", "--steps", 5) == 0
    changed = ("--backend", "shard_map", "--keep", 1, "--log-every", 6)
    assert trainer(tmp_path / "run", *changed) == 0
    assert digest(tmp_path / "run") == digest(straight()) == digest(straight("shard_map"))


def test_every_part_of_the_state_was_at_stake(straight):
    """What the digests above compare has moved, so that a part left out would show."""
    early, late = state_of(straight(), 10), state_of(straight(), 12)
    parts = lambda state: {  # noqa: E731
        **{
            f"{who}.{part}": getattr(player, part)
            for who, player in state.players.items()
            for part in ("params", "stats", "opt")
        },
        "ema.params": state.ema.params,
        "ema.stats": state.ema.stats,
        "adaptive": state.adaptive,
    }
    for name, before in parts(early).items():
        assert checkpoint.digest(before) != checkpoint.digest(parts(late)[name]), name
    assert int(late.step) == 12
    assert bool((jax.random.key_data(late.key) != jax.random.key_data(jax.random.key(0))).any())


def sending(signals):
    """A hook that sends this process the signal of a step, once: ``{step: signal}``."""

    def act(info):
        if number := signals.pop(info.step, None):
            os.kill(os.getpid(), number)

    return Hook(act, (4, 5))


def test_a_signal_ends_with_a_checkpoint_and_the_same_command_goes_on(
    straight, trainer, tmp_path, capsys
):
    """SIGTERM after step 4, while nothing is trained, then Ctrl-C after step 10."""
    run = tmp_path / "run"
    more = [sending({4: signal.SIGTERM, 10: signal.SIGINT})]
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    for step in (5, 12):
        name = "SIGTERM" if step == 5 else "SIGINT"
        assert trainer(run, "--steps", 13, more=more) == (75 if name == "SIGTERM" else 130)
        assert f"stopped by {name} at step {step}. The same command" in capsys.readouterr().out
        assert status(run)["outcome"] == "interrupted"
        assert status(run)["step"] == int(state_of(run).step) == step
    assert handlers == [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert digest(run) == digest(straight())
    assert rows(run) == rows(straight())


def test_a_signal_that_comes_in_the_last_steps_stops_nothing(trainer, tmp_path):
    """SIGTERM after step 5 of a run whose next stop is its last step."""
    run, signals = tmp_path / "run", {5: signal.SIGTERM}
    assert trainer(run, "--steps", 7, more=[sending(signals)]) == 0
    assert not signals
    assert status(run) == {"outcome": "finished", "step": 7, "note": ""}


def test_a_scheduler_may_send_several_signals_and_ctrl_c_then_ends_at_once():
    with Stop() as stop:
        assert stop(0, 1) == ""
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR2, signal.SIGTERM):
            signal.raise_signal(number)
        assert stop(1, 2) == "SIGUSR1"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_a_run_killed_by_signal_nine_goes_on(usual, trainer, tmp_path):
    run = tmp_path / "run"
    flags = ("--devices", 1, "--steps", 200, "--checkpoint-every", 20)
    command = ("train", TINY, *usual, *flags, "--workdir", run)
    child = process("-c", "from jaxgan.cli.main import main; main()", *command)
    try:
        deadline = time.monotonic() + 60
        while not (run / "checkpoints" / "20" / "commit_success.txt").exists():
            assert child.poll() is None, child.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.002)
    finally:
        child.kill()
        child.communicate(timeout=20)
    assert child.returncode == -signal.SIGKILL
    assert status(run)["outcome"] == "running"
    killed = read_metrics(run / "metrics.jsonl")[-1]["step"]
    assert 20 <= killed < 200
    assert trainer(run, *flags) == 0
    assert trainer(tmp_path / "whole", *flags) == 0
    assert digest(run) == digest(tmp_path / "whole")
    assert rows(run) == rows(tmp_path / "whole")


def test_a_finished_run_says_so_and_touches_nothing(copy, trainer, capsys):
    before = contents(copy)
    assert trainer(copy, "--seed", "3") == 0
    assert "already at step 12; raise --steps" in capsys.readouterr().out
    after = contents(copy)
    assert [name for name in after if after[name] != before[name]] == ["config.json"]


def test_a_run_killed_after_its_last_checkpoint_is_finished_by_the_same_command(copy, trainer):
    for text in ('{"outcome": "running", "step": 10, "note": ""}', "{"):
        (copy / "status.json").write_text(text)
        assert trainer(copy, "--seed", "3") == 0
        assert status(copy) == {"outcome": "finished", "step": 12, "note": ""}


def test_a_run_that_diverged_does_not_become_a_finished_one(copy, trainer):
    (copy / "status.json").write_text('{"outcome": "diverged", "step": 15, "note": "nan"}')
    assert trainer(copy, "--seed", "3") == 0
    assert status(copy)["outcome"] == "diverged"


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_devices(trainer, tmp_path):
    """Eight, one, four devices: the state is the same in every bit when it is read back."""
    run = tmp_path / "run"
    assert trainer(run, "--devices", 8, "--steps", 2) == 0
    for devices, steps in ((1, 3), (4, 4)):
        before = digest(run)
        seen = []
        looking = functools.partial(Looking, seen)
        flags = ("--devices", devices, "--steps", steps)
        assert trainer(run, *flags, make_engine=looking) == 0
        assert seen == [(before, devices)]
        assert int(state_of(run).step) == steps
        assert config(run)["launches"][-1]["environment"]["devices"] == devices
    assert digest(run) != before


class Looking(CompiledEngine):
    """Notes which state it is first called with, and on how many devices that is."""

    def __init__(self, seen, *parts):
        super().__init__(*parts)
        self.seen, self.first = seen, True

    def __call__(self, state, step, count):
        if self.first:
            places = {len(leaf.sharding.device_set) for leaf in jax.tree.leaves(state)}
            self.seen.append((checkpoint.digest(state), *places))
            self.first = False
        return super().__call__(state, step, count)


@pytest.mark.parametrize(
    "flag, difference",
    [
        (("--learning-rate", "0.02"), "learning_rate: 0.01 -> 0.02"),
        (("--width", "9"), "width: 8 -> 9"),
        (("--batch-size", "16"), "batch_size: 8 -> 16"),
        (("--seed", "4"), "seed: 3 -> 4"),
        (("--channels", "3"), "channels: None -> 3"),
        (("--split", "train[:40]"), "size: 50 -> 40"),
    ],
)
def test_a_resume_with_another_identity_is_refused(flag, difference, copy, usual, refused):
    flags = ("--workdir", copy, *usual, "--seed", 3, "--steps", 20)
    with unchanged(copy):
        said = refused(("train", TINY, *flags, *flag), "holds another run", "--workdir")
    assert difference in said


def test_changed_data_are_another_run(copy, images, usual, refused):
    """The same name with other content is told by its fingerprint."""
    kept = images.read_bytes()
    try:
        rows = dict(np.load(images))
        rows["image"][7, 0, 0, 0] ^= 1
        np.savez(images, **rows)
        with unchanged(copy):
            refused(("train", TINY, *usual, "--seed", 3, "--workdir", copy), "fingerprint: ")
    finally:
        images.write_bytes(kept)


def test_a_run_of_an_older_format_is_refused(copy, usual, refused):
    """One line says which version reads it."""
    (copy / "config.json").write_text('{"format": 1, "identity": {}, "launches": []}')
    with unchanged(copy):
        command = ("train", TINY, *usual, "--seed", 3, "--workdir", copy)
        refused(command, "has format 1, which jaxgan 0.1.0 reads")
        refused(("sample", copy), "has format 1, which jaxgan 0.1.0 reads")


def test_a_run_of_a_newer_format_is_refused(copy, usual, refused):
    newer = config(copy) | {"format": 99}
    (copy / "config.json").write_text(json.dumps(newer))
    with unchanged(copy):
        command = ("train", TINY, *usual, "--seed", 3, "--workdir", copy)
        refused(command, "format 99", "Update jaxgan")
        refused(("sample", copy), "format 99", "Update jaxgan")


def flat(settings):
    """Settings by name, without their groups."""
    found = {}
    for name, value in settings.items():
        found |= flat(value) if isinstance(value, dict) else {name: value}
    return found


def test_every_launch_is_recorded(copy, trainer, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", os.environ["XLA_FLAGS"])
    changed = ("--backend", "shard_map", "--deterministic", "--keep", 3)
    assert trainer(copy, "--seed", 3, *changed) == 0
    first, second = config(copy)["launches"]
    for name, value in {"backend": "shard_map", "deterministic": True, "keep": 3}.items():
        before, after = (flat(launch["runtime"])[name] for launch in (first, second))
        assert before != after == value
    assert first["environment"]["packages"]["jax"] == jax.__version__
    assert "--xla_gpu_deterministic_ops=true" in second["environment"]["xla_flags"]
