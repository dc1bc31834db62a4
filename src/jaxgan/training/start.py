"""Where a run starts: its folder, and its state from a checkpoint, anew, or from another run."""

import contextlib
import dataclasses
import logging
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxgan import hyperparameters, limited_data, parallel
from jaxgan.data.open import absolute
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, Task, blank_rows, initial_state
from jaxgan.files import write_json
from jaxgan.game.gan import Gan, fresh_batches
from jaxgan.game.state import GanState, adaptive_of
from jaxgan.game.step import make_step
from jaxgan.processes import arrays_from_first, from_first, on_first
from jaxgan.rng import named
from jaxgan.runs.checkpoint import digest
from jaxgan.runs.environment import describe_environment, environment_changes
from jaxgan.runs.folder import RunFolder, create_folder, read_description
from jaxgan.runs.identity import check_same_run
from jaxgan.runs.job_checkpoints import Store
from jaxgan.runs.metrics_log import read_metrics
from jaxgan.runs.settings import Compute, Runtime, Training
from jaxgan.sampling.load import load_state
from jaxgan.training.data import mean_sample
from jaxgan.training.engine import Build, Hyperparameters
from jaxgan.types import Device, Key


@dataclasses.dataclass(frozen=True, eq=False)
class Game:
    """The game that a run trains.

    Attributes:
      build: builds it from hyperparameters, which may be traced.
      values: the run's hyperparameters.
      task: what the game may know of the data.
      rows: rows of a batch that each device gets.
      gan: the game itself.
      shapes: shapes and dtypes of its state.
    """

    build: Build
    values: Hyperparameters
    task: Task
    rows: int
    gan: Gan
    shapes: GanState

    def new(self, values: Hyperparameters, seed: ArrayLike) -> GanState:
        """The state before the first step; the seed may be traced."""
        return initial_state(self.build(values), jax.random.key(seed), self.task)

    def logged(self) -> list[str]:
        """The names that a step logs, which are found without running one."""
        batches = fresh_batches(self.gan.updates)
        raw = blank_rows(self.task, self.rows)

        def step(values, state):
            gan = self.build(values)
            batch = self.task.modality.seen(raw, None, gan.range, False)
            batch = jax.tree.map(lambda leaf: jnp.stack([leaf] * batches), batch)
            return make_step(gan)(state, batch)[1]

        return list(jax.eval_shape(parallel.alone(step), self.values, self.shapes))


def game_of(
    experiment: Experiment,
    config: Any,
    source: Source,
    training: Training,
    steps: int,
    devices: int,
    compute: Compute = Compute(),  # noqa: B008
) -> Game:
    """The game of a config, for these data; ``compute`` says how its gradients are taken.

    Raises:
      UserError: the batch cannot be divided over the devices, the networks do not fit the data, or
        packs of samples do not fill a device's rows.
    """
    batch_size = training.batch_size
    if batch_size % devices:
        below = batch_size - batch_size % devices
        nearest = " or ".join(str(n) for n in (below, below + devices) if n > 0)
        raise UserError(
            f"--batch-size {batch_size} is not divisible by {devices} devices; "
            f"use {nearest}, or --devices."
        )
    task = Task(
        source.spec,
        source.classes,
        source.modality,
        steps=steps,
        dtype=training.dtype,
        ema=training.ema,
        change=limited_data.requested(
            source.modality,
            training.augment,
            training.augment_ramp,
            training.lecam,
            training.freeze_d,
        ),
        mean=lambda: mean_sample(source),
    )
    values = _values(config, training)
    rows = batch_size // devices

    def build(values: Hyperparameters) -> Gan:
        of_config = {name: value for name, value in values.items() if name != "ema"}
        gan = experiment.game(
            hyperparameters.merge(config, of_config),
            dataclasses.replace(task, ema=values["ema"]),
        )
        return dataclasses.replace(gan, parts=compute.accumulate, remat=compute.remat)

    def born(values: Hyperparameters) -> GanState:
        return initial_state(build(values), jax.random.key(0), task, rows)

    with _fitting(experiment, task):
        gan = experiment.game(config, task)
        missing = [key for key in gan.forward.condition if key not in task.spec]
        if missing:
            what = "labels" if missing == ["label"] else ", ".join(missing)
            raise UserError(
                f"{experiment.name} needs {what} and {source.name} has none; choose other --data."
            )
        return Game(build, values, task, rows, gan, jax.eval_shape(parallel.alone(born), values))


def with_hyperparameters(
    game: Game, experiment: Experiment, config: Any, training: Training
) -> Game:
    """The same game with the hyperparameters of another run, whose structure is the same."""
    task = dataclasses.replace(game.task, ema=training.ema)
    return dataclasses.replace(
        game, values=_values(config, training), task=task, gan=experiment.game(config, task)
    )


def _values(config: Any, training: Training) -> dict[str, jax.Array]:
    return hyperparameters.split(config) | {"ema": jnp.float32(training.ema)}


@contextlib.contextmanager
def _fitting(experiment: Experiment, task: Task) -> Iterator[None]:
    """Turns an error in building the game into one that names data of an unusual shape.

    Raises:
      UserError: the data have another shape than the experiment's own. With that shape the error
        is a mistake of the file and passes.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # whatever a file and its networks raise at odd shapes
        if task.shape == experiment.data.shape:
            raise
        first = str(error).strip().partition("\n")[0] or repr(error)
        short = textwrap.shorten(first, 160, placeholder=" ...").rstrip(".")
        raise UserError(
            f"{experiment.name}'s networks do not fit data of shape {task.shape}: {short}. They "
            f"were made for {experiment.data.shape}; choose other --data, --resolution or "
            "--channels."
        ) from error


def state_of(
    game: Game,
    seed: int,
    checkpoints: Store,
    devices: list[Device],
    init_from: Path | None,
    recorded: dict[str, str] | None,
) -> GanState:
    """The newest sound checkpoint's state, or a new one, whole on each device.

    Args:
      game: what is trained.
      seed: of a new state.
      checkpoints: those of the run.
      devices: where to put the state.
      init_from: the run whose networks a new state begins with, if any.
      recorded: ``origin`` of that run, when this one began.

    Raises:
      UserError: no checkpoint is sound, or the networks of ``init_from`` have changed.
    """
    if checkpoints.steps():
        return checkpoints.restore(placed(game, devices))[1]
    new = jax.jit(game.new, out_shardings=parallel.replicated(devices))
    return warm(game, new(game.values, np.uint32(seed)), devices, init_from, recorded)


def key_after(seed: int, rollbacks: int) -> Key:
    """The key of a run that has gone back so many times; of none, that of ``GanState``."""
    key = named(jax.random.key(seed), "train")
    return jax.random.fold_in(named(key, "rollback"), rollbacks) if rollbacks else key


def placed(game: Game, devices: list[Device]) -> GanState:
    """The shapes of the state, whole on each device, as ``Checkpoints`` takes them."""
    return _placed(game.shapes, devices)


def _placed(shapes: Any, devices: list[Device]) -> Any:
    """The shapes, whole on each device."""
    whole = parallel.replicated(devices)
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=whole), shapes
    )


def warm(
    game: Game,
    state: GanState,
    devices: list[Device],
    init_from: Path | None,
    recorded: dict[str, str] | None,
) -> GanState:
    """A new state with the networks of another run, if there is one.

    Args:
      game: what is trained.
      state: the new state.
      devices: where it is.
      init_from: the run whose networks it begins with, if any.
      recorded: ``origin`` of that run, when this one began.

    Raises:
      UserError: the networks of ``init_from`` have changed.
    """
    if init_from is None:
        return state
    if from_first(lambda: origin(state, init_from, game.task)) != recorded:
        raise UserError(
            f"--init-from {init_from}: its networks are no longer those that this run began with; "
            "choose another --workdir."
        )
    like = _placed(_networks_of(state), devices)
    players, ema = arrays_from_first(on_first(lambda: _networks(state, init_from)), like)
    theirs = {
        who: dataclasses.replace(player, params=players[who][0], stats=players[who][1])
        for who, player in state.players.items()
    }
    adaptive = {**state.adaptive, **adaptive_of(game.gan, theirs)}
    return dataclasses.replace(state, players=theirs, ema=ema, adaptive=adaptive)


def _check_vocabulary(task: Task, run: Path) -> None:
    """Refuses networks whose tokens stand for other words than the task's.

    Raises:
      UserError: they do.
    """
    vocabulary = task.modality.vocabulary
    if vocabulary is None:
        return
    theirs = read_description(RunFolder(run))["data"].get("vocabulary") or {}
    if theirs != {**dataclasses.asdict(vocabulary), "words": list(vocabulary.words)}:
        raise UserError(
            f"--init-from {run}: its tokens stand for other words than those of these data; train "
            "it on the same data."
        )


def origin(like: GanState, run: Path | None, task: Task) -> dict[str, str] | None:
    """The run of ``--init-from`` and the sha256 of its networks; None if there is none.

    Raises:
      UserError: it cannot be read, its networks are not of the shapes of ``like``, or its tokens
        stand for other words than the task's.
    """
    if run is None:
        return None
    _check_vocabulary(task, run)
    return {"run": str(run), "sha256": digest(_networks(like, run))}


def _networks(state: GanState, run: Path) -> Any:
    """The networks of another run.

    Raises:
      UserError: they cannot be read, or have other shapes than those of ``state``.
    """
    ours, theirs = _networks_of(state), _networks_of(load_state(run).state)
    shapes = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)  # noqa: E731
    if shapes(ours) != shapes(theirs):
        raise UserError(
            f"--init-from {run}: its networks differ from this run's; match the config."
        )
    return theirs


def _networks_of(state: GanState) -> Any:
    """Parameters and statistics of all networks of a state."""
    players = {who: (player.params, player.stats) for who, player in state.players.items()}
    return players, state.ema


def open_folder(
    folder: RunFolder,
    experiment: Experiment,
    description: dict[str, Any],
    recorded: dict[str, Any] | None,
    devices: list[Device],
    training: Training,
    runtime: Runtime,
    members: int = 1,
) -> None:
    """Makes the folder, or checks that it holds the same run, and records this launch.

    ``members`` says how many runs are trained at once.

    Raises:
      UserError: it holds another run, or cannot be written.
    """
    environment = describe_environment(devices) | {"members": members}
    if recorded is not None:
        check_same_run(recorded, description, folder, experiment)
        before = {"members": 1} | recorded["launches"][-1]["environment"]
        moved = environment_changes(before, environment)
        if moved:
            logging.getLogger("jaxgan").warning(
                "Resuming where something changed (%s): not bitwise equal to an unbroken run",
                "; ".join(moved),
            )
    launch = {
        "runtime": plain(dataclasses.asdict(runtime)),
        "data_path": absolute(training.data),
        "environment": environment,
    }
    if recorded is None:
        whole = description | {"environment": environment, "launches": [launch]}
        create_folder(folder, whole, experiment)
        return
    recorded["launches"] = [*recorded.get("launches", []), launch]
    try:
        if not folder.experiment.exists():
            shutil.copyfile(experiment.file, folder.experiment)
        write_json(folder.config, recorded)
    except OSError as error:
        raise UserError(
            f"Cannot write the run folder {folder.path}: {error.strerror}. Make it writable."
        ) from error


def set_aside(folder: RunFolder) -> None:
    """Keeps the rows of an attempt that left no checkpoint to resume from."""
    rows = read_metrics(folder.metrics)
    if rows:
        aside = folder.metrics.with_suffix(".before-restart.jsonl")
        folder.metrics.replace(aside)
        logging.getLogger("jaxgan").warning(
            "%s has no checkpoint to resume from: starting from step 0; the rows to step %d "
            "are in %s",
            folder.path,
            rows[-1]["step"],
            aside.name,
        )


def plain(value: Any) -> Any:
    """Paths as text, in nested dictionaries."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, Path) else value
