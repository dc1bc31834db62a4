"""Times how long a run takes to its first step, with and without kept programs.

``python scripts/benchmarks/start.py`` writes start.md and start.json in ``results``. Every start is
a process of its own: the time runs from before Python starts until the first step is done, and has
imports, opening the data, tracing and compiling in it. It needs Fashion-MNIST.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from pages import RESULTS, load, rows

from jaxgan.files import write_json
from jaxgan.runs.environment import processor

ROOT = Path(__file__).parents[2]
CASES = {"gan_ring": ("gan_ring.py",), "dcgan, fashion_mnist": ("dcgan.py", "fashion_mnist")}
WARM = 3
"""Starts with kept programs; the one before them compiles."""

PROGRAM = """
import functools, sys, time
import jax
from jaxgan.cli.experiment import run
from jaxgan.experiment import load_experiment
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.train import train

class First(CompiledEngine):
    def __call__(self, *call):
        jax.block_until_ready(super().__call__(*call))
        print(time.time())
        raise SystemExit

trainer = functools.partial(train, make_engine=First)
run(load_experiment(sys.argv[1]), sys.argv[2:], "start", trainer)
"""


def first_step(words: tuple[str, ...], environment: dict[str, str]) -> float:
    """Seconds from before a process starts until its first step is done."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, f"experiments/{words[0]}", *words[1:]]
        began = time.time()
        child = subprocess.run(
            [*command, "--workdir", f"{folder}/run"],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
    return float(child.stdout.split()[-1]) - began


def main() -> None:
    """Times all cases and writes both files."""
    found, before = {}, load()
    for name, words in CASES.items():
        with tempfile.TemporaryDirectory() as cache:
            home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jaxgan"
            home.mkdir(parents=True, exist_ok=True)
            Path(cache, "data_sha256").symlink_to(home / "data_sha256")  # of data, made once
            environment = {**os.environ, "JAXGAN_CACHE_DIR": cache}
            seconds = [first_step(words, environment) for _ in range(1 + WARM)]
        found[name] = {"compiles": seconds[0], "kept": seconds[1:]}
        print(name, found[name], flush=True)
    began = time.time()
    subprocess.run(
        [sys.executable, "-m", "jaxgan.cli.main", "--help"], check=True, stdout=subprocess.DEVNULL
    )
    found["jaxgan --help"] = {"kept": [time.time() - began]}
    machine = f"{processor()}, {os.cpu_count()} cores, jax {version('jax')}"
    lines = [
        [
            name,
            f"{row['compiles']:.1f}" if "compiles" in row else "",
            f"{statistics.median(row['kept']):.1f}",
        ]
        for name, row in found.items()
    ]
    text = (
        "# How long it takes to the first step\n\n"
        "Seconds from before Python starts until the first step is done: the first time, which "
        f"compiles, and the median of {WARM} starts after it, which find their programs kept. Made "
        f"by `scripts/benchmarks/start.py` on {machine}, with a load of {before[0]} processes "
        f"before and {load()[0]} after; every number is in `start.json`.\n\n"
    )
    (RESULTS / "start.md").write_text(text + rows(("", "compiles", "kept"), lines))
    write_json(RESULTS / "start.json", {"machine": machine, "seconds": found})


if __name__ == "__main__":
    main()
