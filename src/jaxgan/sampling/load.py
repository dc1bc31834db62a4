"""A trained run, read back from its folder."""

import dataclasses
import functools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jax
import numpy as np

from jaxgan import limited_data
from jaxgan.data.modality import IMAGES, PAIRS, POINTS, UNPAIRED
from jaxgan.data.open import held_out_rows
from jaxgan.data.sounds import sounds
from jaxgan.data.source import RowSpec, Source
from jaxgan.data.tokens import tokens
from jaxgan.data.videos import VIDEOS
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Task, initial_state, load_experiment, open_of
from jaxgan.game.gan import Gan
from jaxgan.runs.checkpoint import Checkpoints, digest
from jaxgan.runs.environment import code_digest
from jaxgan.runs.folder import RunFolder, read_description
from jaxgan.runs.identity import LATER
from jaxgan.sampling.sampler import Sampler, Weights, sampler_of
from jaxgan.vocabulary import Vocabulary

Step = int | Literal["best"] | None
"""Step of a checkpoint: the one of the best score, or for None the newest that is sound."""


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedRun:
    """A run as its folder describes it, with the state of one checkpoint.

    Attributes:
      experiment: the experiment, from the folder's copy of the file.
      config: its hyperparameters.
      gan: the game that they make.
      task: shape and classes of the data.
      description: the run's ``config.json``.
      folder: where it lies.
      state: the ``GanState`` of a checkpoint; None from ``rebuild``, which reads none.
    """

    experiment: Experiment
    config: Any
    gan: Gan
    task: Task
    description: dict[str, Any]
    folder: Path
    state: Any = None

    def sampler(self, weights: Weights = "ema", data_dir: str | None = None) -> Sampler:
        """A sampler of the state's generator, averaged (``ema``) or as last trained (``raw``).

        What samples are made from, where they are made from data, is looked for in ``data_dir``,
        or where the training found it.
        """
        assert self.state is not None, "load_state gives a run with a state"
        return sampler_of(
            self.gan,
            self.state,
            self.task,
            weights,
            precision_of(self.description),
            functools.cache(lambda: self._rows(data_dir)),
        )

    def _rows(self, data_dir: str | None) -> Source:
        """The rows that samples are made from, where they are made from data."""
        return held_out_rows(
            lambda split: training_source(self.folder, data_dir, split),
            self.description["training"]["split"],
        )


def rebuild(folder: RunFolder) -> TrainedRun:
    """The run from its folder, without a state.

    Raises:
      UserError: there is no run, or its files do not fit each other.
    """
    description = read_description(folder)
    experiment = load_experiment(folder.experiment, description["training"]["preset"])
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in description["config"].items()
    }
    try:
        config = experiment.config(**values)
    except TypeError as error:
        raise UserError(f"{folder.experiment} does not fit {folder.config}: {error}.") from error
    task = _task(experiment, description, folder)
    gan = experiment.game(config, task)
    if description.get("frozen") != (digest(gan.frozen) if gan.frozen else None):
        raise UserError(
            f"{folder.path} was trained with other frozen arrays than {folder.experiment} now "
            "loads; restore the file that they come from."
        )
    return TrainedRun(experiment, config, gan, task, description, folder.path)


def _task(experiment: Experiment, description: dict[str, Any], folder: RunFolder) -> Task:
    """The task as it was in training, but for the mean sample.

    Raises:
      UserError: the experiment no longer declares what the samples are.
    """
    data, training = description["data"], description["training"]
    known = [POINTS, IMAGES, PAIRS, UNPAIRED, VIDEOS, experiment.data.modality]
    if "rate" in data:
        known.append(sounds(data["rate"]))
    if "vocabulary" in data:
        words = data["vocabulary"]
        known.append(tokens(Vocabulary(words["size"], tuple(words["words"]), words["between"])))
    modalities = {one.name: one for one in known}
    if data["modality"] not in modalities:
        raise UserError(
            f"{folder.experiment} does not declare {data['modality']}, the modality of its data; "
            "restore the file that the run was trained with."
        )
    spec = {
        key: RowSpec(tuple(shape), np.dtype(dtype)) for key, (shape, dtype) in data["spec"].items()
    }
    return Task(
        spec,
        data["classes"],
        modalities[data["modality"]],
        steps=training.get("steps"),
        dtype=training["dtype"],
        ema=training["ema"],
        change=limited_data.requested(
            modalities[data["modality"]],
            **{name: training[name] for name in LATER if name in training},
        ),
    )


def load_state(run: str | Path, step: Step = None) -> TrainedRun:
    """The run with the state of its newest sound checkpoint, or of ``step``.

    Raises:
      UserError: there is no run, no such checkpoint, or none that is sound.
    """
    folder = RunFolder(Path(run))
    if folder.path.exists() and not folder.path.is_dir():
        raise UserError(f"{folder.path} is not a folder; give the run's folder.")
    found = rebuild(folder)
    if not folder.checkpoints.is_dir():
        raise UserError(f"{folder.path} has no checkpoint yet; train it first.")
    like = jax.eval_shape(lambda: initial_state(found.gan, jax.random.key(0), found.task))
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
    environment = latest_environment(found.description)
    recorded = environment.get("code")
    if recorded not in (None, code_digest()):
        logging.getLogger("jaxgan").warning(
            "%s was written by another version of jaxgan's code (commit %s); the networks are "
            "rebuilt with this one.",
            folder.path,
            environment.get("git_commit"),
        )
    return dataclasses.replace(found, state=state)


def latest_environment(description: Mapping[str, Any]) -> dict[str, Any]:
    """What the run was last trained with: a resume may be under other code than its start."""
    return description["launches"][-1]["environment"]


def training_source(
    run: str | Path, data_dir: str | None = None, split: str | None = None
) -> Source:
    """The data that a run was trained on, or another split of them.

    Raises:
      UserError: they are not at hand, or are no longer those of the training.
    """
    folder = RunFolder(Path(run))
    description = read_description(folder)
    training, recorded = description["training"], description["data"]
    launch = description["launches"][-1]
    reading = launch["runtime"]["reading"]
    experiment = load_experiment(folder.experiment, training["preset"])
    # The name of a folder or a file says no path; where it lay is said by the launch.
    spec = launch.get("data_path") or training["data"]
    split = str(split or training["split"])
    try:
        source = open_of(experiment, spec)(
            split,
            data_dir=data_dir or reading["data_dir"],
            resolution=training["resolution"],
            channels=training["channels"],
            unreadable=reading["unreadable"],
        )
    except UserError as error:
        raise type(error)(f"The data of {run}: {error}") from error
    if split == training["split"] and source.fingerprint != recorded["fingerprint"]:
        raise UserError(
            f"{spec} is no longer what {run} was trained on (sha256 {recorded['fingerprint'][:12]} "
            f"-> {source.fingerprint[:12]}). Restore it."
        )
    return source


def load(run: str | Path, weights: Weights = "ema", step: Step = None) -> Sampler:
    """A sampler from a run folder.

    Args:
      run: the folder.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      step: step of the checkpoint, or ``best``; None for the newest that is sound.

    Raises:
      UserError: there is no run, no such checkpoint, or none that is sound.
    """
    return load_state(run, step).sampler(weights)


def precision_of(description: Mapping[str, Any]) -> str:
    """The precision of matrix products that a run was trained with, from its ``config.json``."""
    return description["training"]["matmul_precision"]
