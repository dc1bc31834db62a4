"""Looks for what would make a trial fail, before any is started."""

import dataclasses
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import jax

from jaxgan import hyperparameters
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.runs.folder import RunFolder
from jaxgan.runs.identity import code_changes
from jaxgan.runs.settings import flags_of
from jaxgan.sweep.flags import plain
from jaxgan.sweep.trials import VARIANT, Trial
from jaxgan.training.data import open_data
from jaxgan.training.start import game_of


def structure(trial: Trial) -> str:
    """What two trials share that differ in their seed and their hyperparameters alone.

    They are trained by the same program.
    """
    floats = {*hyperparameters.names(trial.config)}
    config = dataclasses.asdict(trial.config).items()
    training = {**dataclasses.asdict(trial.training), "seed": 0, "ema": 0.0}
    whole = {name: value for name, value in config if name not in floats}
    return _key(trial.experiment.file, trial.experiment.preset, whole, training)


def groups(trials: Iterable[Trial]) -> list[list[Trial]]:
    """The trials by their structure and number of steps."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(_key(structure(trial), trial.steps), []).append(trial)
    return list(found.values())


def check_games(trials: Iterable[Trial], alone: bool = True) -> None:
    """Opens the data of every trial and builds its game, once for each structure.

    Args:
      trials: the trials.
      alone: whether each is trained by itself, its batch divided over all devices.

    Raises:
      UserError: data are not there, or networks do not fit them or the batch, or the devices do not
        divide it; names the trial.
    """
    sources: dict[str, Source] = {}
    different = {_key(structure(one), one.steps, _devices(one)): one for one in reversed([*trials])}
    for trial in reversed(different.values()):
        training, reading = trial.training, trial.runtime.reading
        data = _key(trial.experiment.file, training.data, training.split, training.resolution)
        data = _key(data, training.channels, training.flip, dataclasses.asdict(reading))
        try:
            if data not in sources:
                sources[data] = open_data(trial.experiment, training, reading, smoke=False)
            devices = _devices(trial) if alone else 1
            game_of(trial.experiment, trial.config, sources[data], training, trial.steps, devices)
        except UserError as error:
            raise UserError(f"{trial.name}: {error}") from error


def _devices(trial: Trial) -> int:
    """On how many devices a trial is trained: those that it asks for, or all.

    This process sees the CPU's alone; how many accelerators there are, only trials know.
    """
    return trial.runtime.compute.devices or jax.device_count()


def _key(*parts: Any) -> str:
    return json.dumps(plain(parts), sort_keys=True)


def check_code(sweep: Path, trials: Iterable[Trial]) -> None:
    """Compares each experiment file with the copy in the first of its trials that has begun.

    Raises:
      UserError: its code has changed, so that new trials would be of another experiment.
    """
    copies: dict[Path, Path] = {}
    for trial in trials:
        copy = RunFolder(sweep / trial.folder).experiment
        if copy.is_file():
            copies.setdefault(trial.experiment.file, copy)
    for file, copy in copies.items():
        if changed := code_changes(copy, file):
            line = " ".join(changed[0].split())[:80]
            more = ", ..." if len(changed) > 1 else ""
            raise UserError(
                f"{file.name} has changed since {sweep} began ({line}{more}). Restore it, or "
                "choose another --workdir."
            )


def shared(trials: Iterable[Trial], factors: Collection[str]) -> dict[str, Any]:
    """What the trials of each experiment share, by its name: all that must not change.

    How often a run saves, or on how many devices it runs, may change; the number of steps is each
    trial's own.
    """
    found: dict[str, Any] = {}
    for trial in trials:  # of an ablation, the first is the experiment as it is
        scoring = flags_of(trial.runtime.scoring)
        settings = {
            **scoring,
            **dataclasses.asdict(trial.training),
            **dataclasses.asdict(trial.config),
            "file": trial.experiment.file.name,
        }
        kept = {name: settings[name] for name in settings if name not in ("seed", *factors)}
        found.setdefault(str(trial.levels.get(VARIANT, "")) or trial.experiment.name, plain(kept))
    return found
