"""``jaxgan population``: trains trials of a sweep at once. The sweep starts it; people need not."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jaxgan import hyperparameters
from jaxgan.cli.experiment import exit_code, parse
from jaxgan.cli.progress import Progress
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.runs.exit_codes import EXIT_FAULT
from jaxgan.runs.settings import Runtime, Training
from jaxgan.sweep import manifest
from jaxgan.training.distributed import prepare_jax
from jaxgan.training.population import group_key, train_population
from jaxgan.training.probe import choose

USAGE = "usage: jaxgan population [--choose] SWEEP TRIAL TRIAL ..."


def population(arguments: Sequence[str]) -> int:
    """``jaxgan population [--choose] SWEEP TRIAL TRIAL ...``; returns the exit code.

    Trials are named by their folders in ``sweep.json``. With ``--choose`` it trains none, and
    prints how many of them at once are fastest.

    Raises:
      UserError: there is no such trial, they differ in more than seed and hyperparameters, or a
        setting or the data are at fault.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments else EXIT_FAULT
    choosing = arguments[0] == "--choose"
    path, *folders = arguments[choosing:] or [""]
    if not folders:
        raise UserError(USAGE)
    experiment, configs, trainings, runtimes = settings_of(Path(path), folders)
    prepare_jax(trainings[0], runtimes[0])
    if choosing:
        print(choose(experiment, configs, trainings, runtimes))
        return 0
    outcomes = train_population(experiment, configs, trainings, runtimes, progress=Progress)
    stopped = [exit_code(one) for one in outcomes if one.kind == "interrupted"]
    return stopped[0] if stopped else 0


def settings_of(
    sweep: Path, folders: Sequence[str]
) -> tuple[Experiment, list[Any], list[Training], list[Runtime]]:
    """What the commands in a sweep's manifest say of these trials.

    Raises:
      UserError: there is no such sweep or trial, or they cannot be trained at once.
    """
    found = manifest.read(sweep)
    commands = {one.folder: one.command for one in found.trials} if found else {}
    if missing := [folder for folder in folders if folder not in commands]:
        raise UserError(f"{sweep / manifest.FILE} has no trial {missing[0]}.")
    parsed = []
    for folder in folders:
        _, _, file, *words = shlex.split(commands[folder])  # jaxgan train FILE ...
        experiment, config, training, runtime = parse(
            load_experiment(file), words, f"jaxgan train {file}"
        )
        hyperparameters.check(config, experiment.default())
        parsed.append((experiment, config, training, runtime))
    if len({group_key(*one) for one in parsed}) > 1:
        raise UserError("Trials at once may differ in seed and hyperparameters only.")
    experiments, configs, trainings, runtimes = map(list, zip(*parsed, strict=True))
    return experiments[0], configs, trainings, runtimes
