"""Times training steps as one size grows: batch, resolution, critic updates, members at once.

The values of a size take turns, a few steps each. The slope is that of a line through
the logarithms: 1 is proportional, below 1 something is paid once for all.

    python scripts/benchmarks/growth.py                  # all; some minutes on two cores
    python scripts/benchmarks/growth.py --sizes members  # some; the page keeps the others

writes growth.md, growth.json and growth.png in ``results``.
"""

import dataclasses
import datetime
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from pages import RESULTS, at_least, load, rows
from PIL import Image
from speed import Game, our_steps, repeated

from jaxgan.errors import UserError
from jaxgan.files import write_json
from jaxgan.runs.environment import processor
from jaxgan.sweep.study import Variant
from jaxgan.viz.pictures import as_image, new_figure
from jaxgan.xla import tune_cpu


@dataclasses.dataclass(frozen=True)
class Size:
    """What grows.

    Attributes:
      title: of the game.
      game: the experiment.
      flag: which flag takes the values; None for members of a population.
      values: ascending.
      why: what the slope comes from.
    """

    title: str
    game: Variant
    flag: str | None
    values: tuple[int, ...]
    why: str


SIZES = {
    "batch": Size(
        "DCGAN, 28 x 28, width 16",
        Variant("dcgan.py", "fashion_mnist", {"width": 16}),
        "batch_size",
        (16, 32, 64, 128, 256),
        "What the weights cost is paid once for every batch; from 64 on a step takes more than "
        "twice the time of half the batch. That its activations then exceed the second cache of "
        "1 MiB is a guess.",
    ),
    "resolution": Size(
        "DCGAN, width 8, batch 16",
        Variant("dcgan.py", "cifar10", {"width": 8, "batch_size": 16}),
        "resolution",
        (32, 64, 128),
        "Pixels grow as the square of the side, so 2 is proportional to them; each doubling also "
        "adds a layer of about as many operations as the one before it.",
    ),
    "critic updates": Size(
        "WGAN-GP, 32 x 32, width 8, batch 16",
        Variant("wgan_gp_cifar10.py", flags={"width": 8, "batch_size": 16}),
        "critic_steps",
        (1, 2, 4, 8),
        "The generator's update is paid once a step.",
    ),
    "members": Size(
        "MLP GAN on the ring, width 32, batch 64",
        Variant("gan_ring.py", flags={"hidden": (32, 32), "batch_size": 64}),
        None,
        (1, 2, 4, 8, 16),
        "Starting each operation is paid once for all members.",
    ),
}


@dataclasses.dataclass(frozen=True)
class Flags:
    """Time training steps as one size grows."""

    sizes: tuple[str, ...] = tuple(SIZES)
    """Which."""
    rounds: int = 7
    """Measurements of each value."""
    seconds: float = 0.5
    """About how long one is."""
    out: Path = RESULTS
    """Folder of the page."""


def steps_of_members(game: Variant, count: int) -> Callable[[int], None]:
    """``run(count)``: so many steps of a population, to the end."""
    from population import prepared

    from jaxgan import parallel
    from jaxgan.training.members import stack
    from jaxgan.training.population import engine_of_runs, feed_of_runs, new_states

    runs = prepared(game, count, Path("none"))
    state = stack(new_states(runs), [True] * count, parallel.grid(runs[0].devices, 1))
    return repeated(engine_of_runs(runs, feed_of_runs(runs), 1, [100]), state)


def steps_of(size: Size, value: int) -> Callable[[int], None]:
    """``run(count)`` of the game at one value."""
    if size.flag is None:
        return steps_of_members(size.game, value)
    flags = {**size.game.flags, size.flag: value}
    return our_steps(Game(size.title, dataclasses.replace(size.game, flags=flags), ()))


def timed(run: Callable[[int], None], count: int) -> float:
    """Seconds of one step."""
    began = time.perf_counter()
    run(count)
    return (time.perf_counter() - began) / count


def measure(size: Size, rounds: int, seconds: float) -> dict[str, Any]:
    """Seconds per step of every round, by value; the values take turns."""
    before = load()
    runs = {value: steps_of(size, value) for value in size.values}
    for run in runs.values():
        run(1)
        run(2)  # compiles once more: the state that a step returns lies in another way
    counts = {value: max(1, round(seconds / timed(run, 2))) for value, run in runs.items()}
    found: dict[int, list[float]] = {value: [] for value in size.values}
    for _ in range(rounds):
        for value, run in runs.items():
            found[value].append(timed(run, counts[value]))
    return {
        "seconds": {str(value): took for value, took in found.items()},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": [before, load()],
        "versions": {package: version(package) for package in ("jax", "jaxlib", "flax", "numpy")},
    }


def course(result: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The values, and the median seconds of each."""
    values = np.array([int(value) for value in result["seconds"]])
    return values, np.array([statistics.median(took) for took in result["seconds"].values()])


def slope(values: Sequence[float] | np.ndarray, seconds: Sequence[float] | np.ndarray) -> float:
    """Of the line through the logarithms, by least squares."""
    return float(np.polyfit(np.log(values), np.log(seconds), 1)[0])


def plot(measured: Mapping[str, Any]) -> np.ndarray:
    """A panel for each size, both axes logarithmic."""
    figure, axes = new_figure(11, 6.8, 2, 2)
    for axis, (name, result) in zip(np.ravel(axes), measured.items(), strict=False):
        values, seconds = course(result)
        fit = slope(values, seconds)
        line = np.exp(np.mean(np.log(seconds)) + fit * (np.log(values) - np.mean(np.log(values))))
        axis.loglog(values, 1000 * seconds, "o", label="median")
        axis.loglog(values, 1000 * line, linewidth=1, label=f"slope {fit:.2f}")
        axis.set_title(SIZES[name].title, fontsize=10)
        axis.set_xlabel(name)
        axis.set_ylabel("milliseconds per step")
        axis.set_xticks(values, [str(value) for value in values])
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    for axis in np.ravel(axes)[len(measured) :]:
        axis.remove()
    figure.tight_layout()
    return as_image(figure)


def page(result: Mapping[str, Any]) -> str:
    """The tables."""
    parts = []
    for name, found in result["sizes"].items():
        size, (values, seconds) = SIZES[name], course(found)
        numbers = [
            [
                f"{1000 * statistics.median(took):.2f}",
                f"{1000 * min(took):.2f} to {1000 * max(took):.2f}",
            ]
            for took in found["seconds"].values()
        ]
        lines = [[str(value), *number] for value, number in zip(values, numbers, strict=True)]
        versions = ", ".join(f"{package} {number}" for package, number in found["versions"].items())
        parts.append(
            f"""## {name.capitalize()}

{size.title}. Slope {slope(values, seconds):.2f}. {size.why}

{rows([name, "ms", "least to most"], lines)}
{found["date"]}, {found["processor"]}, {found["cores"]} cores, load {found["load"][0][0]} before and
{found["load"][1][0]} after; {versions}.
"""
        )
    missing = [name for name in SIZES if name not in result["sizes"]]
    parts += [f"Not measured yet: {', '.join(missing)}.\n"] if missing else []
    return f"""# Training steps as they grow, on CPU

Written by `growth.py` (how to run it: its first lines); every number is in `growth.json`. The slope
is that of a line through the logarithms of sizes and times: 1 is proportional. How steps grow with
the number of devices is not measured, as those of a CPU share its cores; `compile_tpu.md` has a
model of it.

![milliseconds per step against each size](growth.png)

{chr(10).join(parts)}"""


def main(flags: Flags) -> int:
    """Measures, and writes the three files."""
    at_least(1, rounds=flags.rounds)
    tune_cpu()
    file = flags.out / "growth.json"
    result = json.loads(file.read_text()) if file.is_file() else {"sizes": {}}
    for name in flags.sizes:
        if name not in SIZES:
            raise UserError(f"--sizes {name}: there is no such; choose of {', '.join(SIZES)}.")
        result["sizes"][name] = measure(SIZES[name], flags.rounds, flags.seconds)
        result["sizes"] = {name: result["sizes"][name] for name in SIZES if name in result["sizes"]}
        write_json(file, result)
        file.with_suffix(".md").write_text(page(result))
        Image.fromarray(plot(result["sizes"])).save(file.with_suffix(".png"))
    return 0


if __name__ == "__main__":
    main(tyro.cli(Flags))
