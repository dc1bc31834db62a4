"""Times what the training loop adds to the compiled step of some experiments.

``python scripts/benchmarks/loop.py`` runs ``jaxgan bench`` on each, in a process of its own, and
writes a JSON file of each and loop.md, the page of all of them, to ``results``. Names of cases
after it measure these alone. It needs Fashion-MNIST, and takes two minutes.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pages import RESULTS

from jaxgan.cli.bench import page
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
number is in `loop-NAME.json`.
"""


def measure(out: Path, file: str, flags: Sequence[str]) -> None:
    """Measures one case."""
    words = ["bench", f"experiments/{file}", *flags, "--out", str(out.relative_to(ROOT))]
    command = [sys.executable, "-m", "jaxgan.cli.main", *words]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measures all cases and writes the page."""
    parts = [TEXT]
    for name, (file, *flags) in CASES.items():
        out = RESULTS / f"loop-{name}.json"
        if name in (sys.argv[1:] or CASES):
            measure(out, file, flags)
        result = json.loads(out.read_text())
        found = [Times(**times) for times in result["times"]]
        parts.append(f"## {name}\n\n{page(result, found)}")
    (RESULTS / "loop.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
