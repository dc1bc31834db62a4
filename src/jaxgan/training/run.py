"""A run in its folder: what is made and checked before its steps, between them and after them.

``training/train.py`` trains one run, ``training/population.py`` many at once. These are the parts
of both that belong to one run.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

from jaxgan import parallel
from jaxgan.data.open import held_out_rows
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.score import RULE, forget
from jaxgan.experiment import Experiment
from jaxgan.processes import everywhere, from_first, is_first, on_first
from jaxgan.runs.folder import (
    RunFolder,
    Status,
    locked,
    read_description,
    read_status,
    run_folder,
)
from jaxgan.runs.identity import data_description, describe_run, origin_of
from jaxgan.runs.job_checkpoints import Store, store_of
from jaxgan.runs.metrics_log import MetricsLog, read_metrics
from jaxgan.runs.settings import Runtime, Training, check
from jaxgan.sampling.sampler import sampler_of
from jaxgan.training import hooks, start
from jaxgan.training.data import open_data
from jaxgan.training.distributed import check_agreement
from jaxgan.training.loop import Hook, Outcome
from jaxgan.training.scoring import ScoresDuringTraining, scores_during_training
from jaxgan.types import Device
from jaxgan.viz.pictures import save_curves


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A run before anything is written.

    Attributes:
      experiment: what the experiment file declares.
      config: its hyperparameters.
      training: settings that identify the run.
      runtime: settings that a resume may change.
      devices: what it runs on.
      source: what it is trained on.
      game: what it trains.
      folder: where it is.
      recorded: its ``config.json``; None for a new run.
      wanted: what that must agree with.
      evaluate: how it is scored while it is trained; None if it is not.
      best: what ``--best`` ranks by; None without.
      opened: split -> source, for other splits of the data.
    """

    experiment: Experiment
    config: Any
    training: Training
    runtime: Runtime
    devices: list[Device]
    source: Source
    game: start.Game
    folder: RunFolder
    recorded: dict[str, Any] | None
    wanted: dict[str, Any]
    evaluate: ScoresDuringTraining | None
    best: hooks.Best | None
    opened: Callable[[str], Source]

    @property
    def description(self) -> dict[str, Any]:
        """What its ``config.json`` says, or will say."""
        return self.recorded or self.wanted

    @property
    def looked_at(self) -> tuple[int, ...]:
        """When there is a row: also where a state is scored or saved, as it may be NaN."""
        flags = self.runtime
        return (
            flags.logging.log_every,
            flags.checkpointing.checkpoint_every,
            flags.scoring.evaluate_every,
        )


def prepared(
    experiment: Experiment,
    config: Any,
    training: Training,
    runtime: Runtime,
    groups: int = 1,
    others: Sequence[Run] = (),
) -> Run:
    """Checks a run, while there is no folder yet that would hold the mistake.

    Args:
      experiment: what the experiment file declares.
      config: its hyperparameters.
      training: settings that identify the run.
      runtime: settings that a resume may change.
      groups: into how many groups the devices are divided, each of which has runs of its own.
      others: runs that differ from this one in seed, hyperparameters and folder only; data, shapes
        and the reference of scores are then theirs.

    Raises:
      UserError: a setting or the data are at fault, or processes of one job differ.
    """

    def opened_data() -> tuple[list[Device], Source, start.Game, dict[str, Any]]:
        check(training, runtime)
        devices = parallel.choose_devices(runtime.compute.devices)
        if others:
            source = others[0].source
            game = _game_like(others, experiment, config, training)
        else:
            source = open_data(experiment, training, runtime.reading, runtime.smoke)
            rows = len(devices) // groups
            compute = runtime.compute
            game = start.game_of(experiment, config, source, training, runtime.steps, rows, compute)
            if compute.accumulate > 1:
                game.logged()  # traces a step, which refuses rows that see each other
        data, frozen = data_description(source), game.gan.frozen
        wanted = describe_run(experiment, config, training, data, runtime.steps, frozen)
        return devices, source, game, wanted

    def opened_split(split: str) -> Source:
        if split == source.split:
            return source
        asked = dataclasses.replace(training, split=split)
        return open_data(experiment, asked, runtime.reading, runtime.smoke)

    devices, source, game, wanted = everywhere(opened_data)
    check_agreement(wanted, experiment.file, runtime, devices)
    folder = run_folder(experiment, runtime.workdir)
    recorded = from_first(lambda: read_description(folder) if folder.config.exists() else None)
    init_from = origin_of(recorded, runtime.init_from, folder)
    runtime = dataclasses.replace(runtime, init_from=init_from)
    if recorded is None:
        wanted["origin"] = from_first(lambda: start.origin(game.shapes, init_from, game.task))

    def scores() -> tuple[ScoresDuringTraining | None, hooks.Best | None]:
        description = recorded or wanted
        if others and (theirs := others[0].evaluate):
            place = {"run": folder.path, "description": description}
            evaluate = dataclasses.replace(theirs, **place, gan=game.gan, task=game.task)
        else:
            evaluate = scores_during_training(
                folder.path,
                description,
                game,
                source,
                opened_split,
                runtime.scoring,
                experiment.scoring.own,
            )
        scored = evaluate.metrics if evaluate else ()
        own, asked = experiment.scoring.own, runtime.checkpointing.best
        return evaluate, hooks.best_of(asked, scored, own, game.logged)

    evaluate, best = everywhere(scores)
    return Run(
        experiment,
        config,
        training,
        runtime,
        devices,
        source,
        game,
        folder,
        recorded,
        wanted,
        evaluate,
        best,
        opened_split,
    )


def _game_like(
    others: Sequence[Run], experiment: Experiment, config: Any, training: Training
) -> start.Game:
    """The game of another run with the same hyperparameters, or like that of the first.

    What draws samples is compiled for each game.
    """
    for other in others:
        if other.config == config and other.training.ema == training.ema:
            return other.game
    return start.with_hyperparameters(others[0].game, experiment, config, training)


class OpenRun:
    """A run whose folder this process holds. See ``opened``.

    Attributes:
      run: the run.
      store: its checkpoints.
      status: how it stands.
    """

    def __init__(self, run: Run, stack: contextlib.ExitStack, store: Store, status: Status):
        self.run, self.store, self.status = run, store, status
        self._stack = stack

    def begin(self, first: int, shown: hooks.Progress, pictures: bool) -> list[Hook]:
        """Starts to write after ``first`` steps; returns what is done between steps, in order.

        Args:
          first: finished steps.
          shown: shows rows and scores to a person.
          pictures: whether to draw samples.
        """
        run = self.run
        logging, scoring, saving = (
            run.runtime.logging,
            run.runtime.scoring,
            run.runtime.checkpointing,
        )
        game, folder, source = run.game, run.folder, run.source

        def opened_log() -> MetricsLog:
            if first == 0:
                start.set_aside(folder)
            forget(folder.evaluations, first, RULE)
            self.status.step = first
            self.status.write("running")
            log = MetricsLog(folder.metrics, folder.tensorboard, first)
            return self._stack.enter_context(contextlib.closing(log))

        log = on_first(opened_log)
        ranked_at = scoring.evaluate_every if run.best and run.best.by_score else 0
        row = hooks.write_row(log, shown, game.gan.updates, run.training.batch_size, source.size)
        score = run.evaluate and hooks.score(run.evaluate, folder.evaluations, log, shown)
        draw = pictures and hooks.draw_samples(
            folder,
            log,
            partial(
                sampler_of,
                game.gan,
                task=game.task,
                precision=run.training.matmul_precision,
                source=cache(lambda: held_out_rows(run.opened, source.split)),
            ),
            source,
        )
        scored = [score and Hook(score, (scoring.evaluate_every,))]
        saved = [
            run.best and Hook(run.best, run.looked_at, on_stop=True),
            Hook(
                hooks.save(self.store, run.best),
                (saving.checkpoint_every, ranked_at),
                on_stop=True,
            ),
        ]
        policy = [
            Hook(row, run.looked_at, on_stop=True),
            Hook(hooks.stop_if_not_finite(self.store), run.looked_at, on_stop=True),
            # A score that fails loses no step; a checkpoint that is ranked by it has to wait.
            *(scored + saved if ranked_at else saved + scored),
            draw and Hook(draw, (logging.sample_every,)),
        ]
        return [hook for hook in policy if hook]

    def nothing_to_do(self, step: int) -> Outcome:
        """What is said of a run that needs no more steps.

        It may have been killed after its last checkpoint, before it wrote that it had finished.
        """
        self.status.step = step
        found = None
        with contextlib.suppress(UserError):  # what is damaged is written anew
            found = read_status(self.run.folder)
        if found is None or found.outcome not in ("finished", "diverged"):
            self.status.write("finished")
        return Outcome("finished", step, f"already at step {step}; raise --steps to go on")

    def end(self, outcome: Outcome, pictures: bool) -> None:
        """Writes down how it ended, once everything else is written."""
        if pictures and is_first():
            save_curves(self.run.folder.curves, read_metrics(self.run.folder.metrics))
        self.store.close()  # waits for what is being written
        self.status.step = outcome.step
        self.status.write(outcome.kind, outcome.note)


@contextlib.contextmanager
def opened(run: Run, members: int = 1) -> Iterator[OpenRun]:
    """Makes the run's folder, or opens it again, and holds it; ``members`` are trained at once.

    Raises:
      UserError: the folder holds another run, cannot be written, or is held by another process.
    """
    with contextlib.ExitStack() as stack:

        def open_folder() -> None:
            stack.enter_context(locked(run.folder))
            start.open_folder(
                run.folder,
                run.experiment,
                run.wanted,
                run.recorded,
                run.devices,
                run.training,
                run.runtime,
                members,
            )

        on_first(open_folder)
        saving = run.runtime.checkpointing
        store = stack.enter_context(store_of(run.folder.checkpoints, saving.keep, saving.best))
        status = stack.enter_context(Status(run.folder, writing=is_first()))
        yield OpenRun(run, stack, store, status)
