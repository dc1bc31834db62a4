"""Times training steps of convolutional GANs on CPU: with and without YNNPACK, single and looped.

jaxlib hands single convolutions to the library YNNPACK; ``jaxgan.xla.NO_YNNPACK_CONVOLUTIONS``
keeps them in XLA's own code. And several steps can be run one by one or as a loop on the device
(``--repeat``). Two processes run the same step, one with the flag and one without. They take turns,
a few steps each, so that other work on the machine slows both. Times are those of the clock, and
the processor's over all threads, on which other work has less influence.

``python scripts/benchmarks/cpu_convolutions.py`` writes cpu_convolutions.md and
cpu_convolutions.json in ``results``. It takes a few minutes.
"""

import dataclasses
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from games import trials
from pages import RESULTS, load, rows

from jaxgan.files import write_json
from jaxgan.runs.environment import processor
from jaxgan.sweep.study import Variant
from jaxgan.xla import NO_YNNPACK_CONVOLUTIONS


@dataclasses.dataclass(frozen=True)
class Case:
    """A game whose steps are timed.

    Attributes:
      name: in the table.
      game: the game.
      steps: steps per measurement.
    """

    name: str
    game: Variant
    steps: int


WIDTHS = {"generator_width": 32, "discriminator_width": 32}
CASES = (
    Case("DCGAN, 28 x 28", Variant("dcgan.py", "fashion_mnist", {"batch_size": 64}), 5),
    Case(
        "SNGAN, ResNets of width 32, 32 x 32",
        Variant("sngan_cifar10.py", flags={"batch_size": 64, **WIDTHS}),
        1,
    ),
)
FLAGS = {"YNNPACK": "", "XLA": NO_YNNPACK_CONVOLUTIONS}
WAYS = ("single", "loop")
ROUNDS = 9
"""Measurements of each way."""

WARM_UP = 2
"""Measurements before them, which compile and do not count: a loop compiles twice, since the state
that a step returns lies on the device in another way than the first one."""


def work(case: Case) -> None:
    """Compiles both ways of a case, then times the one that each line of standard input names."""
    import jax
    import numpy as np

    from jaxgan.data.feed import make_feed
    from jaxgan.training import start
    from jaxgan.training.data import noise, preparation
    from jaxgan.training.engine import CompiledEngine

    (trial,) = trials(case.game)
    experiment, training = trial.experiment, trial.training
    source = noise(experiment, training)
    game = start.game_of(experiment, trial.config, source, training, experiment.steps, 1)
    feed = make_feed(source, seed=0, batch_size=training.batch_size)
    prepare = preparation(source.modality, training.flip)
    engines, states, done = {}, {}, {}
    parts = (game.build, game.values, prepare, feed, jax.devices()[:1], "pmap")
    for way in WAYS:
        engines[way] = CompiledEngine(*parts, way, case.steps)
        states[way], done[way] = game.new(game.values, 0), 0
    for line in sys.stdin:
        way = line.strip()
        engine, left = engines[way], case.steps
        began, used = time.perf_counter(), time.process_time()
        while left:
            count = min(left, engine.longest)
            states[way], _ = engine(states[way], done[way], count)
            done[way], left = done[way] + count, left - count
        np.asarray(jax.block_until_ready(states[way]).step)
        took = time.perf_counter() - began, time.process_time() - used
        print(*(seconds / case.steps for seconds in took), flush=True)


def measure(name: str) -> dict[str, dict[str, list[float]]]:
    """Seconds per step of every round, of the clock and of the processor, by ``library/way``."""
    workers = {}
    for library, flag in FLAGS.items():
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flag}
        command = [sys.executable, __file__, name]
        workers[library] = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    turns = [(library, way) for way in WAYS for library in FLAGS]
    columns = [f"{library}/{way}" for library, way in turns]
    found = {kind: {column: [] for column in columns} for kind in ("clock", "processor")}
    for number in range(WARM_UP + ROUNDS):
        for library, way in turns if number % 2 else reversed(turns):
            worker = workers[library]
            assert worker.stdin is not None
            assert worker.stdout is not None
            print(way, file=worker.stdin, flush=True)
            seconds = worker.stdout.readline().split()
            if number >= WARM_UP:
                for kind, took in zip(found, seconds, strict=True):
                    found[kind][f"{library}/{way}"].append(float(took))
        print(name, number, {kind: [v[-1:] for v in found[kind].values()] for kind in found})
    for worker in workers.values():
        worker.communicate(timeout=60)
    return found


def ratio(found: Mapping[str, Sequence[float]], above: str, below: str) -> str:
    """``median (least to most)`` of the ratios of two columns, round by round."""
    every = [a / b for a, b in zip(found[above], found[below], strict=True)]
    return f"{statistics.median(every):.2f} ({min(every):.2f} to {max(every):.2f})"


def page(result: Mapping[str, Any]) -> str:
    """The tables."""
    columns = [f"{library}/{way}" for way in WAYS for library in FLAGS]
    compared = {
        "flag, single steps": ("YNNPACK/single", "XLA/single"),
        "flag, loop": ("YNNPACK/loop", "XLA/loop"),
        "loop, YNNPACK": ("YNNPACK/single", "YNNPACK/loop"),
        "loop, XLA": ("XLA/single", "XLA/loop"),
    }
    every = [
        (f"{name}, {kind}", found[kind])
        for name, found in result["seconds"].items()
        for kind in ("clock", "processor")
    ]
    times = [
        [name, *(f"{1000 * statistics.median(found[key]):.0f}" for key in columns)]
        for name, found in every
    ]
    ratios = [[name, *(ratio(found, *two) for two in compared.values())] for name, found in every]
    return f"""# Convolutions on CPU: YNNPACK or XLA's own, single steps or a loop

Written by `cpu_convolutions.py` (how to run it: its first lines); every number is in
`cpu_convolutions.json`.

- Machine: {result["processor"]}, {result["cores"]} cores. Load (processes that wanted to run, over
  1, 5, 15 minutes): {result["load"][0]} before and {result["load"][1]} after.
- {", ".join(f"{name} {number}" for name, number in result["versions"].items())}.
- The flag: `{NO_YNNPACK_CONVOLUTIONS}`.

Milliseconds per training step, the median of {ROUNDS} rounds: by the clock, and of the processor
over all threads. Where the load is above the number of cores, only the ratios below mean something,
those of the processor's times most.

{rows(["game", *(key.replace("/", ", ") for key in columns)], times)}
Ratios round by round, median (least to most). Above 1 the flag, or the loop, is faster.

{rows(["game", *compared], ratios)}"""


def main() -> None:
    """Measures, and writes both files."""
    before = load()
    seconds = {case.name: measure(case.name) for case in CASES}
    result = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": [before, load()],
        "versions": {name: version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")},
        "flag": NO_YNNPACK_CONVOLUTIONS,
        "rounds": ROUNDS,
        "cases": [dataclasses.asdict(case) for case in CASES],
        "seconds": seconds,
    }
    write_json(RESULTS / "cpu_convolutions.json", result)
    (RESULTS / "cpu_convolutions.md").write_text(page(result))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        work(next(case for case in CASES if case.name == sys.argv[1]))
    else:
        main()
