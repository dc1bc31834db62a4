"""On a real Slurm: what is preempted or reaches its time limit ends in the same numbers.

``scripts/slurm_test_cluster`` starts one of two nodes; elsewhere these tests are skipped. A run is
slow in a job until it is requeued, so that it cannot end before it is disturbed, on any machine.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from jaxgan.runs.exit_codes import EXIT_INTERRUPTED
from support.tiny_runs import TINY, digest, free_address, process, rows, status

pytest_plugins = ["support.run_fixtures"]

ROOT = Path(__file__).parents[2]

JAXGAN = "from jaxgan.cli.main import main; main()"

SLOWLY = """
import os
import time

from jaxgan.training import loop

if "SLURM_JOB_ID" in os.environ and "SLURM_RESTART_COUNT" not in os.environ:
    pause = loop.Meter.pause

    def slowly(meter):
        time.sleep(1.0)
        return pause(meter)

    loop.Meter.pause = slowly
"""


def said_by(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def there_is_a_cluster():
    if not (os.environ.get("SLURM_CONF") and shutil.which("sbatch")):
        return False
    return "high" in said_by("sinfo", "--noheader", "--format=%R")


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not there_is_a_cluster(), reason="scripts/slurm_test_cluster start"),
]


def until(holds, child=None, seconds=180):
    """Waits; ``child`` must not end meanwhile."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert child is None or child.poll() is None, child.communicate()[0]
        assert time.monotonic() < deadline, said_by("squeue")
        time.sleep(0.2)


def checkpoints(run):
    return [*run.glob("checkpoints/*/commit_success.txt")]


def restarts(job):
    """How often each job of an array, or one job, was requeued."""
    return list(map(int, re.findall(r"Restarts=(\d+)", said_by("scontrol", "show", "job", job))))


def job_of(sweep):
    """The number of a sweep's job, or of its array."""
    (job,) = {one.partition("_")[0] for one in jobs_of(sweep).values()}
    return job


def jobs_of(sweep):
    file = sweep / "slurm" / "jobs.json"
    return json.loads(file.read_text()) if file.exists() else {}


def states(sweep):
    return [trial["state"] for trial in json.loads((sweep / "sweep.json").read_text())["trials"]]


def preempt(node):
    """A job of a higher priority takes a node for a moment."""
    said_by(
        "sbatch",
        "--partition=high",
        f"--nodelist={node}",
        "--exclusive",
        "--output=/dev/null",
        "--wrap=true",
    )


class Place:
    """A folder with an experiment, and what is started there."""

    def __init__(self, folder, usual):
        self.folder, self.children = folder, []
        self.file = folder / "slow.py"
        self.file.write_text(TINY.read_text() + SLOWLY)
        steps = ("--steps", 300, "--checkpoint-every", 5, "--log-every", 5, "--keep", 99)
        self.flags = (*usual[:3], *usual[5:9], *steps, "--sample-every", 0)

    def start(self, *words):
        self.children.append(process("-c", JAXGAN, *words, devices=1, cwd=self.folder))
        return self.children[-1]

    def sweep(self, name, *flags):
        words = ("sweep", self.file, *self.flags, "--workdir", self.folder / name, *flags)
        return self.start(*words)

    def run(self, name, seed=0):
        return self.folder / name / "trials" / "slow" / f"seed-{seed}"


@pytest.fixture(scope="module")
def place(usual, tmp_path_factory):
    found = Place(tmp_path_factory.mktemp("slurm"), usual)
    yield found
    for child in found.children:
        child.kill()
        if not child.stdout.closed:
            child.communicate()
    jobs = {
        job for sweep in found.folder.iterdir() if sweep.is_dir() for job in jobs_of(sweep).values()
    }
    if jobs:
        said_by("scancel", *jobs)


def ended(child):
    said, _ = child.communicate(timeout=300)
    return child.returncode, said


@pytest.fixture(scope="module")
def nodes():
    return sorted({*said_by("sinfo", "--noheader", "--Node", "--format=%N").split()}, key=len)


LIMIT = ("--slurm", "time=1", "--slurm", "signal_delay_s=5")


@pytest.fixture(scope="module")
def limited(place, nodes):
    """A sweep whose job reaches its limit, which takes a minute, while other tests go on."""
    flags = ("--seeds", "0", "--engine", "slurm", "--slurm", f"nodelist={nodes[0]}", *LIMIT)
    return place.sweep("limited", *flags)


@pytest.fixture(scope="module")
def whole(limited, place):
    """The same trials, trained here and undisturbed."""
    code, said = ended(place.sweep("whole", "--seeds", "0:2"))
    assert code == 0, said
    return place


def test_jobs_that_are_preempted_go_on_and_a_sweep_finds_its_jobs_again(whole, place, nodes):
    flags = ("--seeds", "0:2", "--engine", "slurm", "--slurm", f"nodelist={nodes[1]}")
    sweep, trials = place.folder / "s", [place.run("s", seed) for seed in (0, 1)]
    child = place.sweep("s", *flags)
    until(lambda: all(map(checkpoints, trials)), child)
    child.send_signal(signal.SIGINT)  # which ends the waiting, and no job
    code, said = ended(child)
    assert code == EXIT_INTERRUPTED, said
    assert states(sweep) == ["queued", "queued"]
    job = job_of(sweep)
    shown, _ = place.start("status", sweep).communicate(timeout=120)
    assert "2 runs: 2 running" in shown
    preempt(nodes[1])
    until(lambda: restarts(job) == [1, 1])
    assert all(0 < status(run)["step"] < 300 for run in trials)
    code, said = ended(place.sweep("s", *flags))
    assert code == 0, said
    assert f"squeue --job {job}" in said
    assert "2 finished" in said
    for seed, run in enumerate(trials):
        assert digest(run) == digest(place.run("whole", seed))
        assert rows(run)[-1] == rows(place.run("whole", seed))[-1]
    assert jobs_of(sweep) == {}


def test_a_data_parallel_run_on_two_nodes_is_preempted_and_goes_on(whole, place, nodes):
    two = ("--slurm", "nodes=2", "--slurm", "ntasks_per_node=1")
    flags = ("--seeds", "0", "--engine", "slurm", *two, "--distributed")
    child = place.sweep("two", *flags)
    run = place.run("two")
    until(lambda: checkpoints(run), child)
    preempt(nodes[1])
    job = job_of(place.folder / "two")
    until(lambda: restarts(job) == [1])
    assert 0 < status(run)["step"] < 300
    code, said = ended(child)
    assert code == 0, said
    assert json.loads((run / "config.json").read_text())["environment"]["processes"] == 2
    address = free_address()
    for number in (0, 1):
        own = ("--coordinator", address, "--num-processes", 2, "--process-id", number)
        train = ("train", place.file, *place.flags, "--workdir", place.folder / f"pair-{number}")
        place.start(*train, *own)
    assert [ended(child)[0] for child in place.children[-2:]] == [0, 0]
    assert digest(run) == digest(place.folder / "pair-0")


def test_a_job_that_reaches_its_time_limit_goes_on(limited, whole, place):
    code, said = ended(limited)
    assert code == 0, said
    assert digest(place.run("limited")) == digest(place.run("whole"))
    log = (place.folder / "limited" / "slurm").glob("*_log.*")
    assert "this job is timed-out" in "".join(file.read_text() for file in log)


def test_the_template_requeues_what_was_interrupted_and_not_what_was_cancelled(whole, place):
    """``sbatch`` has the environment of a process with one device, as all runs here."""
    become = "import os, sys; os.execvp('sbatch', sys.argv)"
    options = ("--parsable", f"--output={place.folder}/%j.log", ROOT / "scripts/slurm.sbatch")
    jobs, runs = [], [place.folder / "job-0", place.folder / "job-1"]
    for seed, run in enumerate(runs):
        train = ("train", place.file, *place.flags, "--seed", seed, "--workdir", run)
        child = process("-c", become, *options, *train, devices=1, cwd=ROOT)
        jobs.append(child.communicate(timeout=60)[0].strip())
    until(lambda: all(map(checkpoints, runs)))
    said_by("scancel", "--signal=USR1", jobs[0])  # as before the time limit
    said_by("scancel", jobs[1])
    until(lambda: said_by("squeue", "--noheader") == "")
    assert restarts(jobs[0]) == [1]
    assert status(runs[0])["outcome"] == "finished"
    assert digest(runs[0]) == digest(place.run("whole"))
    assert restarts(jobs[1]) == [0]
    assert status(runs[1])["outcome"] == "interrupted"


def test_a_sweep_is_taken_out_of_the_queue(place):
    flags = ("--seeds", "5", "--engine", "slurm")
    child = place.sweep("c", *flags)
    run = place.run("c", 5)
    until(lambda: checkpoints(run), child)
    child.send_signal(signal.SIGTERM)
    assert ended(child)[0] == 75
    code, said = ended(place.sweep("c", *flags, "--cancel"))
    assert "1 jobs taken out of Slurm's queue" in said
    assert code == 75
    assert states(place.folder / "c") == ["interrupted"]
    assert status(run)["outcome"] == "interrupted"
    assert said_by("squeue", "--noheader") == ""
    assert jobs_of(place.folder / "c") == {}


def test_what_slurm_does_not_take_is_refused(place):
    code, said = ended(place.sweep("r", "--engine", "slurm", "--slurm", "partition=none"))
    assert code == 2
    assert "Slurm does not take the jobs" in said
    assert "invalid partition" in said
    assert "Traceback" not in said
