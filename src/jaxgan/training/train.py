"""The training loop. It knows ``Gan``, not papers."""

import contextlib
import dataclasses
import logging
import math
import shutil
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import hyperparameters, parallel
from jaxgan.cli.progress import Progress
from jaxgan.data.feed import Feed, gather, make_feed
from jaxgan.data.modality import random_flip, to_float
from jaxgan.data.open import open_source
from jaxgan.data.source import Source, from_arrays
from jaxgan.errors import UserError
from jaxgan.evaluation.ranking import rank, ranked_by, values_of
from jaxgan.evaluation.score import RULE, Score, append, forget
from jaxgan.experiment import Experiment, Task, initial_state
from jaxgan.files import write_json
from jaxgan.game.gan import Gan, fresh_batches, moves
from jaxgan.game.state import GanState
from jaxgan.game.step import make_step
from jaxgan.rng import Rng, global_rows, named
from jaxgan.runs.checkpoint import Checkpoints, digest
from jaxgan.runs.environment import describe_environment, environment_changes
from jaxgan.runs.folder import RunFolder, create_folder, locked, read_description
from jaxgan.runs.identity import check_same_run, describe_run
from jaxgan.runs.metrics_log import MetricsLog, read_metrics
from jaxgan.runs.settings import Runtime, Training, check, repeat_of
from jaxgan.sampling import standing_statistics
from jaxgan.sampling.load import load_state
from jaxgan.sampling.sampler import sampler_of
from jaxgan.training import repeat
from jaxgan.training.scoring import ScoresDuringTraining, scores_during_training
from jaxgan.types import AXIS, Device, Logs
from jaxgan.viz.pictures import grid, magnification, save_curves, save_image, scatter

PROFILED_STEPS = 10


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a call of ``train`` ended.

    Attributes:
      kind: ``finished``, ``interrupted`` or ``diverged``.
      step: finished steps.
      folder: the run folder.
      note: what happened, for a person; empty if nothing did.
    """

    kind: str
    step: int
    folder: RunFolder
    note: str = ""


def train(experiment: Experiment, config: Any, training: Training, runtime: Runtime) -> Outcome:
    """Trains a run to ``runtime.steps``, from its newest checkpoint if it has one.

    Args:
      experiment: what the experiment file declares.
      config: its knobs.
      training: settings that identify the run.
      runtime: settings that a resume may change.

    Raises:
      UserError: a setting, the data, the folder or its checkpoints are at fault.
    """
    check(training, runtime)
    devices = parallel.choose_devices(runtime.devices)
    if training.batch_size % len(devices):
        below = training.batch_size - training.batch_size % len(devices)
        nearest = " or ".join(str(n) for n in (below, below + len(devices)) if n > 0)
        raise UserError(
            f"--batch-size {training.batch_size} is not divisible by {len(devices)} devices; "
            f"use {nearest}, or --devices."
        )
    folder = RunFolder(runtime.workdir or Path("runs") / experiment.name)
    source = _source(experiment, training, runtime)
    if training.flip and len(source.shape) != 3:
        mend = "give --no-flip" if experiment.flip else "omit --flip"
        raise UserError(f"--flip: {source.name} are points, not images; {mend}.")
    data = Task(source.shape, source.classes, mean=lambda: _mean(source))
    description = describe_run(
        experiment, config, training, _data_description(source), runtime.steps
    )
    recorded = read_description(folder) if folder.config.exists() else None
    runtime = _with_origin(runtime, recorded, folder)
    run = _Run(experiment, config, training, runtime, folder, source, data, devices)
    if recorded is None:  # before there is a folder that holds the mistake
        description["origin"] = run.origin()
    evaluation = run.evaluation(recorded or description)
    score = _score(runtime.best, evaluation)
    with contextlib.ExitStack() as stack:
        if run.leader:
            stack.enter_context(locked(folder))
        _open_folder(folder, experiment, description, recorded, devices, training, runtime)
        checkpoints = stack.enter_context(
            Checkpoints(folder.checkpoints, runtime.keep, runtime.best)
        )
        feed = stack.enter_context(contextlib.closing(_feed(source, training, runtime)))
        try:
            state = run.start(checkpoints, (recorded or description).get("origin"))
            return run.train(state, feed, checkpoints, score, evaluation)
        except BaseException as error:
            run.status("failed", run.reached, str(error).partition("\n")[0] or repr(error))
            raise


class _Run:
    """One call of ``train``: what its parts share."""

    def __init__(
        self,
        experiment: Experiment,
        config: Any,
        training: Training,
        runtime: Runtime,
        folder: RunFolder,
        source: Source,
        data: Task,
        devices: list[Device],
    ):
        self.experiment = experiment
        self.config = config
        self.training = training
        self.runtime = runtime
        self.folder = folder
        self.source = source
        self.data = data
        self.devices = devices
        self.reached = 0
        self.hyperparameters = hyperparameters.split(config)
        with _fitting(experiment, data):  # refuses networks that cannot be
            self.gan: Gan = experiment.game(config, data, runtime.steps)
            if self.gan.conditional and data.classes is None:
                raise UserError(
                    f"{experiment.name} needs labels and {source.name} has none; choose other "
                    "--data."
                )
            self.like = self._shapes()
        self.batches = fresh_batches(self.gan.updates)
        self.leader = jax.process_index() == 0

    def traced(self, values: dict[str, Any]) -> Gan:
        """The game with traced knobs."""
        config = hyperparameters.merge(self.config, values)
        return self.experiment.game(config, self.data, self.runtime.steps)

    def new(self, hyperparameters: dict[str, Any]) -> GanState:
        """The state before the first step."""
        key = jax.random.key(self.training.seed)
        return initial_state(self.traced(hyperparameters), key, self.data)

    def _shapes(self) -> GanState:
        """The state's shapes, as a round with a device's own rows gives them.

        What is wrong with those rows, that packs do not fill them, is refused here, before there
        is a run folder.
        """
        key = jax.random.key(self.training.seed)
        rows = self.training.batch_size // len(self.devices)

        def device(hyperparameters: dict[str, Any], _: jax.Array) -> GanState:
            return initial_state(self.traced(hyperparameters), key, self.data, rows)

        alone = jax.vmap(device, in_axes=(None, 0), out_axes=None, axis_name=AXIS)
        return jax.eval_shape(alone, self.hyperparameters, jnp.zeros(1))

    def origin(self) -> dict[str, str] | None:
        """The run of ``--init-from``, and the sha256 of its networks."""
        if self.runtime.init_from is None:
            return None
        networks = _origin(self.like, self.runtime.init_from)
        return {"run": str(self.runtime.init_from), "sha256": digest(networks)}

    def start(self, checkpoints: Checkpoints, origin: dict[str, str] | None) -> GanState:
        """The state to train from: the newest checkpoint's, or a new one.

        Raises:
          UserError: no checkpoint is sound, or the networks to start from have changed.
        """
        whole = parallel.replicated(self.devices)
        if checkpoints.steps():
            like = jax.tree.map(
                lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=whole),
                self.like,
            )
            return checkpoints.restore(like)[1]
        state = jax.jit(self.new, out_shardings=whole)(self.hyperparameters)
        if self.runtime.init_from is not None:
            if self.origin() != origin:
                raise UserError(
                    f"--init-from {self.runtime.init_from}: its networks are no longer those "
                    "that this run began with; choose another --workdir."
                )
            state = _warm(state, self.runtime.init_from, whole)
        return state

    def evaluation(self, description: dict[str, Any]) -> ScoresDuringTraining | None:
        """What scores the run on its way; None if nothing is to.

        Raises:
          UserError: what is asked for does not fit the data, or weights are missing.
        """
        if not self.runtime.evaluate_every:
            return None
        if self.runtime.standing_batches:
            standing_statistics.check(self.like.players["g"].stats, self.runtime.standing_batches)

        def opened(split: str) -> Source:
            if split == self.source.split:
                return self.source
            return _source(
                self.experiment, dataclasses.replace(self.training, split=split), self.runtime
            )

        return scores_during_training(
            self.folder.path,
            description,
            self.gan,
            self.data,
            opened,
            self.training.split,
            self.runtime,
        )

    def train(
        self,
        state: GanState,
        feed: Feed,
        checkpoints: Checkpoints,
        score: "_Score | None",
        evaluation: ScoresDuringTraining | None,
    ) -> Outcome:
        """Steps from ``state`` to the budget, with everything that is written on the way."""
        first = int(state.step)
        last = self.runtime.steps
        if first >= last:
            return Outcome(
                "finished", first, self.folder, f"already at step {first}; raise --steps to go on"
            )
        dispatch = self._dispatcher(state, feed)
        cadences = [
            cadence
            for cadence in (
                self.runtime.log_every,
                self.runtime.sample_every,
                self.runtime.checkpoint_every,
                self.runtime.evaluate_every,
            )
            if cadence
        ]
        self._set_aside(first)
        if self.leader:
            forget(self.folder.evaluations, first, RULE)
        self.status("running", first)
        outcome = Outcome("interrupted", first, self.folder)
        with _Stop() as stop, self._log(first) as log, self._progress(first) as progress:
            totals: Logs | None = None
            step, logged, rank = first, first, None
            clock, timed = time.perf_counter(), first
            with self._tracing(first) as trace:
                while step < last:
                    count = min([last, *(step + c - step % c for c in cadences)]) - step
                    count = min(count, dispatch.longest)
                    state, logs = dispatch(state, step, count)
                    if score and not score.evaluated and step == first:
                        score.check(logs)
                    totals = logs if totals is None else jax.tree.map(jnp.add, totals, logs)
                    step += count
                    self.reached = step
                    if timed == first:  # the compilation is not part of the speed
                        jax.block_until_ready(state)
                        clock, timed = time.perf_counter(), step
                    trace(step)
                    stopping = stop.asked or self._preempted(checkpoints, step - count, step)
                    scoring = evaluation is not None and (
                        step == last or _due(step, self.runtime.evaluate_every)
                    )
                    saving = step == last or stopping or _due(step, self.runtime.checkpoint_every)
                    saving = saving or (scoring and score is not None and score.evaluated)
                    progress.advance(step)
                    # What is saved or scored has been looked at: no NaN goes unnoticed.
                    if saving or scoring or _due(step, self.runtime.log_every):
                        assert totals is not None
                        values = _means(totals)  # waits for the device
                        now = time.perf_counter()
                        row = self._row(step, step - logged, step - timed, now - clock, values)
                        progress.update(step, row)
                        rank = score.of(row, rank) if score else None
                        if self.leader:
                            log.write(row)
                        totals, logged, clock, timed = None, step, now, step
                        if fault := _fault(values):
                            kept = checkpoints.steps()
                            best = f"step {kept[-1]}" if kept else "none"
                            note = f"{fault} at step {step}; last sound checkpoint: {best}"
                            outcome = Outcome("diverged", step, self.folder, note)
                            break
                    if _due(step, self.runtime.sample_every):
                        self._samples(state, log, step)
                    if scoring and evaluation is not None:
                        scores = self._scores(evaluation, state, log, progress, step)
                        if score and score.evaluated:
                            rank = score.of_scores(scores)
                    if saving:
                        checkpoints.save(step, state, rank)
                    if timed == step:  # pictures and checkpoints are not part of the speed
                        clock = time.perf_counter()
                    if stopping and step < last:  # at the last step there is nothing to resume
                        note = f"stopped by {stop.asked or 'preemption'} at step {step}"
                        outcome = Outcome("interrupted", step, self.folder, note)
                        break
                else:
                    outcome = Outcome("finished", step, self.folder)
            if self.leader:
                if outcome.kind == "finished":
                    self._last_pictures(state, log, step)
                save_curves(self.folder.curves, read_metrics(self.folder.metrics))
        checkpoints.close()
        self.status(outcome.kind, outcome.step, outcome.note)
        return outcome

    def _dispatcher(self, state: GanState, feed: Feed) -> "_Dispatcher":
        convolutional = {who: player.params for who, player in state.players.items()}
        how = repeat_of(self.runtime, repeat.choose(convolutional))
        return _Dispatcher(self, feed, how)

    def per_device_step(self, state: GanState, hyperparameters, arrays, chunk):
        """One step on one device: gather, prepare, play. Runs inside the mapped axis."""
        gan = self.traced(hyperparameters)
        batches = dict(gather(arrays, chunk))
        images = to_float(batches["image"], *gan.range)
        if self.training.flip:
            key = named(jax.random.fold_in(state.key, state.step), "flip")
            rows = global_rows(images.shape[1])
            flipped = [
                random_flip(Rng(jax.random.fold_in(key, number), rows), batch)
                for number, batch in enumerate(images)
            ]
            images = jnp.stack(flipped)
        return make_step(gan)(state, batches | {"image": images})

    def _row(
        self, step: int, steps: int, timed: int, seconds: float, values: dict[str, float]
    ) -> dict[str, Any]:
        """A row of metrics: means over ``steps`` steps, the speed over the last ``timed``."""
        images = self.batches * self.training.batch_size
        row = {
            "step": step,
            "d_steps": moves(self.gan.updates, "d", step),
            "g_steps": moves(self.gan.updates, "g", step),
            "images": step * images,
            "epoch": step * images / self.source.size,
            "averaged_steps": steps,
        }
        if timed:  # nothing is, when the first row comes right after the compilation
            rate = timed / max(seconds, 1e-9)
            row |= {"steps_per_second": rate, "images_per_second": rate * images}
        return row | values

    def _scores(
        self,
        evaluation: ScoresDuringTraining,
        state: GanState,
        log: Any,
        progress: Progress,
        step: int,
    ) -> list[Score]:
        """Scores the state, and writes the scores down."""
        scores = evaluation(state)
        if self.leader:
            append(self.folder.evaluations, scores)
            log.scores(values_of(scores), step)
            for one in scores:
                shown = "  ".join(f"{name} {value:.5g}" for name, value in one.values.items())
                progress.say(f"step {step}: {one.title}  {shown}")
        return scores

    def _samples(self, state: GanState, log: MetricsLog, step: int) -> None:
        if not self.leader:
            return
        sampler = sampler_of(self.gan, state, self.data)
        picture, magnify = self._picture(sampler)
        save_image(self.folder.samples / f"{step:07d}.png", picture, magnify)
        log.image("samples", picture, step)

    def _picture(self, sampler) -> tuple[np.ndarray, int]:
        """A grid of fixed latents, or for toys a scatter over real points."""
        if len(self.data.shape) == 3:
            images = sampler(64)
            return grid(images), magnification(images)
        real = self.source.read(np.arange(min(2000, self.source.size)))["image"]
        return scatter(sampler(2000), real), 1

    def _last_pictures(self, state: GanState, log: MetricsLog, step: int) -> None:
        self._samples(state, log, step)
        if len(self.data.shape) == 3:
            images = sampler_of(self.gan, state, self.data).interpolate()
            magnify = magnification(images)
            save_image(self.folder.interpolation, grid(images, 10), magnify)

    def _log(self, first: int) -> Any:
        """The metrics' log; nothing but a context in processes that do not write."""
        if not self.leader:
            return contextlib.nullcontext()
        return contextlib.closing(MetricsLog(self.folder.metrics, self.folder.tensorboard, first))

    def _progress(self, first: int) -> Progress:
        return Progress(self.experiment.name, first, self.runtime.steps, enabled=self.leader)

    def status(self, kind: str, step: int, note: str = "") -> None:
        """Says in the folder how the run stands."""
        if self.leader:
            write_json(self.folder.status, {"outcome": kind, "step": step, "note": note})

    def _set_aside(self, first: int) -> None:
        """Keeps the rows of a try that left no checkpoint to go on from."""
        rows = read_metrics(self.folder.metrics) if self.leader and first == 0 else []
        if rows:
            aside = self.folder.metrics.with_suffix(".before-restart.jsonl")
            self.folder.metrics.replace(aside)
            logging.getLogger("jaxgan").warning(
                "%s has no checkpoint to resume from: starting from step 0; the rows to step %d "
                "are in %s",
                self.folder.path,
                rows[-1]["step"],
                aside.name,
            )

    def _preempted(self, checkpoints: Checkpoints, before: int, step: int) -> bool:
        # The processes agree on one number at which all stop, so each number must be asked.
        numbers = range(before + 1, step + 1) if jax.process_count() > 1 else ()
        return any([checkpoints.reached_preemption(number) for number in numbers])

    @contextlib.contextmanager
    def _tracing(self, first: int) -> Iterator[Callable[[int], None]]:
        """Records ten steps once the compilation is over, if a profile is wanted."""
        on = False

        def trace(step: int) -> None:
            nonlocal on
            if not self.runtime.profile:
                return
            if on and step >= first + 2 * PROFILED_STEPS:
                jax.profiler.stop_trace()
                on = False
            elif not on and first + PROFILED_STEPS <= step < first + 2 * PROFILED_STEPS:
                jax.profiler.start_trace(str(self.folder.profile), create_perfetto_trace=True)
                on = True

        try:
            yield trace
        finally:
            if on:
                jax.profiler.stop_trace()


class _Dispatcher:
    """Runs several steps in one call, compiled once."""

    def __init__(self, run: _Run, feed: Feed, how: repeat.Repeat):
        self.run, self.feed = run, feed
        self.longest = 1 if how == "single" else run.runtime.steps_per_dispatch
        if run.runtime.profile:
            self.longest = min(self.longest, PROFILED_STEPS)
        if run.runtime.debug_nans:
            self.longest = 1  # to name the step
        self.padded = how == "loop"
        form = repeat.looped if how == "loop" else repeat.unrolled
        self.compiled = parallel.spread(form(run.per_device_step), run.devices, run.runtime.backend)
        self.arrays = jax.device_put(dict(feed.arrays), parallel.replicated(run.devices))

    def __call__(self, state: GanState, step: int, count: int) -> tuple[GanState, Logs]:
        """Trains ``count`` steps after ``step``; donates ``state``."""
        chunk = self.feed.chunk(step * self.run.batches, count * self.run.batches)

        def arrange(leaf: np.ndarray) -> np.ndarray:
            leaf = leaf.reshape(count, self.run.batches, *leaf.shape[1:])
            if self.padded and count < self.longest:
                rest = np.zeros((self.longest - count, *leaf.shape[1:]), leaf.dtype)
                leaf = np.concatenate([leaf, rest])
            return leaf

        chunk = jax.tree.map(arrange, chunk)
        chunk = parallel.divide(chunk, self.run.devices, self.run.runtime.backend)
        try:
            state, logs = self.compiled(
                state, self.run.hyperparameters, self.arrays, chunk, np.int32(count)
            )
        except FloatingPointError as error:
            raise FloatingPointError(f"Step {step + 1}: {error}") from error
        if jax.process_count() > 1:
            state = parallel.whole(state, self.run.devices)
        return state, logs


class _Stop:
    """Turns SIGTERM and Ctrl-C into a wish to stop after the current dispatch.

    Of several processes none may stop alone: JAX tells all of them of a SIGTERM to one.
    """

    def __init__(self):
        self.asked = ""

    def __enter__(self) -> "_Stop":
        self._before = {}
        if jax.process_count() > 1:
            return self
        with contextlib.suppress(ValueError):  # not the main thread: leave signals alone
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame) -> None:
        if self.asked:  # the second time, at once
            raise KeyboardInterrupt
        self.asked = signal.Signals(number).name


def _source(experiment: Experiment, training: Training, runtime: Runtime) -> Source:
    if not runtime.smoke:
        return open_source(
            training.data,
            training.split,
            data_dir=runtime.data_dir,
            resolution=training.resolution,
            channels=training.channels,
            unreadable=runtime.unreadable,
        )
    random, shape = np.random.default_rng(0), _noise_shape(experiment, training)
    if len(shape) == 1:
        image = random.normal(size=(256, *shape)).astype(np.float32)
    else:
        image = random.integers(0, 256, (256, *shape), np.uint8)
    rows: dict[str, np.ndarray] = {"image": image}
    if experiment.classes is not None:
        rows["label"] = random.integers(0, experiment.classes, 256).astype(np.int32)
    return from_arrays("smoke", "train", rows, classes=experiment.classes)


def _noise_shape(experiment: Experiment, training: Training) -> tuple[int, ...]:
    """The shape that the experiment's data would have at this resolution, of these channels.

    Raises:
      UserError: they are points, which have neither.
    """
    if training.resolution is None and training.channels is None:
        return experiment.shape
    if len(experiment.shape) == 1:
        raise UserError(
            f"{experiment.data} consists of points: leave out --resolution and --channels."
        )
    height, width, channels = experiment.shape
    side = training.resolution
    return (side or height, side or width, training.channels or channels)


@contextlib.contextmanager
def _fitting(experiment: Experiment, data: Task) -> Iterator[None]:
    """Says of an error in making the game that the data are not those it was made for.

    Raises:
      UserError: the data have another shape than the experiment's own. With that shape the error
        is a mistake of the file and passes.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # whatever a file and its networks raise at odd shapes
        if data.shape == experiment.shape:
            raise
        first = str(error).strip().partition("\n")[0] or repr(error)
        short = textwrap.shorten(first, 160, placeholder=" ...").rstrip(".")
        raise UserError(
            f"{experiment.name}'s networks do not fit data of shape {data.shape}: {short}. They "
            f"were made for {experiment.shape}; choose other --data, --resolution or --channels."
        ) from error


def _mean(source: Source) -> np.ndarray:
    """The mean sample, images in [0, 1]."""
    places = np.arange(min(source.size, 60_000))
    image = source.read(places)["image"]
    scale = 255.0 if image.dtype == np.uint8 else 1.0
    return (image.mean(0, dtype=np.float64) / scale).astype(np.float32)


def _data_description(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "size": source.size,
        "shape": list(source.shape),
        "classes": source.classes,
        "fingerprint": source.fingerprint,
    }


def _open_folder(
    folder: RunFolder,
    experiment: Experiment,
    description: dict[str, Any],
    recorded: dict[str, Any] | None,
    devices: list[Device],
    training: Training,
    runtime: Runtime,
) -> None:
    """Makes the folder, or checks that it holds the same run, and records this launch."""
    if recorded is not None:
        check_same_run(recorded, description, folder, experiment)
        moved = environment_changes(
            recorded["launches"][-1]["environment"], describe_environment(devices)
        )
        if moved and jax.process_index() == 0:
            logging.getLogger("jaxgan").warning(
                "Resuming where something changed (%s): not bitwise equal to an unbroken run",
                "; ".join(moved),
            )
    if jax.process_index() != 0:
        return
    launch = {
        "operation": {
            name: str(value) if isinstance(value, Path) else value
            for name, value in dataclasses.asdict(runtime).items()
        },
        "data_path": _absolute(training.data),
        "environment": describe_environment(devices),
    }
    if recorded is None:
        whole = description | {"environment": launch["environment"], "launches": [launch]}
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


def _absolute(data: str) -> str:
    """The words that name the data, with a path as it is from anywhere."""
    kind, colon, path = data.rpartition(":")
    if kind in ("folder", "npz") or (not colon and Path(data).exists()):
        return f"{kind}{colon}{Path(path).expanduser().resolve()}"
    return data


def _feed(source: Source, training: Training, runtime: Runtime) -> Feed:
    return make_feed(
        source,
        seed=training.seed,
        batch_size=training.batch_size,
        mode=runtime.data_mode,
        process_index=jax.process_index(),
        process_count=jax.process_count(),
    )


def _with_origin(runtime: Runtime, recorded: dict[str, Any] | None, folder: RunFolder) -> Runtime:
    """The operation with the ``--init-from`` that the run began with.

    Raises:
      UserError: another one is asked for.
    """
    if recorded is None:
        return runtime
    began = (recorded.get("origin") or {}).get("run")
    if runtime.init_from is not None and str(runtime.init_from) != began:
        raise UserError(
            f"{folder.path} holds another run (init_from: {began} -> {runtime.init_from}). "
            "Give the same settings to resume it, or another --workdir."
        )
    return dataclasses.replace(runtime, init_from=Path(began) if began else None)


def _origin(state: GanState, run: Path) -> Any:
    """The networks of another run.

    Raises:
      UserError: they cannot be read, or have other shapes than those of ``state``.
    """

    def networks(state: GanState):
        players = {who: (player.params, player.stats) for who, player in state.players.items()}
        return players, state.ema

    ours, theirs = networks(state), networks(load_state(run).state)
    shapes = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)  # noqa: E731
    if shapes(ours) != shapes(theirs):
        raise UserError(
            f"--init-from {run}: its networks differ from this run's; match the config."
        )
    return theirs


def _warm(state: GanState, run: Path, sharding: Any) -> GanState:
    """``state`` with the networks of another run."""
    players, ema = jax.device_put(_origin(state, run), sharding)
    warm = {
        who: dataclasses.replace(player, params=players[who][0], stats=players[who][1])
        for who, player in state.players.items()
    }
    return dataclasses.replace(state, players=warm, ema=ema)


@dataclasses.dataclass(frozen=True)
class _Score:
    """What ``--best`` ranks checkpoints by: smaller is better."""

    name: str
    sign: float
    evaluated: bool = False

    def check(self, logs: Logs) -> None:
        """Refuses a metric that the step does not log."""
        if self.name not in logs:
            known = ", ".join(sorted(logs))
            raise UserError(f"--best {self.name}: no such metric; this run logs {known}.")

    def of(self, row: dict[str, Any], last: float | None) -> float | None:
        """The row's score; the last one where a lazy term was not measured."""
        if self.evaluated:
            return None
        return self.sign * float(row[self.name]) if self.name in row else last

    def of_scores(self, scores: list[Score]) -> float:
        """The rank of these scores."""
        return rank(scores, self.name, self.sign)


def _score(metric: str | None, evaluation: ScoresDuringTraining | None = None) -> _Score | None:
    if metric is None:
        return None
    if found := ranked_by(metric):
        if evaluation is None or metric.partition("/")[0] not in evaluation.evaluation.metrics:
            raise UserError(
                f"--best {metric} ranks by a score that is not taken; add --evaluate-every STEPS "
                f"--evaluate-metrics {metric.partition('/')[0]}."
            )
        return _Score(*found, evaluated=True)
    return _Score(metric[1:], -1.0) if metric.startswith("-") else _Score(metric, 1.0)


def _means(totals: Logs) -> dict[str, float]:
    """The logged means as numbers; what was never measured is left out."""
    host = jax.device_get(totals)
    return {name: float(mean.total / mean.count) for name, mean in host.items() if mean.count > 0}


def _fault(values: dict[str, float]) -> str:
    """Which values are not finite."""
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    return f"not finite: {', '.join(bad)}" if bad else ""


def _due(step: int, cadence: int) -> bool:
    return cadence > 0 and step % cadence == 0
