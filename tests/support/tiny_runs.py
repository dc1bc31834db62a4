"""Reading and starting runs of ``tiny.py``."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import jax

from jaxgan.experiment import initial_state
from jaxgan.runs import checkpoint
from jaxgan.runs.folder import RunFolder
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.sampling.load import load_state, rebuild

TESTS = Path(__file__).parent
TINY = TESTS / "tiny.py"
EXPERIMENTS = sorted((TESTS.parents[1] / "experiments").glob("*.py"))
SPEED = ("seconds", "steps_per_second", "images_per_second")


def state_of(folder, step=None):
    return load_state(folder, step).state


def digest(folder, step=None):
    """Digest of a run's newest state, or of that at ``step``, as read back."""
    return checkpoint.digest(state_of(folder, step))


def rows(folder):
    """The rows of metrics, without what the clock says."""
    kept = read_metrics(Path(folder) / "metrics.jsonl")
    return [{name: row[name] for name in row if name not in SPEED} for row in kept]


def status(folder):
    return json.loads((Path(folder) / "status.json").read_text())


def config(folder):
    return json.loads((Path(folder) / "config.json").read_text())


def rewrite(folder, change):
    """Edits a run's description: ``change`` is called with it."""
    described = config(folder)
    change(described)
    (folder / "config.json").write_text(json.dumps(described))


def untrained(folder, described, run):
    """Fills a new folder: the experiment of ``run``, described so, before its first step."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(described))
    shutil.copy(run / "experiment.py", folder)
    built = rebuild(RunFolder(folder))
    with checkpoint.Checkpoints(folder / "checkpoints") as checkpoints:
        state = jax.jit(lambda: initial_state(built.gan, jax.random.key(0), built.task))()
        checkpoints.save(1, state)
    return folder


def contents(folder):
    """Every file below ``folder`` and what it holds."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@contextlib.contextmanager
def unchanged(folder):
    """Asserts that nothing in ``folder`` is touched."""
    before = contents(folder)
    yield
    after = contents(folder)
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name]] == []


def as_users_compile():
    """The environment without the tests' compiler flags, which make a training run slowly."""
    flags = ("XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS")
    return {name: value for name, value in os.environ.items() if name not in flags}


def process(*words, devices=8, **options):
    """Starts ``python WORDS`` with ``devices`` CPU devices."""
    flags = re.sub(r"(device_count)=\d+", rf"\1={devices}", os.environ["XLA_FLAGS"])
    settings = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    environment = {**os.environ, "XLA_FLAGS": flags}
    return subprocess.Popen(
        [sys.executable, *map(str, words)], env=environment, **settings | options
    )


def free_address():
    """``host:port`` of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"
