"""The engine of this machine: processes at the same time, each on its share of the machine."""

import os
import signal
import subprocess
import threading
import time

import pytest

from jaxgan.runs.folder import RunFolder, locked
from jaxgan.sweep import local
from jaxgan.sweep.engine import Command, run_one
from jaxgan.sweep.local import Local, parts, shares, shares_of_gpus, visible_gpus
from jaxgan.sweep.process import Signals


@pytest.fixture(autouse=True)
def shell(monkeypatch):
    """Commands are scripts of a shell, which start in no time."""

    def started(words, log, variables):
        with log.open("a") as said:
            script = ["sh", "-c", *words]
            return subprocess.Popen(script, stdout=said, env={**os.environ, **variables})

    monkeypatch.setattr("jaxgan.sweep.local.started", started)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def test_each_command_is_given_with_its_exit_code(log):
    expected = {"exit 0": 0, "exit 3": 3, "kill -9 $$": -9, "exit 75": 75}
    found = Local(1, print)([Command((script,), log) for script in expected], Signals())
    assert [(command.words[0], code) for command, code in found] == [*expected.items()]


def test_so_many_run_at_the_same_time_and_the_first_to_end_is_given_first(log, tmp_path):
    """Each of two waits for the other; a third one starts when there is room."""
    wait = "until test -e {there}; do sleep 0.01; done"
    first, second = tmp_path / "first", tmp_path / "second"
    scripts = [
        f"touch {first}; {wait.format(there=second)}; sleep 0.2",
        f"touch {second}; {wait.format(there=first)}",
        "true",
    ]
    taken = []

    def commands():
        for script in scripts:
            taken.append(script)
            yield Command((script,), log)

    found = []
    for command, code in Local(2, print)(commands(), Signals()):
        found.append((command.words[0], code))
        if len(found) == 1:
            assert taken == scripts[:2]
    assert found[0] == (scripts[1], 0)
    assert sorted(found) == sorted((script, 0) for script in scripts)


def test_processes_share_out_the_cores(log, monkeypatch):
    monkeypatch.setattr("jaxgan.sweep.local.visible_gpus", lambda variables: [])
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core cannot be shared out")
    script = "sleep 0.1; grep Cpus_allowed_list /proc/self/status"
    commands = [Command((script, str(number)), log) for number in range(2)]
    assert [code for _, code in Local(2, print)(commands, Signals())] == [0, 0]
    said = [line.split()[1] for line in log.read_text().splitlines()]
    assert len({*said}) == 2
    assert sorted(core for share in shares(2) for core in share.cores) == cores


def test_a_signal_reaches_all_that_run_and_no_other_is_started(log):
    script = "trap 'exit 75' TERM; echo ready; while :; do sleep 0.01; done"
    commands = [Command((script, str(number)), log) for number in range(3)]
    with Signals() as signals:

        def send():
            while not log.exists() or log.read_text().count("ready") < 2:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=send)
        thread.start()
        found = list(Local(2, print)(commands, signals))
        thread.join()
    assert sorted(found) == [(commands[0], 75), (commands[1], 75)]
    assert log.read_text().count("ready") == 2


def test_an_error_in_the_sweep_leaves_no_process_behind(log, tmp_path):
    on, off = tmp_path / "on", tmp_path / "off"
    script = f"trap 'touch {off}; exit' TERM; touch {on}; while :; do sleep 0.01; done"
    found = Local(2, print)([Command(("true",), log), Command((script,), log)], Signals())
    next(found)
    while not on.exists():
        time.sleep(0.01)
    with pytest.raises(OSError, match="no room"):
        found.throw(OSError("no room"))
    assert off.exists()


def test_a_run_that_another_process_trains_is_waited_for(log, tmp_path, monkeypatch):
    run, said = RunFolder(tmp_path / "run"), []
    command = Command((f"test -e {tmp_path / 'free'}",), log, (run,))
    monkeypatch.setattr("jaxgan.sweep.local.time.sleep", lambda seconds: held.set())
    held = threading.Event()

    def hold():
        with locked(run):
            ready.set()
            held.wait()
            (tmp_path / "free").touch()

    ready, other = threading.Event(), threading.Thread(target=hold)
    other.start()
    ready.wait()
    assert run_one(Local(1, said.append), command, Signals()) == 0
    other.join()
    assert said == [f"{run.path} is being trained by another process; waiting for it"]


def test_a_signal_ends_the_waiting(log, tmp_path):
    run = RunFolder(tmp_path / "run")
    with locked(run), Signals() as signals:
        command = Command(("touch", str(tmp_path / "started")), log, (run,))

        def commands():
            yield command._replace(runs=())
            signal.raise_signal(signal.SIGTERM)
            yield command

        found = list(Local(2, print)(commands(), signals))
    assert (command, 75) in found


@pytest.mark.parametrize(
    "whole, count, expected",
    [("abcd", 2, ["ab", "cd"]), ("abcde", 3, ["ab", "cd", "e"]), ("ab", 2, ["a", "b"])],
)
def test_parts_by_hand(whole, count, expected):
    assert parts(whole, count) == expected


def test_gpus_are_shared_out_and_several_processes_share_the_memory_of_one():
    assert shares_of_gpus(["0", "1", "2"], 2) == [
        {"CUDA_VISIBLE_DEVICES": "0,1"},
        {"CUDA_VISIBLE_DEVICES": "2"},
    ]
    found = shares_of_gpus(["4", "5"], 3)
    assert [share["CUDA_VISIBLE_DEVICES"] for share in found] == ["4", "5", "4"]
    assert {share["XLA_PYTHON_CLIENT_MEM_FRACTION"] for share in found} == {"0.375"}


def test_one_process_has_the_whole_machine():
    assert shares(1) == [local.Share({}, None)]


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "0,1"}, []),
        ({"CUDA_VISIBLE_DEVICES": "2,GPU-8932f937"}, ["2", "GPU-8932f937"]),
        ({"JAX_PLATFORMS": "cuda,cpu", "CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, []),
    ],
)
def test_the_gpus_that_the_environment_names(variables, expected):
    assert visible_gpus(variables) == expected


def test_the_gpus_that_the_driver_lists(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    tool.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    tool.chmod(0o755)
    assert visible_gpus({}) == ["0", "1"]
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert visible_gpus({}) == []
