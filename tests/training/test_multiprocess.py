"""Two processes train one run, as on two hosts."""

import re
import signal
import socket
import subprocess
import time

import jax
import numpy as np
import pytest

from jaxgan.evaluation import score
from support.tiny_runs import TINY, config, contents, digest, process, rows, state_of, status

pytest_plugins = ["support.run_fixtures"]

PROGRAM = """
from jaxgan.cli.main import main
from jaxgan.runs import checkpoint

save = checkpoint.Checkpoints.save

def told(checkpoints, step, state, score=None):
    print("saved", step, checkpoint.digest(state), flush=True)
    save(checkpoints, step, state, score)

checkpoint.Checkpoints.save = told
main()
"""
"""``jaxgan`` that says on every process what is saved, where only the first one writes it."""


@pytest.fixture
def job(usual):
    """Starts two processes of one device each: ``job(folder, *flags)``."""
    children = []

    def start(folder, *flags):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        for number in range(2):
            command = ("train", TINY, *usual, "--workdir", folder, *flags)
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
def test_two_processes_end_together(job, tmp_path):
    codes, said = ended(job(tmp_path / "run"))
    assert codes == [0, 0], said
    assert saved(said[0]).keys() == {"5", "10", "12"}
    assert saved(said[0]) == saved(said[1])
    assert saved(said[0])["12"] == digest(tmp_path / "run")
    assert status(tmp_path / "run")["outcome"] == "finished"
