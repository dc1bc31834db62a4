"""Times training of N members as one program against one after another and against processes.

Members are runs that differ in their seed only. A member's steps per second, summed over all
members, are compared: of one program that trains N at once, of one run alone (which is what
training one after another gives), and of N processes with a run each, though no more processes at a
time than there are cores. One program and one run take turns, a few steps each, so that other work
on the machine slows both. Compiling is not part of the speed and stands beside it.

``python scripts/benchmarks/population.py`` writes population.md and population.json in
``results``; ``--name NAME`` names them otherwise.
"""

import contextlib
import dataclasses
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tyro
from games import trials
from pages import RESULTS, rows

from jaxgan.data.modality import IMAGES
from jaxgan.files import replacing, write_json
from jaxgan.runs.environment import processor
from jaxgan.sweep.study import Variant

CASES = {
    "ring, 32 wide, batches of 64": Variant(
        "gan_ring.py", flags={"hidden": (32, 32), "batch_size": 64}
    ),
    "ring, 128 wide, batches of 256": Variant("gan_ring.py"),
    "DCGAN of width 16, 28 x 28, batches of 64": Variant(
        "dcgan.py", "fashion_mnist", {"width": 16, "batch_size": 64}
    ),
}
"""The games; the images of the last are noise."""

ROUNDS = 5


@dataclasses.dataclass(frozen=True)
class Flags:
    """Measure training of many members at once."""

    members: tuple[int, ...] = (1, 2, 4, 8, 16)
    """How many at once."""
    games: tuple[str, ...] = tuple(CASES)
    """Which games."""
    seconds: float = 1.0
    """Seconds of each of the five measurements."""
    name: str = "population"
    """Name of the page."""
    out: Path = RESULTS
    """Where it is written."""


class Timed:
    """An engine and its state, which takes some steps whenever it is asked to."""

    def __init__(self, engine: Any, state: Any, seconds: float):
        import jax

        self._wait, self._engine, self._state, self._done = jax.block_until_ready, engine, state, 0
        self.compiling = self._call(1) + self._call(1)
        single = self._call(1)
        self._count = int(min(max(seconds / 4 / single, 1), engine.longest))

    def _call(self, count: int) -> float:
        began = time.perf_counter()
        self._state, _ = self._engine(self._state, self._done, count)
        self._wait(self._state)
        self._done += count
        return time.perf_counter() - began

    def rate(self, seconds: float) -> float:
        """Steps per second, measured for so long."""
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            self._call(self._count)
            done += self._count
        return done / (time.perf_counter() - began)


def prepared(game: Variant, count: int, folder: Path) -> list[Any]:
    """Runs of the game, one for each seed; nothing is written."""
    from jaxgan.runs.settings import Runtime, with_flags
    from jaxgan.training.population import Asked, prepared_together

    found = trials(game, range(count))
    experiment = found[0].experiment
    noise = experiment.data.modality is IMAGES
    runtime = with_flags(Runtime(), workdir=folder, steps=1000, devices=1, smoke=noise)
    asked = [Asked(trial.config, trial.training, runtime) for trial in found]
    return prepared_together(experiment, asked, "auto")[0]


def alone(run: Any, seconds: float) -> Timed:
    """One run."""
    from jaxgan.training.population import new_states
    from jaxgan.training.train import engine_of, feed_of_run

    return Timed(engine_of(run, feed_of_run(run), [100]), new_states([run])[0], seconds)


def at_once(runs: Sequence[Any], seconds: float) -> Timed:
    """The runs as one program."""
    from jaxgan import parallel
    from jaxgan.training.members import stack
    from jaxgan.training.population import engine_of_runs, feed_of_runs, new_states

    mesh = parallel.grid(runs[0].devices, 1)
    state = stack(new_states(runs), [True] * len(runs), mesh)
    return Timed(engine_of_runs(runs, feed_of_runs(runs), 1, [100]), state, seconds)


def work(game: str, seconds: float) -> None:
    """A process with a run of its own: says that it is ready, then its rate for each line."""
    timed = alone(prepared(CASES[game], 1, Path("none"))[0], seconds)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(timed.rate(seconds), flush=True)


def processes(game: str, count: int, seconds: float) -> list[float]:
    """Steps per second of all processes together, round by round."""
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    command = [sys.executable, __file__, "--work", game, str(seconds)]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(count)
        ]
        for worker in workers:
            assert worker.stdout is not None
            if worker.stdout.readline().strip() != "ready":
                raise RuntimeError(f"a process of {game} did not start")
        found = []
        for _ in range(ROUNDS):
            for worker in workers:
                assert worker.stdin is not None
                print("go", file=worker.stdin, flush=True)
            found.append(sum(float(worker.stdout.readline()) for worker in workers))  # type: ignore[union-attr]
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.close()
    return found


def measure(game: str, flags: Flags) -> list[dict[str, Any]]:
    """A row for each number of members."""
    import jax

    runs = prepared(CASES[game], max(flags.members), flags.out / "none")
    solo, found = alone(runs[0], flags.seconds), []
    for count in flags.members:
        many = at_once(runs[:count], flags.seconds)
        rates: dict[str, list[float]] = {"at once": [], "alone": []}
        for _ in range(ROUNDS):
            rates["at once"].append(count * many.rate(flags.seconds))
            rates["alone"].append(solo.rate(flags.seconds))
        peak = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
        compiling = {"at once": many.compiling, "alone": solo.compiling}
        found.append({"members": count, "rates": rates, "compiling": compiling, "peak": peak})
        medians = {name: statistics.median(rate) for name, rate in rates.items()}
        print(game, count, medians, flush=True)
    return found


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """``median (least to most)`` of the ratios, round by round."""
    every = [a / b for a, b in zip(above, below, strict=True)]
    return f"{statistics.median(every):.2f} ({min(every):.2f} to {max(every):.2f})"


def shown(rate: float) -> str:
    """A rate with three digits, or all before the point."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def page(result: Mapping[str, Any]) -> str:
    """The tables."""
    tables = []
    for game, found in result["games"].items():
        lines = [
            [
                str(row["members"]),
                *(
                    shown(statistics.median(row["rates"][way]))
                    for way in ("at once", "alone", "processes")
                ),
                ratio(row["rates"]["at once"], row["rates"]["alone"]),
                ratio(row["rates"]["at once"], row["rates"]["processes"]),
                f"{row['compiling']['at once']:.1f}, {row['compiling']['alone']:.1f}",
                f"{row['peak'] / 2**20:,.0f} MiB" if row["peak"] else "-",
            ]
            for row in found
        ]
        head = ["N", "at once", "one after another", "processes", "at once / one after another"]
        head += ["at once / processes", "s to compile: at once, alone", "peak memory"]
        tables.append(f"## {game[0].upper()}{game[1:]}\n\n{rows(head, lines)}")
    return f"""# Many members as one program

Written by `population.py` (how to run it: its first lines); every number is in
`{result["name"]}.json`.

- Machine: {result["processor"]}, {result["cores"]} cores; steps ran on {result["device"]}. Load
  (processes that wanted to run, over 1, 5, 15 minutes): {result["load"][0]} before and
  {result["load"][1]} after.
- {", ".join(f"{name} {number}" for name, number in result["versions"].items())}.

Steps of one member per second, summed over the N members; medians of {ROUNDS} rounds of
{result["seconds"]} s. Ratios are of the rounds, median (least to most); above 1 one program is
faster. Processes: min(N, cores) of them, before the other measurements.

{chr(10).join(tables)}"""


def main(flags: Flags) -> None:
    """Measures, and writes both files."""
    load = [[round(one, 1) for one in os.getloadavg()]]
    cores = len(os.sched_getaffinity(0))
    # Before this process starts its devices: on a GPU it would take the memory.
    beside = {
        (game, count): processes(game, count, flags.seconds)
        for game in flags.games
        for count in sorted({min(number, cores) for number in flags.members})
    }
    games = {game: measure(game, flags) for game in flags.games}
    for game, found in games.items():
        for row in found:
            row["rates"]["processes"] = beside[game, min(row["members"], cores)]
    import jax

    result = {
        "name": flags.name,
        "processor": processor(),
        "device": jax.devices()[0].device_kind,
        "cores": cores,
        "load": [*load, [round(one, 1) for one in os.getloadavg()]],
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")},
        "seconds": flags.seconds,
        "games": games,
    }
    write_json(flags.out / f"{flags.name}.json", result)
    with replacing(flags.out / f"{flags.name}.md") as part:
        part.write_text(page(result))
    print(f"{flags.out / flags.name}.md and {flags.name}.json are written.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], float(sys.argv[3]))
    else:
        main(tyro.cli(Flags, description=__doc__))
