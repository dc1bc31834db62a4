"""A sweep that is killed at random and started again gives the page of an undisturbed one."""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxgan.runs.exit_codes import EXIT_FAILED
from support.tiny_runs import digest

pytestmark = pytest.mark.slow

RING = (Path(__file__).parents[2] / "experiments" / "gan_ring.py").read_text()

CRASHING = """
import os, sys
if sys.argv[1:2] == ["train"] and sys.argv[-1].endswith("learning_rate=1e+30/seed-1"):
    os.abort()
"""
"""What one trial does when it is started: the process ends without a word."""

FLAGS = (
    *("--grid", "learning_rate=0.001,1e30", "--seeds", "0:2", "--hidden", 8, "--batch-size", 64),
    *("--steps", 3000, "--log-every", 100, "--checkpoint-every", 300, "--sample-every", 3000),
    *("--evaluate-every", 1500, "--evaluate-num", 500, "--devices", 1),
)


def jaxgan(*words):
    """Starts ``jaxgan WORDS``, in the background."""
    command = [sys.executable, "-m", "jaxgan.cli.main", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def children(process):
    """The processes that a process has started, where the system tells."""
    told = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in told.read_text().split()] if told.exists() else []


def killed_at_random(words, folder, times=3):
    """Kills a command ``times`` times at any moment, and the trial that it trains at some of them.

    Returns how many trials had begun at each kill.
    """
    chance, begun = random.Random(0), []
    for number in range(times):
        child = jaxgan(*words)
        began = time.monotonic()
        while len(list(folder.glob("trials/*/*/metrics.jsonl"))) < 1 and child.poll() is None:
            assert time.monotonic() - began < 120
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 3))
        trials = children(child.pid)
        child.kill()
        child.wait()
        begun.append(len(list(folder.glob("trials/*/*/config.json"))))
        for trial in trials if number % 2 else ():  # the others train on; the next sweep waits
            with contextlib.suppress(ProcessLookupError):
                os.kill(trial, signal.SIGKILL)
    return begun


def without_clock(page):
    """A page in Markdown without what the clock says, and without the names of folders."""
    before, title, after = page.replace("/disturbed", "/whole").partition("## Budget")
    budget, *rest = after.split("## ")
    untimed = re.sub(r" \| [^|]+ \|$", " |", budget, flags=re.MULTILINE)  # the last column
    lines = [*before.splitlines(), title, *untimed.splitlines(), *"## ".join(rest).splitlines()]
    return [line for line in lines if "device-seconds" not in line]


def test_killed_and_resumed_it_reports_the_same_table(tmp_path):
    """Of four trials, one diverges and one crashes."""
    file = tmp_path / "ring.py"
    file.write_text(RING.replace("\nimport dataclasses\n", f"{CRASHING}import dataclasses\n", 1))
    words = ("sweep", file, *FLAGS, "--workdir")
    begun = killed_at_random([*words, tmp_path / "disturbed"], tmp_path / "disturbed")
    assert begun[-1] >= 1
    pages = {}
    for name in ("disturbed", "whole"):
        assert jaxgan(*words, tmp_path / name).wait(timeout=300) == EXIT_FAILED
        assert jaxgan("report", tmp_path / name, "--csv").wait(timeout=300) == 0
        pages[name] = (tmp_path / name / "report" / "report.md").read_text()
        states = [
            one["state"]
            for one in json.loads((tmp_path / name / "sweep.json").read_text())["trials"]
        ]
        assert states == ["finished", "diverged", "finished", "failed"]
    for seed in (0, 1):
        runs = [tmp_path / name / f"trials/learning_rate=0.001/seed-{seed}" for name in pages]
        assert digest(runs[0]) == digest(runs[1])
    assert without_clock(pages["disturbed"]) == without_clock(pages["whole"])
    page = pages["whole"]
    for told in (
        "2 of 2", "0 of 2 (1 diverged, 1 failed)", "not finite", f"killed by {signal.SIGABRT.name}",
        "2 of 4 runs ended without a score", "![scores](scores.png)", "## Samples",
    ):  # fmt: skip
        assert told in page
    assert page.index("![scores]") < page.index("## Samples") < page.index("## Runs")
