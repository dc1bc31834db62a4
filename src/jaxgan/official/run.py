"""A run folder of official weights, from which to sample, and to train on with ``--init-from``."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.source import Source, from_arrays
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.game.state import Average, GanState, Player
from jaxgan.official.weights import Imported
from jaxgan.runs.checkpoint import Checkpoints, difference, tree_of
from jaxgan.runs.environment import describe_environment
from jaxgan.runs.folder import RunFolder, Status, create_folder, locked
from jaxgan.runs.identity import data_description, describe_run
from jaxgan.runs.settings import Runtime, Training
from jaxgan.training import start

NAMES = {"g": "generator", "d": "discriminator"}


def write_run(imported: Imported, experiment: Experiment, file: Path, workdir: Path) -> RunFolder:
    """Makes a run of step 0 whose networks are the imported ones.

    Args:
      imported: the networks.
      experiment: what their experiment file declares.
      file: where the weights come from.
      workdir: the folder.

    Returns:
      The folder.

    Raises:
      UserError: it exists, cannot be written, or the weights do not fit the networks here.
    """
    folder = RunFolder(workdir)
    if workdir.exists():
        raise UserError(f"{workdir} exists; choose another --workdir.")
    selected = experiment.selected(next(iter(experiment.presets)))
    config = dataclasses.replace(selected.default(), **imported.flags)
    source = _source(imported)
    training = Training(data=source.name, batch_size=selected.batch_size, preset=selected.preset)
    game = start.game_of(selected, config, source, training, selected.steps, devices=1)
    state = with_weights(jax.jit(game.new)(game.values, np.uint32(0)), imported)
    description = describe_run(
        selected, config, training, data_description(source), selected.steps, game.gan.frozen
    )
    environment = describe_environment(jax.local_devices()[:1]) | {"members": 1}
    runtime = Runtime(steps=0, workdir=workdir)
    launch = {
        "runtime": start.plain(dataclasses.asdict(runtime)),
        "data_path": None,
        "environment": environment,
    }
    with locked(folder), Status(folder) as status:
        whole = description | {
            "imported": {"file": file.name, "sha256": _sha256(file)},
            "environment": environment,
            "launches": [launch],
        }
        create_folder(folder, whole, selected)
        with Checkpoints(folder.checkpoints) as checkpoints:
            checkpoints.save(0, state)
        status.write("finished", f"imported from {file.name}")
    return folder


def _source(imported: Imported) -> Source:
    """Data of the networks' shape and classes: one black image, since theirs are not known."""
    rows: dict[str, Any] = {"image": np.zeros((1, *imported.shape), np.uint8)}
    if imported.classes is not None:
        rows["label"] = np.zeros(1, np.int32)
    return from_arrays("imported", "train", rows, classes=imported.classes)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def with_weights(state: GanState, imported: Imported) -> GanState:
    """The state with the imported networks, and the average that their authors draw from.

    Raises:
      UserError: an array is missing, too many, or of another shape than the networks here have.
    """

    def split(what: str, like: Any, variables: Mapping[str, Any]) -> tuple[Any, Any]:
        wanted = {"params": like.params, **like.stats}
        theirs = jax.tree.map(jnp.asarray, dict(variables))
        found = difference(tree_of(theirs), tree_of(wanted))
        if found:
            raise UserError(f"The imported {what} does not fit the networks here: {found}.")
        return theirs.pop("params"), theirs

    def player(who: str, variables: Mapping[str, Any]) -> Player:
        params, stats = split(NAMES[who], state.players[who], variables)
        return dataclasses.replace(state.players[who], params=params, stats=stats)

    average = Average(*split("averaged generator", state.ema, imported.average))
    players = {
        "g": player("g", imported.generator),
        "d": player("d", imported.discriminator),
    }
    return dataclasses.replace(state, players=players, ema=average)
