"""``jaxgan bench``: times an experiment's step, and what the training loop adds to it."""

import dataclasses
import math
import os
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxgan import hyperparameters, parallel
from jaxgan.cli.experiment import parse
from jaxgan.cli.progress import Progress
from jaxgan.cli.sweep import file_first
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.files import write_json
from jaxgan.reproduce.hardware import hardware_of
from jaxgan.runs.environment import describe_environment
from jaxgan.runs.exit_codes import EXIT_FAULT
from jaxgan.runs.settings import Runtime, Training
from jaxgan.training import bench as benches
from jaxgan.training.bench import Times
from jaxgan.training.distributed import prepare_jax


@dataclasses.dataclass(frozen=True)
class Bench:
    """Time the compiled step of an experiment, and the training loop around it, by turns.

    Flags of the experiment, as jaxgan train takes them, hold: --batch-size, --log-every, ...
    --data-mode resident or streamed times one of the two alone.
    """

    turns: int = 15
    """How often the step and the loop are timed, by turns."""
    seconds: float = 1.0
    """For about how long each time."""
    out: Path | None = None
    """JSON file of all times; runs/bench/NAME.json if not given."""


LOOKED_AT = ("draw_samples", "score")
"""Hooks that make something to look at, which is asked for and not overhead."""


def bench(arguments: Sequence[str]) -> int:
    """``jaxgan bench FILE [preset] [flags]``; returns the exit code.

    Raises:
      UserError: a flag, the data or the file are at fault.
    """
    if not arguments:
        print("usage: jaxgan bench FILE [preset] [flags]\n\njaxgan bench --help tells more.")
        return EXIT_FAULT
    asked, (experiment, config, training, runtime) = planned(arguments)
    hyperparameters.check(config, experiment.default())
    if runtime.processes.distributed or runtime.processes.coordinator:
        raise UserError("jaxgan bench times one process; omit --distributed and --coordinator.")
    prepare_jax(training, runtime)
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="jaxgan-bench-") as scratch:
        found, description = benches.bench(
            experiment,
            config,
            training,
            runtime,
            workdir=Path(scratch),
            turns=asked.turns,
            seconds=asked.seconds,
            progress=Progress,
        )
    result = {
        "command": shlex.join(["jaxgan", "bench", *arguments]),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "experiment": experiment.name,
        **{name: description[name] for name in ("config", "training", "data")},
        "cadences": dataclasses.asdict(runtime.logging) | dataclasses.asdict(runtime.checkpointing),
        "environment": describe_environment(parallel.choose_devices(runtime.compute.devices)),
        "load": [round(before[0], 2), round(os.getloadavg()[0], 2)],
        "terminal": sys.stderr.isatty(),
        "times": [dataclasses.asdict(times) for times in found],
    }
    out = asked.out or Path("runs") / "bench" / f"{experiment.name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_json(out, result)
    print(page(result, found))
    print(f"All times: {out}")
    return 0


def planned(arguments: Sequence[str]) -> tuple[Bench, tuple[Experiment, Any, Training, Runtime]]:
    """What a command line asks for: its own flags, and those of the experiment as ``parse`` reads.

    Raises:
      UserError: a flag is at fault.
    """
    file, asked, words = file_first(Bench, "bench", arguments)
    if asked.turns < 1 or not 0 < asked.seconds < math.inf:
        raise UserError("--turns and --seconds: must be above 0.")
    if asked.out is not None and asked.out.is_dir():
        raise UserError(f"--out {asked.out} is a folder; give the name of a JSON file.")
    return asked, parse(load_experiment(file), words, f"jaxgan bench {file}")


def page(result: dict[str, Any], found: Sequence[Times]) -> str:
    """The times as Markdown, each a median with the least and the most."""
    environment, training = result["environment"], result["training"]
    head = (
        f"{result['experiment']}: batches of {training['batch_size']} of {result['data']['name']}, "
        f"{training['dtype']}; {hardware_of(environment)}, jax {environment['packages']['jax']}, "
        f"load {result['load'][0]} to {result['load'][1]}, {result['date']}.\n\n"
        f"`{result['command']}`: {len(found[0].bare)} turns"
    )
    lines = [
        ["", *(times.mode for times in found)],
        ["---", *("---:" for _ in found)],
        ["steps per call", *(str(times.steps_per_call) for times in found)],
        ["steps per turn", *(str(times.steps) for times in found)],
        ["bare step, ms", *(_spread(times.bare, 1e3) for times in found)],
        ["loop without hooks, ms a step", *(_spread(times.loop, 1e3) for times in found)],
        ["it adds, %", *(_spread(times.loop_adds, 100) for times in found)],
    ]
    for name in found[0].hooks:
        lines += [
            [f"{name}, ms a call", *(_spread(times.hooks[name], 1e3) for times in found)],
            ["it adds, %", *(f"{100 * times.hook_adds(name):.2f}" for times in found)],
        ]
    for what, left in (("loop, rows and checkpoints", LOOKED_AT), ("all together", ())):
        lines.append([f"{what} add, %", *(f"{100 * times.adds(left):.1f}" for times in found)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{head}; median (least to most).\n\n{table}\n"


def _spread(values: Sequence[float], unit: float) -> str:
    """``median (least to most)``."""
    each = (statistics.median(values), min(values), max(values))
    middle, least, most = (f"{unit * value:.2f}" for value in each)
    return f"{middle} ({least} to {most})"
