"""Whole sweeps of eight seeds: one by one, all at once, and as ``--population auto`` chooses.

What counts is the time of the whole sweep, with its starts, its compilations and, for ``auto``, the
measurement by which it chooses. ``python scripts/benchmarks/population_auto.py`` writes
population_auto.md and population_auto.json in ``results``; it needs Fashion-MNIST
(``jaxgan data prepare fashion_mnist``), takes a quarter of an hour on two cores, and starts each
sweep without compilations from before.
"""

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tyro
from pages import RESULTS, rows

from jaxgan.files import replacing, write_json
from jaxgan.runs.environment import processor

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

CASES = {
    "ring, 32 wide, batches of 64, 20,000 steps": (
        *("gan_ring.py", "--hidden", "32", "32", "--batch-size", "64", "--steps", "20000"),
    ),
    "ring, 128 wide, batches of 256, 5,000 steps": ("gan_ring.py", "--steps", "5000"),
    "DCGAN of width 16, 28 x 28, batches of 64, 300 steps": (
        *("dcgan.py", "fashion_mnist", "--width", "16", "--batch-size", "64", "--steps", "300"),
    ),
}
"""The games, and the flags of their sweeps."""

WAYS = ("off", "8", "auto")
SEEDS = 8


@dataclasses.dataclass(frozen=True)
class Flags:
    """Time whole sweeps."""

    games: tuple[str, ...] = tuple(CASES)
    """Which games."""
    out: Path = RESULTS
    """Where the page is written."""


def timed(game: str, way: str) -> dict[str, Any]:
    """Seconds of a whole sweep, and what it chose."""
    file, *flags = CASES[game]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jaxgan.cli.main", "sweep", str(EXPERIMENTS / file)]
        command += [*flags, "--seeds", f"0:{SEEDS}", "--population", way]
        command += ["--log-every", "1000", "--evaluate-every", "0", "--workdir", f"{folder}/sweep"]
        around = {**os.environ, "JAX_COMPILATION_CACHE_DIR": f"{folder}/compiled"}
        began = time.perf_counter()
        done = subprocess.run(command, env=around, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{game}, {way}: {done.stdout[-500:]}{done.stderr[-500:]}")
    found = re.search(r"(\d+) at once are fastest", done.stdout + done.stderr)
    return {"seconds": round(seconds, 1), "chosen": int(found[1]) if found else None}


def page(result: dict[str, Any]) -> str:
    """The table."""
    lines = []
    for game, ways in result["games"].items():
        chosen = ways["auto"]["chosen"]
        times = [f"{ways[way]['seconds']:.0f}" for way in WAYS]
        lines.append([game, *times, "one after another" if chosen == 1 else f"{chosen} at once"])
    head = ["game", "one after another, s", "8 at once, s", "auto, s", "auto chose"]
    return f"""# Whole sweeps of {SEEDS} seeds, and what `--population auto` chooses

Written by `population_auto.py` (how to run it: its first lines); every number is in
`population_auto.json`.

- Machine: {result["processor"]}, {result["cores"]} cores. Load (over 1, 5, 15 minutes):
  {result["load"][0]} before and {result["load"][1]} after.
- {", ".join(f"{name} {number}" for name, number in result["versions"].items())}.

Seconds of the whole sweep, once each, without compilations kept from before. The time of `auto`
includes its measurement.

{rows(head, lines)}
"""


def main(flags: Flags) -> None:
    """Measures, and writes both files."""
    load = [[round(one, 1) for one in os.getloadavg()]]
    games: dict[str, dict[str, Any]] = {}
    for game in flags.games:
        games[game] = {}
        for way in WAYS:
            games[game][way] = timed(game, way)
            print(game, way, games[game][way], flush=True)
    result = {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [*load, [round(one, 1) for one in os.getloadavg()]],
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")},
        "games": games,
    }
    write_json(flags.out / "population_auto.json", result)
    with replacing(flags.out / "population_auto.md") as part:
        part.write_text(page(result))
    print(f"{flags.out / 'population_auto'}.md and population_auto.json are written.")


if __name__ == "__main__":
    main(tyro.cli(Flags, description=__doc__))
