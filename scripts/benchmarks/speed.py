"""Times training steps against the same GANs in PyTorch, on this machine.

Every contestant is a process. They take turns, A B A B, some steps each: ours as ``jaxgan`` trains
(data that lie in memory, logs, one step per call for convolutions and a loop of them otherwise),
and PyTorch's (``peers.py``) eagerly, in the memory format ``channels_last``, and compiled by
``torch.compile``. All compute in float32 and use every core.

    python scripts/benchmarks/speed.py                    # every game; some ten minutes
    python scripts/benchmarks/speed.py --games dcgan mlp  # some; the page keeps the others

writes speed.md and speed.json in ``results``. It needs PyTorch: ``pip install -e .[benchmarks]``.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tyro
from games import trials
from pages import RESULTS, at_least, load, rows

from jaxgan.errors import UserError
from jaxgan.files import write_json
from jaxgan.runs.environment import processor
from jaxgan.sweep.study import Variant
from jaxgan.xla import tune_cpu

OURS = "jaxgan"
EAGER, CHANNELS_LAST, COMPILED = "eager", "channels_last", "compile"


@dataclasses.dataclass(frozen=True)
class Game:
    """What is timed.

    Attributes:
      title: in the table.
      ours: the experiment and its flags; ``peers.PEERS`` has the same game.
      against: the ways of PyTorch that can run it.
    """

    title: str
    ours: Variant
    against: tuple[str, ...]


WIDTHS = {"generator_width": 32, "discriminator_width": 32}
GAMES = {
    "dcgan": Game(
        "DCGAN, 28 x 28, width 64, batch 64, averaged weights",
        Variant("dcgan.py", "fashion_mnist"),
        (EAGER, CHANNELS_LAST, COMPILED),
    ),
    "sngan": Game(
        "SNGAN, ResNets of width 32, 32 x 32, batch 64, 2 D + 1 G",
        Variant("sngan_cifar10.py", flags={**WIDTHS, "discriminator_steps": 2}),
        (EAGER, CHANNELS_LAST, COMPILED),
    ),
    "wgan_gp": Game(
        "WGAN-GP, ResNets of width 32, 32 x 32, batch 64, 2 D + 1 G",
        Variant("wgan_gp_cifar10.py", flags={"width": 32, "critic_steps": 2}),
        (EAGER, CHANNELS_LAST),
    ),
    "mlp": Game("MLP GAN on the ring, batch 256", Variant("gan_ring.py"), (EAGER, COMPILED)),
    "mlp_r1": Game("the same with R1", Variant("gan_ring.py", flags={"r1": 0.1}), (EAGER,)),
}
"""The games, by name. PyTorch compiles nothing that is differentiated twice."""

VERSIONS = ("jax", "jaxlib", "flax", "optax", "numpy", "torch")


@dataclasses.dataclass(frozen=True)
class Flags:
    """Time training steps against PyTorch."""

    games: tuple[str, ...] = tuple(GAMES)
    """Which games."""
    rounds: int = 9
    """Turns of each contestant."""
    seconds: float = 1.0
    """About how long a turn is."""
    out: Path = RESULTS
    """Folder of the page."""


def our_steps(game: Game) -> Callable[[int], None]:
    """``run(count)``: so many steps of ours, to the end."""
    tune_cpu()
    import jax

    from jaxgan.data.feed import make_feed
    from jaxgan.training import repeat, start
    from jaxgan.training.data import noise, preparation
    from jaxgan.training.engine import CompiledEngine

    (trial,) = trials(game.ours)
    experiment, training = trial.experiment, trial.training
    source = noise(experiment, training)
    built = start.game_of(experiment, trial.config, source, training, experiment.steps, 1)
    feed = make_feed(source, seed=0, batch_size=training.batch_size)
    prepare = preparation(source.modality, training.flip)
    state = built.new(built.values, 0)
    how = repeat.choose(state)
    engine = CompiledEngine(
        built.build, built.values, prepare, feed, jax.devices()[:1], "pmap", how
    )
    return repeated(engine, state)


def repeated(engine: Any, state: Any) -> Callable[[int], None]:
    """``run(count)``: so many steps more of an engine, to the end."""
    import jax

    done = 0

    def run(count: int) -> None:
        nonlocal state, done
        while count:
            some = min(count, engine.longest)
            state, _ = engine(state, done, some)
            done, count = done + some, count - some
        jax.block_until_ready(state)

    return run


def their_steps(name: str, way: str) -> Callable[[int], None]:
    """``run(count)``: so many steps of PyTorch's."""
    from peers import PEERS, make_step

    step = make_step(PEERS[name](), way)  # type: ignore

    def run(count: int) -> None:
        for _ in range(count):
            step()

    return run


def work(name: str, contestant: str) -> None:
    """Compiles, then times as many steps as each line of standard input says."""
    run = our_steps(GAMES[name]) if contestant == OURS else their_steps(name, contestant)
    run(1)
    run(2)  # ours compiles once more: the state that a step returns lies in another way
    for line in sys.stdin:
        count = int(line)
        began = time.perf_counter()
        run(count)
        print((time.perf_counter() - began) / count, flush=True)


@contextlib.contextmanager
def contestants(name: str) -> Iterator[dict[str, Callable[[int], float]]]:
    """``steps -> seconds of one``, by contestant; each is a process."""
    workers = {
        who: subprocess.Popen(
            [sys.executable, __file__, "--work", name, who],
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in (OURS, *GAMES[name].against)
    }

    def ask(who: str, count: int) -> float:
        worker = workers[who]
        assert worker.stdin is not None
        assert worker.stdout is not None
        print(count, file=worker.stdin, flush=True)
        return float(worker.stdout.readline())

    try:
        yield {who: lambda count, who=who: ask(who, count) for who in workers}
    finally:
        for worker in workers.values():
            worker.communicate(timeout=60)


def measure(name: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Seconds per step of every turn, by contestant, and on what."""
    before = load()
    with contestants(name) as timed:
        counts = {who: max(1, round(seconds / min(run(1), run(2)))) for who, run in timed.items()}
        found: dict[str, list[float]] = {who: [] for who in timed}
        for number in range(rounds):
            for who in timed if number % 2 else reversed(timed):
                found[who].append(timed[who](counts[who]))
            print(name, number, {who: round(1000 * took[-1], 2) for who, took in found.items()})
    return {
        "seconds": found,
        "steps": counts,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": [before, load()],
        "versions": {package: version(package) for package in VERSIONS},
    }


def spread(values: Sequence[float], digits: int) -> str:
    """``median (least to most)``."""
    numbers = statistics.median(values), min(values), max(values)
    return "{} ({} to {})".format(*(f"{number:.{digits}f}" for number in numbers))


def table(measured: Mapping[str, Any]) -> str:
    """Milliseconds of each contestant, and the ratio to the best of PyTorch's."""
    lines = []
    for name, result in measured.items():
        found = {who: [1000 * value for value in took] for who, took in result["seconds"].items()}
        best = min(GAMES[name].against, key=lambda who: statistics.median(found[who]))
        ratios = [b / a for a, b in zip(found[OURS], found[best], strict=True)]
        digits = 2 if statistics.median(found[OURS]) < 10 else 0
        times = [
            spread(found[who], digits) if who in found else "-"
            for who in (EAGER, CHANNELS_LAST, COMPILED, OURS)
        ]
        lines.append([GAMES[name].title, *times, spread(ratios, 2)])
    head = ("game", "PyTorch", "channels_last", "torch.compile", "jaxgan", "ratio to the best")
    return rows(head, lines)


def settings(measured: Mapping[str, Any]) -> str:
    """Where and when each game was timed."""
    lines = [
        [
            name,
            result["date"],
            f"{result['processor']}, {result['cores']} cores",
            f"{result['load'][0][0]} and {result['load'][1][0]}",
            ", ".join(f"{package} {number}" for package, number in result["versions"].items()),
        ]
        for name, result in measured.items()
    ]
    return rows(("game", "date", "machine", "load before and after", "versions"), lines)


def page(result: Mapping[str, Any]) -> str:
    """Both tables."""
    measured = {name: result["games"][name] for name in GAMES if name in result["games"]}
    return f"""# Training steps against PyTorch, on CPU

Written by `speed.py` (how to run it: its first lines); every number is in `speed.json`. What was
done to make steps faster, and what came of it, is in [speed_notes.md](../speed_notes.md).

Milliseconds per training step, float32, median (least to most) of the turns. The ratio is that of
the best of PyTorch's to ours, turn by turn: above 1, ours is faster.

{table(measured)}
A dash: PyTorch compiles nothing that is differentiated twice, and vectors have no channels.

{settings(measured)}"""


def main(flags: Flags) -> int:
    """Measures, and writes both files."""
    at_least(1, rounds=flags.rounds)
    for name in flags.games:
        if name not in GAMES:
            raise UserError(f"--games {name}: there is no such game; choose of {', '.join(GAMES)}.")
    file = flags.out / "speed.json"
    result = json.loads(file.read_text()) if file.is_file() else {"games": {}}
    for name in flags.games:
        result["games"][name] = measure(name, flags.rounds, flags.seconds)
        write_json(file, result)
        file.with_suffix(".md").write_text(page(result))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:])
    else:
        main(tyro.cli(Flags))
