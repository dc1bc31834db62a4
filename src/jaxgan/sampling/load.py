"""A trained run, read back from its folder."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

from jaxgan.data.modality import IMAGES, POINTS
from jaxgan.data.source import RowSpec
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Task, initial_state, load_experiment
from jaxgan.game.gan import Gan
from jaxgan.game.state import GanState
from jaxgan.runs.checkpoint import Checkpoints
from jaxgan.runs.environment import code_digest
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.sampling.sampler import Sampler, Weights, sampler_of


def rebuild(folder: RunFolder) -> tuple[Experiment, Any, Task, dict[str, Any]]:
    """The run's experiment, config, data shape and description, from its folder alone."""
    description = read_description(folder)
    experiment = load_experiment(folder.experiment, description["training"].get("preset", ""))
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in description["config"].items()
    }
    try:
        config = experiment.config(**values)
    except TypeError as error:
        raise UserError(f"{folder.experiment} does not fit {folder.config}: {error}.") from error
    return experiment, config, _task(experiment, description), description


def _task(experiment: Experiment, description: dict[str, Any]) -> Task:
    """The task as it was in training, but for the mean sample."""
    data, training = description["data"], description["training"]
    known = {one.name: one for one in (POINTS, IMAGES, experiment.data.modality)}
    spec = {
        key: RowSpec(tuple(shape), np.dtype(dtype)) for key, (shape, dtype) in data["spec"].items()
    }
    return Task(
        spec,
        data["classes"],
        known[data["modality"]],
        steps=training.get("steps"),
        dtype=training["dtype"],
        ema=training["ema"],
    )


Step = int | Literal["best"] | None
"""Step of a checkpoint: the one of the best score, or for None the newest that is sound."""


def load_state(
    run: str | Path, step: Step = None
) -> tuple[Experiment, Gan, GanState, Task, dict[str, Any]]:
    """The state of a run's newest sound checkpoint (or of ``step``), and what rebuilds it.

    Raises:
      UserError: there is no run, no such checkpoint, or none that is sound.
    """
    folder = RunFolder(Path(run))
    if folder.path.exists() and not folder.path.is_dir():
        raise UserError(f"{folder.path} is not a folder; give the run's folder.")
    experiment, config, task, description = rebuild(folder)
    if not folder.checkpoints.is_dir():
        raise UserError(f"{folder.path} has no checkpoint yet; train it first.")
    gan = experiment.game(config, task)
    like = jax.eval_shape(lambda: initial_state(gan, jax.random.key(0), task))
    device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=device), like
    )
    with Checkpoints(folder.checkpoints, writing=False) as checkpoints:
        if step == "best":
            step = checkpoints.best_step()
            if step is None and checkpoints.steps():
                raise UserError(
                    f"{folder.path} has no scored checkpoint, which jaxgan train --best METRIC "
                    "keeps; omit --step, or give a number."
                )
        _, state = checkpoints.restore(like, step)
    environment = latest_environment(description)
    recorded = environment.get("code")
    if recorded not in (None, code_digest()):
        logging.getLogger("jaxgan").warning(
            "%s was written by another version of jaxgan's code (commit %s); the networks are "
            "rebuilt with this one.",
            folder.path,
            environment.get("git_commit"),
        )
    return experiment, gan, state, task, description


def latest_environment(description: dict[str, Any]) -> dict[str, Any]:
    """What the run was last trained with: a resume may be under other code than its start."""
    launches = description.get("launches") or [description]
    return launches[-1].get("environment", {})


def load(run: str | Path, weights: Weights = "ema", step: Step = None) -> Sampler:
    """A sampler from a run folder.

    Args:
      run: the folder.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      step: step of the checkpoint, or ``best``; None for the newest that is sound.

    Raises:
      UserError: there is no run, no such checkpoint, or none that is sound.
    """
    _, gan, state, task, description = load_state(run, step)
    return sampler_of(gan, state, task, weights, precision_of(description))


def precision_of(description: Mapping[str, Any]) -> str:
    """The precision of matrix products that a run was trained with, from its ``config.json``."""
    return description["training"]["matmul_precision"]
