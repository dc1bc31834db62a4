"""Times what the training loop adds to the compiled step of some experiments.

``python scripts/benchmarks/loop.py`` runs ``jaxgan bench`` on each, in a process of its own, and
writes loop.md and loop.json to ``results``. Names of cases after it measure these alone and leave
the others as they were. It needs Fashion-MNIST, and takes two minutes.
"""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pages import RESULTS

from jaxgan.cli.bench import page
from jaxgan.files import write_json
from jaxgan.training.bench import Times

ROOT = Path(__file__).parents[2]
CASES = {
    "gan_ring": ("gan_ring.py", "--turns", "11", "--seconds", "0.5"),
    "dcgan-fashion_mnist": ("dcgan.py", "fashion_mnist", "--turns", "9", "--seconds", "1"),
}

TEXT = """# What the training loop adds to the compiled step

The bare step is the compiled program, called again and again with one batch that lies on the
device; the loop is that of `jaxgan train`, with its rows, checkpoints, pictures and scores at their
default cadences, in a scratch folder. Both take turns. Made by `scripts/benchmarks/loop.py`; every
number is in `loop.json`.
"""


def measured(file: str, flags: Sequence[str]) -> dict[str, Any]:
    """What ``jaxgan bench`` finds for one case."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "bench.json")
        words = ["bench", f"experiments/{file}", *flags, "--out", str(out)]
        command = [sys.executable, "-m", "jaxgan.cli.main", *words]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found = json.loads(out.read_text())
    command = shlex.join(["jaxgan", *words[:-2]])
    return found | {"command": command}


def pages(results: Mapping[str, dict[str, Any]]) -> str:
    """The page of all cases."""
    parts = [TEXT]
    for name, result in results.items():
        found = [Times(**times) for times in result["times"]]
        parts.append(f"## {name}\n\n{page(result, found)}")
    return "\n".join(parts)


def main() -> None:
    """Measures the cases that are named, or all, and writes both files."""
    file = RESULTS / "loop.json"
    results = json.loads(file.read_text()) if sys.argv[1:] else {}
    for name in sys.argv[1:] or CASES:
        experiment, *flags = CASES[name]
        results[name] = measured(experiment, flags)
    write_json(file, results)
    file.with_suffix(".md").write_text(pages(results))


if __name__ == "__main__":
    main()
