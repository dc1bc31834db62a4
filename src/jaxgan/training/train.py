"""Trains a run: puts its data, game, folder, engine and hooks together, and calls ``fit``."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import jax

from jaxgan import parallel
from jaxgan.evaluation.score import RULE, forget
from jaxgan.experiment import Experiment
from jaxgan.game.gan import fresh_batches
from jaxgan.runs.checkpoint import Checkpoints
from jaxgan.runs.folder import Status, locked, read_description, run_folder
from jaxgan.runs.identity import data_description, describe_run, origin_of
from jaxgan.runs.metrics_log import MetricsLog, read_metrics
from jaxgan.runs.settings import Runtime, Training, check
from jaxgan.sampling.sampler import sampler_of
from jaxgan.training import hooks, repeat, start
from jaxgan.training.data import feed_of, open_data, preparation
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.loop import Engine, Hook, Outcome, fit
from jaxgan.training.scoring import scores_during_training
from jaxgan.training.stop import Stop
from jaxgan.viz.pictures import save_curves

Shown: TypeAlias = contextlib.AbstractContextManager[hooks.Progress]


def train(
    experiment: Experiment,
    config: Any,
    training: Training,
    runtime: Runtime,
    *,
    progress: Callable[[str, int, int], Shown] = lambda name, first, last: hooks.Silent(),
    make_engine: Callable[..., Engine] = CompiledEngine,
    more: Sequence[Hook] = (),
    pictures: bool = True,
) -> Outcome:
    """Trains a run to ``runtime.steps``, from its newest checkpoint if it has one.

    Args:
      experiment: what the experiment file declares.
      config: its hyperparameters.
      training: settings that identify the run.
      runtime: settings that a resume may change.
      progress: from the run's name, first and last step: what shows a person how far it is.
      make_engine: makes the engine, from the arguments of ``CompiledEngine``.
      more: hooks to call after the run's own.
      pictures: whether to draw samples and curves.

    Raises:
      UserError: a setting, the data, the folder or its checkpoints are at fault.
    """
    # What is wrong with the settings is refused before there is a folder that holds the mistake.
    check(training, runtime)
    logging, scoring, saving = runtime.logging, runtime.scoring, runtime.checkpointing
    leader, steps, compute = jax.process_index() == 0, runtime.steps, runtime.compute
    devices = parallel.choose_devices(compute.devices)
    source = open_data(experiment, training, runtime.reading, runtime.smoke)
    game = start.game_of(experiment, config, source, training, steps, len(devices))
    folder = run_folder(experiment, runtime.workdir)
    recorded = read_description(folder) if folder.config.exists() else None
    init_from = origin_of(recorded, runtime.init_from, folder)
    runtime = replace(runtime, init_from=init_from)
    data = data_description(source)
    wanted = describe_run(experiment, config, training, data, steps, game.gan.frozen)
    if recorded is None:
        wanted["origin"] = start.origin(game.shapes, init_from)
    description = recorded or wanted
    evaluate = scores_during_training(
        folder.path,
        description,
        game,
        source,
        lambda split: open_data(
            experiment, replace(training, split=split), runtime.reading, runtime.smoke
        ),
        scoring,
        experiment.scoring.own,
    )
    best = hooks.best_of(
        saving.best, evaluate.metrics if evaluate else (), experiment.scoring.own, game.logged
    )

    with contextlib.ExitStack() as stack:
        if leader:
            stack.enter_context(locked(folder))
        start.open_folder(folder, experiment, wanted, recorded, devices, training, runtime)
        store = stack.enter_context(Checkpoints(folder.checkpoints, saving.keep, saving.best))
        batches = fresh_batches(game.gan.updates)
        feed = feed_of(source, training, runtime.reading, batches * compute.steps_per_dispatch)
        stack.enter_context(contextlib.closing(feed))
        status = stack.enter_context(Status(folder, writing=leader))
        origin = description.get("origin")
        state = start.state_of(game, training.seed, store, devices, init_from, origin)
        first = status.step = int(state.step)
        if first >= steps:
            return Outcome("finished", first, f"already at step {first}; raise --steps to go on")
        stop = stack.enter_context(Stop(store.reached_preemption))
        if leader:
            if first == 0:
                start.set_aside(folder)
            forget(folder.evaluations, first, RULE)
        status.write("running")
        log = MetricsLog(folder.metrics, folder.tensorboard, first) if leader else None
        stack.enter_context(contextlib.closing(log) if log else contextlib.nullcontext())
        shown = progress(experiment.name, first, steps) if leader else hooks.Silent()
        bar = stack.enter_context(shown)
        profile = stack.enter_context(hooks.Profile(folder.profile, first))

        # Everything that is done between steps, in this order. What is scored or saved has passed
        # the first two: no NaN goes unnoticed.
        looked_at = (logging.log_every, saving.checkpoint_every, scoring.evaluate_every)
        ranked_at = scoring.evaluate_every if best and best.by_score else 0
        row = hooks.write_row(log, bar, game.gan.updates, training.batch_size, source.size)
        score = evaluate and hooks.score(evaluate, folder.evaluations, log, bar)
        draw = pictures and hooks.draw_samples(
            folder,
            log,
            partial(
                sampler_of,
                game.gan,
                task=game.task,
                precision=training.matmul_precision,
                source=lambda: source,
            ),
            source,
        )
        policy = [
            Hook(row, looked_at, on_stop=True),
            Hook(hooks.stop_if_not_finite(store), looked_at, on_stop=True),
            score and Hook(score, (scoring.evaluate_every,)),
            best and Hook(best, looked_at, on_stop=True),
            Hook(hooks.save(store, best), (saving.checkpoint_every, ranked_at), on_stop=True),
            draw and Hook(draw, (logging.sample_every,)),
            logging.profile and Hook(profile, (profile.STEPS,)),
            *more,
        ]
        asked = [hook for hook in policy if hook]
        ends = [every for hook in asked for every in hook.every]
        longest = feed.longest(batches, compute.steps_per_dispatch, ends)
        engine = make_engine(
            game.build,
            game.values,
            preparation(source.modality, training.flip),
            feed,
            devices,
            compute.backend,
            repeat.choose(state) if compute.repeat == "auto" else compute.repeat,
            1 if compute.debug_nans else longest,
        )

        def tick(step: int) -> None:
            status.step = step
            bar.advance(step)

        _, outcome = fit(state, engine, asked, steps, stop, tick)
        if pictures and leader:
            save_curves(folder.curves, read_metrics(folder.metrics))
        store.close()  # waits for what is being written
        status.write(outcome.kind, outcome.note)
        return outcome
