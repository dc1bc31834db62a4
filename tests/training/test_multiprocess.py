"""Two processes train one run, as on two hosts that have no disk in common."""

import re
import signal
import subprocess
import time

import jax
import numpy as np
import pytest

from jaxgan.evaluation import score
from support.tiny_runs import (
    TINY,
    config,
    contents,
    digest,
    free_address,
    process,
    rows,
    state_of,
    status,
)

pytest_plugins = ["support.run_fixtures"]

PROGRAM = """
from jaxgan.cli.main import main
from jaxgan.runs.checkpoint import digest
from jaxgan.runs.job_checkpoints import JobCheckpoints

save = JobCheckpoints.save

def told(checkpoints, step, state, score=None):
    print("saved", step, digest(state), flush=True)
    save(checkpoints, step, state, score)

JobCheckpoints.save = told
main()
"""
"""``jaxgan`` that says on every process what is saved, where only the first one writes it."""


def elsewhere(folder):
    """The folder that process 1 is given."""
    return folder.with_name(f"{folder.name}-of-process-1")


@pytest.fixture
def job(usual):
    """Starts two processes of one device each: ``job(folder, *flags, own=((), ()))``.

    Each has a folder; ``own`` are more flags of each.
    """
    children = []

    def start(folder, *flags, own=((), ())):
        address = free_address()
        for number in range(2):
            place = folder if number == 0 else elsewhere(folder)
            command = ("train", TINY, *usual, "--workdir", place, *flags, *own[number])
            place = ("--coordinator", address, "--num-processes", 2, "--process-id", number)
            children.append(process("-c", PROGRAM, *command, *place, devices=1))
        return children[-2:]

    yield start
    for child in children:
        child.kill()
        child.communicate(timeout=20)


def ended(children, timeout=120):
    """Exit codes and what the processes said; none waits longer than the timeout."""
    deadline = time.monotonic() + timeout
    said = []
    for child in children:
        try:
            said.append(child.communicate(timeout=max(deadline - time.monotonic(), 1))[0])
        except subprocess.TimeoutExpired:
            child.kill()
            said.append(child.communicate(timeout=20)[0])
    return [child.returncode for child in children], said


def saved(text):
    return dict(re.findall(r"saved (\d+) ([0-9a-f]{64})", text))


@pytest.mark.slow
def test_two_processes_train_one_run(job, trainer, tmp_path):
    """A signal to one of them stops both at the same step; one process then goes on."""
    run, alone = tmp_path / "run", tmp_path / "alone"
    scored = ("--evaluate-every", 12, "--evaluate-metrics", "fd", "--evaluate-num", 100)
    children = job(run, "--steps", 1_000_000, "--keep", 99, "--checkpoint-every", 12, *scored)
    deadline = time.monotonic() + 90
    while len(rows(run)) < 3:
        assert [child.poll() for child in children] == [None, None], ended(children)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children[1].send_signal(signal.SIGTERM)
    codes, said = ended(children, 60)
    assert codes == [75, 75], "\n".join(text[-3000:] for text in said)
    assert status(run)["outcome"] == "interrupted"
    last = status(run)["step"]
    assert saved(said[0]) == saved(said[1])
    assert {"12", str(last)} <= saved(said[0]).keys()
    assert saved(said[0])[str(last)] == digest(run)
    assert "step 12/" in said[0]
    assert "step 12/" not in said[1]
    assert config(run)["launches"][0]["environment"]["processes"] == 2

    # Only the first process writes: each row once, and one file of events.
    assert [row["step"] for row in rows(run)[:3]] == [4, 8, 12]
    assert len([path for path in contents(run) if path.startswith("tensorboard")]) == 1

    # The same rows and random numbers; gradients are summed by gloo in another program, and
    # Adam makes a full step of the smallest difference. A wrong batch shows at 1e-1.
    assert trainer(alone, "--checkpoint-every", 0, *scored) == 0
    for ours, theirs in zip(rows(run)[:3], rows(alone), strict=True):
        assert ours["d/loss"] == pytest.approx(theirs["d/loss"], rel=1e-3)
        assert ours["g/loss"] == pytest.approx(theirs["g/loss"], rel=1e-3)
    ours, theirs = state_of(run, 12).players["d"].params, state_of(alone).players["d"].params
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)

    # Each process drew and saw one of two blocks of images; the score is that of both.
    two, one = (score.read_scores(folder / "evaluations.jsonl")[0] for folder in (run, alone))
    score.column([two, one])
    assert two.subject["step"] == one.subject["step"] == 12
    assert two.value == pytest.approx(one.value, rel=0.05)

    before = digest(run)
    assert trainer(run, "--steps", last + 2, "--keep", 99) == 0
    assert int(state_of(run).step) == last + 2
    assert digest(run, last) == before


@pytest.mark.slow
def test_stopped_killed_and_resumed_two_processes_end_in_the_bits_of_an_undisturbed_run(
    job, tmp_path
):
    """Process 0 alone has files; what it reads, it tells the other."""
    flags = ("--steps", 120, "--checkpoint-every", 20, "--log-every", 20)
    whole, run = tmp_path / "whole", tmp_path / "run"
    codes, said = ended(job(whole, *flags))
    assert codes == [0, 0], said
    assert saved(said[0]) == saved(said[1])
    assert [*saved(said[0])] == ["20", "40", "60", "80", "100", "120"]
    assert status(whole)["outcome"] == "finished"

    def until(step):
        deadline = time.monotonic() + 90
        while not (run / "checkpoints" / str(step) / "commit_success.txt").exists():
            assert [child.poll() for child in children] == [None, None], ended(children)
            assert time.monotonic() < deadline
            time.sleep(0.002)

    children = job(run, *flags, "--keep", 9)
    until(20)
    children[0].send_signal(signal.SIGUSR2)  # as a scheduler does before a time limit
    codes, said = ended(children, 60)
    assert codes == [75, 75], said
    stopped = status(run)["step"]
    assert 20 <= stopped < 80
    children = job(run, *flags, "--keep", 9)
    until(80)
    for child in children:
        child.kill()
        child.wait()
    codes, said = ended(job(run, *flags))
    assert codes == [0, 0], said
    assert min(map(int, saved(said[0]))) > 80
    assert saved(said[0]) == saved(said[1])
    assert digest(run) == digest(whole) == saved(said[0])["120"]
    assert not elsewhere(run).exists()
    assert not elsewhere(whole).exists()


@pytest.fixture
def other_images(images, tmp_path):
    """The same images, but for one pixel."""
    arrays = dict(np.load(images))
    arrays["image"][7, 0, 0, 0] ^= 1
    np.savez(tmp_path / "images.npz", **arrays)
    return tmp_path / "images.npz"


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags, faults",
    [
        (
            ("--data", "npz:{other}"),
            ["Process 1 of this job differs from process 0 (fingerprint: "] * 2,
        ),
        (
            ("--data", "npz:{other}.none"),
            ["Process 1 of this job stopped: There is no file", "There is no file"],
        ),
    ],
)
def test_processes_that_differ_end_with_the_reason_on_each(
    flags, faults, job, other_images, tmp_path
):
    own = [flag.format(other=other_images) for flag in flags]
    codes, said = ended(job(tmp_path / "run", own=((), own)), 60)
    assert codes == [2, 2], said
    for text, fault in zip(said, faults, strict=True):
        assert fault in text
        assert "Traceback" not in text
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_folder_that_process_0_refuses_ends_both(job, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").touch()
    codes, said = ended(job(tmp_path / "run"), 60)
    assert codes == [2, 2], said
    assert "holds files but no run" in said[0]
    assert "Process 0 of this job stopped" in said[1]
    assert "holds files but no run" in said[1]
