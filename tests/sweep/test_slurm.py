"""The engine of a cluster, on stand-ins for Slurm's commands. ``tests/slurm`` has a real one."""

import json
import os
import signal
import subprocess

import cloudpickle
import pytest
import submitit

from jaxgan.errors import UserError
from jaxgan.sweep import slurm
from jaxgan.sweep.engine import Command
from jaxgan.sweep.process import Signals
from jaxgan.sweep.slurm import Slurm, Task, check_slurm, parse_options

TOOLS = {
    "srun": "",
    "sbatch": 'test -e {place}/full && {{ echo "sbatch: error: no such partition" >&2; exit 1; }}\n'
    'cat "$1" >>{place}/submitted; echo "Submitted batch job 7"',
    "sacct": "cat {place}/states",
    "squeue": "cat {place}/queue; : >{place}/queue",
    "scancel": 'echo "$@" >>{place}/cancelled',
}
"""What each command does; files in ``place`` say what Slurm would."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the stand-ins, which are the first on the path."""
    for name, script in TOOLS.items():
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\n{script.format(place=tmp_path)}\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(submitit.SlurmJob, "_results_timeout_s", 0)
    monkeypatch.setattr(slurm, "LOOK", 0.01)
    submitit.SlurmJob.watcher.clear()
    (tmp_path / "queue").touch()
    says(tmp_path, {})
    return tmp_path


def says(place, states):
    """What ``sacct`` says of jobs."""
    rows = ["JobID|State|NodeList", *(f"{job}|{state}|n1" for job, state in states.items())]
    (place / "states").write_text("\n".join(rows) + "\n")


@pytest.fixture
def engine(place):
    def make(jobs=None, **options):
        return Slurm(place / "slurm", options, jobs, lambda line: None)

    return make


@pytest.fixture
def commands(place):
    return [Command(("train", f"{number}.py"), place / "logs" / "log") for number in range(3)]


def results(place, codes):
    """What jobs leave that ran their commands to the end."""
    for job, code in codes.items():
        with (place / "slurm" / f"{job}_0_result.pkl").open("wb") as file:
            cloudpickle.dump(("success", code), file)


def known(place):
    return json.loads((place / "slurm" / "jobs.json").read_text())


def test_commands_are_one_array_and_each_is_given_with_its_exit_code(place, engine, commands):
    taken, states = [], {f"7_{number}": "RUNNING" for number in range(3)}
    says(place, states)

    def coming():
        for command in commands:
            taken.append(command)
            yield command

    (place / "slurm").mkdir()
    results(place, {"7_1": 3})
    found = engine(2, partition="gpu", reservation="mine")(coming(), Signals())
    assert next(found) == (commands[1], 3)
    assert taken == commands
    submitted = (place / "submitted").read_text()
    for line in ("array=0-2%2", "partition=gpu", "reservation=mine", "time=240", "signal=USR2@90"):
        assert f"#SBATCH --{line}\n" in submitted
    assert submitted.count("#!/bin/bash") == 1
    assert known(place) == {"train 0.py": "7_0", "train 2.py": "7_2"}
    results(place, {"7_0": 0})
    assert next(found) == (commands[0], 0)
    results(place, {"7_2": -9})
    assert list(found) == [(commands[2], -9)]
    assert known(place) == {}


def test_a_signal_ends_the_waiting_and_the_same_commands_find_their_jobs(place, engine, commands):
    (place / "slurm").mkdir()
    results(place, {"7_0": 0})
    with Signals() as signals:
        for command, _ in engine()(commands, signals):
            assert command == commands[0]
            signal.raise_signal(signal.SIGINT)
    assert known(place) == {"train 1.py": "7_1", "train 2.py": "7_2"}
    before = (place / "submitted").read_text()
    results(place, {"7_1": 0, "7_2": 0})
    assert sorted(engine()(commands[1:], Signals())) == [(command, 0) for command in commands[1:]]
    assert (place / "submitted").read_text() == before


def test_jobs_that_slurm_ended_are_run_again_unless_they_failed(place, engine, commands):
    says(place, {"7_0": "CANCELLED by 0", "7_1": "OUT_OF_MEMORY", "7_2": "TIMEOUT"})
    found = dict(engine()(commands, Signals()))
    assert [found[command] for command in commands] == [75, 1, 75]
    (line,) = commands[1].log.read_text().splitlines()
    assert line.startswith("jaxgan: job 7_1 ended as OUT_OF_MEMORY")


def test_an_error_in_a_job_is_told_by_its_last_line(place, engine, commands):
    (place / "slurm").mkdir()
    with (place / "slurm" / "7_0_result.pkl").open("wb") as file:  # one job is no array
        trace = "Traceback ...\n  File ...\nFileNotFoundError: no python\n"
        cloudpickle.dump(("error", trace), file)
    says(place, {"7": "FAILED"})
    assert list(engine()(commands[:1], Signals())) == [(commands[0], 1)]
    assert commands[0].log.read_text() == (
        "jaxgan: job 7 ended as FAILED: FileNotFoundError: no python\n"
    )


def test_jobs_are_cancelled_and_forgotten_once_they_have_left_the_queue(place, engine, commands):
    with Signals() as signals:
        signals.asked = None
        jobs = engine()._jobs_of(commands)
    assert len(jobs) == 3
    (place / "queue").write_text("7_0 completing\n")
    assert engine().cancel() == 3
    assert (place / "cancelled").read_text() == "7_0 7_1 7_2\n"
    assert (place / "queue").read_text() == ""
    assert known(place) == {}
    assert engine().cancel() == 0


def test_what_slurm_does_not_take_is_refused_with_its_reason(place, engine, commands):
    (place / "full").touch()
    with pytest.raises(UserError, match="does not take the jobs: sbatch: error: no such partition"):
        next(engine()(commands, Signals()))


def test_a_damaged_list_of_jobs_is_refused(place, engine, commands):
    (place / "slurm").mkdir()
    (place / "slurm" / "jobs.json").write_text("{")
    with pytest.raises(UserError, match=r"jobs.json is damaged .* end the jobs with scancel"):
        next(engine()(commands, Signals()))


def test_options_by_hand():
    words = ["time=60", "--gpus-per-node=2", "partition=gpu", "setup=module load cuda"]
    assert parse_options(words) == {
        "time": 60,
        "gpus_per_node": 2,
        "partition": "gpu",
        "setup": ["module load cuda"],
    }


def test_slurm_must_be_there(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="there is no sbatch on this machine"):
        check_slurm()


@pytest.fixture
def shell(monkeypatch):
    def started(words, log):
        return subprocess.Popen(["sh", "-c", *words])

    monkeypatch.setattr("jaxgan.sweep.slurm.started", started)


@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9)])
def test_a_job_returns_the_exit_code_of_its_command(script, code, shell, tmp_path):
    assert Task((script,), tmp_path / "log")() == code


class Requeued(BaseException):
    """Stands in for the end of a job that submitit requeues."""


@pytest.fixture
def handler():
    """Does at USR2 what submitit does."""
    tasks = []

    def handle(number, frame):
        raise Requeued(tasks[0].checkpoint())

    before = signal.signal(signal.SIGUSR2, handle)
    yield tasks
    signal.signal(signal.SIGUSR2, before)


def test_before_a_job_is_requeued_its_command_saves_and_ends(shell, handler, tmp_path):
    saved = tmp_path / "saved"
    script = f"""
        trap 'sleep 0.2; touch {saved}; exit 75' TERM
        sleep 0.3; kill -USR2 {os.getpid()}
        while :; do sleep 0.01; done
    """
    handler.append(Task((script,), tmp_path / "log"))
    with pytest.raises(Requeued) as found:
        handler[0]()
    assert saved.exists()
    assert handler[0]._child.wait() == 75
    again = found.value.args[0].function
    assert (again.words, again.log) == ((script,), tmp_path / "log")


def test_a_command_that_was_interrupted_alone_is_requeued(shell, handler, monkeypatch, tmp_path):
    monkeypatch.setattr("jaxgan.sweep.slurm.PATIENCE", 0.0)
    handler.append(Task(("exit 75",), tmp_path / "log"))
    with pytest.raises(Requeued):
        handler[0]()
    monkeypatch.setenv("SLURM_PROCID", "1")  # of several processes by the first alone
    assert handler[0]() == 75
