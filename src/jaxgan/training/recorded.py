"""The settings of a run, from its ``config.json``."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.files import writing
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.runs.settings import Runtime, Training, flags_of, with_flags

PATHS = ("init_from", "extractor_weights")
"""Flags that are paths."""

OWN = ("workdir", "distributed", "coordinator", "num_processes", "process_id")
"""Flags that say where a run is, or on which processes: another run does not take them over."""


def recorded_experiment(folder: RunFolder, scratch: Path) -> Experiment:
    """The experiment of a run, with the run's hyperparameters as its defaults.

    Args:
      folder: of the run.
      scratch: a folder in which the run's copy of the file gets the name that the file had.

    Raises:
      UserError: there is no run, or its files do not fit each other.
    """
    description = read_description(folder)
    preset = description["training"].get("preset", "")
    if not folder.experiment.is_file():
        raise UserError(f"{folder.experiment} is not there; restore it, or train the file itself.")
    stem = str(description["experiment"]).removesuffix(f"-{preset}" if preset else "")
    file = scratch / f"{stem}.py"
    with writing(file, "Make room or access."):
        file.write_text(folder.experiment.read_text())
    experiment = load_experiment(file, preset)
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in description["config"].items()
    }
    fields = {field.name for field in dataclasses.fields(experiment.config)}
    if strange := sorted(values.keys() ^ fields):
        raise UserError(
            f"{folder.experiment} does not fit {folder.config}: {', '.join(strange)} is in one of "
            "them only."
        )
    return dataclasses.replace(experiment, changes=values)


def recorded_settings(folder: RunFolder) -> tuple[Training, Runtime]:
    """What the flags of a run were when it was last trained.

    Raises:
      UserError: there is no run, or its description is damaged.
    """
    description = read_description(folder)
    launch = description["launches"][-1]
    training = {
        field.name: description["training"][field.name]
        for field in dataclasses.fields(Training)
        if field.name in description["training"]
    }
    # The name of a folder or of a file says no path.
    training["data"] = launch.get("data_path") or training["data"]
    known = flags_of(Runtime()).keys() - {*OWN}
    runtime = {
        name: Path(value) if name in PATHS and value is not None else value
        for name, value in _flat(launch["runtime"]).items()
        if name in known
    }
    return Training(**training), with_flags(Runtime(), **runtime)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, without their groups."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value) if isinstance(value, dict) else {name: value}
    return found
