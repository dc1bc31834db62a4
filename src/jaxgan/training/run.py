"""A run in its folder: what is made and checked before its steps, between them and after them.

``training/train.py`` trains one run, ``training/population.py`` many at once. These are the parts
of both that belong to one run.
"""

import contextlib
import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import jax

from jaxgan import parallel
from jaxgan.data.open import held_out_rows
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.score import RULE, forget
from jaxgan.experiment import Experiment
from jaxgan.game.state import GanState
from jaxgan.processes import everywhere, from_first, is_first, on_first
from jaxgan.runs.disk import Disk
from jaxgan.runs.folder import (
    RunFolder,
    Status,
    locked,
    read_description,
    read_status,
    record_rollback,
    run_folder,
)
from jaxgan.runs.identity import data_description, describe_run, origin_of
from jaxgan.runs.job_checkpoints import Store, store_of
from jaxgan.runs.metrics_log import MetricsLog, read_metrics
from jaxgan.runs.settings import Runtime, Training, check
from jaxgan.sampling.sampler import Sampler, sampler_of
from jaxgan.training import hooks, start, watch
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

    def __init__(
        self, run: Run, stack: contextlib.ExitStack, store: Store, status: Status, disk: Disk
    ):
        self.run, self.store, self.status, self._disk = run, store, status, disk
        self._writers = stack.enter_context(contextlib.ExitStack())
        self._rollbacks: int = len(run.description.get("rollbacks", []))

    def state(self) -> GanState:
        """The state to start from: of the newest sound checkpoint, or a new one.

        Its key is that of the run, or a new one for each time that the run went back.

        Raises:
          UserError: no checkpoint is sound, or the networks of ``--init-from`` have changed.
        """
        run = self.run
        state = start.state_of(
            run.game,
            run.training.seed,
            self.store,
            run.devices,
            run.runtime.init_from,
            run.description.get("origin"),
        )
        if not self._rollbacks:
            return state
        key = start.key_after(run.training.seed, self._rollbacks)
        whole = parallel.replicated(run.devices)
        return dataclasses.replace(state, key=jax.device_put(key, whole))

    def go_back(self, outcome: Outcome) -> bool:
        """Goes back before a divergence, if the run may; ``state`` then has where to go on from.

        Later checkpoints are removed, and ``config.json`` records it.

        Raises:
          UserError: it cannot be written.
        """
        watching = self.run.runtime.watching
        if outcome.kind != "diverged" or watching.on_divergence != "rollback":
            return False
        if self._rollbacks >= watching.rollbacks:
            return False
        self.store.wait()
        self.store.hold(None)
        self.store.delete_after(outcome.since)
        to = max(self.store.steps(), default=0)
        row = {"from": outcome.step, "to": to, "note": outcome.note}
        on_first(lambda: record_rollback(self.run.folder, row))
        self._rollbacks += 1
        logging.getLogger("jaxgan").warning(
            "%s: going back to step %d, %d of %d times",
            outcome.note,
            to,
            self._rollbacks,
            watching.rollbacks,
        )
        return True

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

        self._writers.close()  # of the course that the run went back from

        def opened_log() -> MetricsLog:
            if first == 0:
                start.set_aside(folder)
            forget(folder.evaluations, first, RULE)
            self.status.step = first
            self.status.write("running")
            self._disk.changed = partial(self.status.write, "running")
            log = MetricsLog(folder.metrics, folder.tensorboard, first, self._disk)
            return self._writers.enter_context(contextlib.closing(log))

        log = on_first(opened_log)
        ranked_at = scoring.evaluate_every if run.best and run.best.by_score else 0
        row = hooks.write_row(log, shown, game.gan.updates, run.training.batch_size, source.size)
        score = run.evaluate and hooks.score(
            run.evaluate, folder.evaluations, log, shown, self._disk
        )
        sampler = partial(
            sampler_of,
            game.gan,
            task=game.task,
            precision=run.training.matmul_precision,
            source=cache(lambda: held_out_rows(run.opened, source.split)),
        )
        draw = pictures and hooks.draw_samples(folder, log, sampler, source, self._disk)
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
            *self._watches(sampler, pictures),
            # A score that fails loses no step; a checkpoint that is ranked by it has to wait.
            *(scored + saved if ranked_at else saved + scored),
            draw and Hook(draw, (logging.sample_every,)),
        ]
        return [hook for hook in policy if hook]

    def _watches(self, sampler: Callable[[GanState], Sampler], pictures: bool) -> list[Hook]:
        """What ends a run that learns no more, before it is saved."""
        run, store = self.run, self.store
        found = [Hook(watch.stop_if(watch.not_finite, store), run.looked_at, on_stop=True)]
        if not run.runtime.watching.watch:
            return found
        won = watch.DiscriminatorWon(store)
        found.append(Hook(watch.stop_if(won, store), run.looked_at, on_stop=True))
        if pictures and run.game.gan.forward.origin is None:
            seen = run.runtime.logging.sample_every, run.runtime.checkpointing.checkpoint_every
            alike = watch.LostDiversity(sampler, run.source, store)
            found.append(Hook(watch.stop_if(alike, store), seen))
        return found

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
        """Writes down how it ended, once everything else is written.

        Raises:
          UserError: the last checkpoint cannot be written, so that steps are lost.
        """
        folder, self._disk.changed = self.run.folder, lambda: None
        if pictures and is_first():
            with self._disk.tolerated("curves", folder.curves):
                save_curves(folder.curves, read_metrics(folder.metrics))
        fault, kept = self.store.fault(), self.store.steps()  # waits for what is being written
        self.store.close()
        self.status.step = outcome.step
        if fault and outcome.kind != "diverged":
            self._disk.note = ""  # the error says it
            newest = f"step {kept[-1]}" if kept else "the beginning"
            raise UserError(
                f"Cannot write the checkpoint of step {outcome.step} to {folder.checkpoints}: "
                f"{fault}. Make room or access; the same command then goes on from {newest}."
            )
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
        saving, disk = run.runtime.checkpointing, Disk()
        store = stack.enter_context(
            store_of(run.folder.checkpoints, saving.keep, saving.best, disk)
        )
        status = stack.enter_context(Status(run.folder, writing=is_first(), disk=disk))
        yield OpenRun(run, stack, store, status, disk)
