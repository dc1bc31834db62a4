"""Trains a run: puts its data, game, folder, engine and hooks together, and calls ``fit``."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from jaxgan.data.feed import Feed
from jaxgan.experiment import Experiment
from jaxgan.game.gan import fresh_batches
from jaxgan.processes import everywhere, is_first
from jaxgan.runs.settings import Runtime, Training
from jaxgan.training import hooks, repeat
from jaxgan.training.data import feed_of, preparation
from jaxgan.training.engine import CompiledEngine
from jaxgan.training.loop import Engine, Hook, Outcome, fit
from jaxgan.training.run import Run, opened, prepared
from jaxgan.training.stop import Stop

Shown: TypeAlias = contextlib.AbstractContextManager[hooks.Progress]

ShowProgress: TypeAlias = Callable[[str, int, int], Shown]
"""From a name, the first and the last step: what shows a person how far training is."""


def unseen(name: str, first: int, last: int) -> Shown:
    """Shows nothing."""
    return hooks.Silent()


def train(
    experiment: Experiment,
    config: Any,
    training: Training,
    runtime: Runtime,
    *,
    progress: ShowProgress = unseen,
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
      progress: shows how far it is.
      make_engine: makes the engine, from the arguments of ``CompiledEngine``.
      more: hooks to call after the run's own.
      pictures: whether to draw samples and curves.

    Raises:
      UserError: a setting, the data, the folder or its checkpoints are at fault.
    """
    run = prepared(experiment, config, training, runtime)
    first_process, steps = is_first(), runtime.steps
    with contextlib.ExitStack() as stack:
        mine = stack.enter_context(opened(run))
        feed = stack.enter_context(contextlib.closing(everywhere(lambda: feed_of_run(run))))
        state = mine.state()
        first = mine.status.step = int(state.step)
        if first >= steps:
            return mine.nothing_to_do(first)
        stop = stack.enter_context(Stop())
        shown = progress(experiment.name, first, steps) if first_process else hooks.Silent()
        bar = stack.enter_context(shown)
        profile = stack.enter_context(
            hooks.Profile(run.folder.profile if first_process else None, first)
        )

        def between_steps(first: int) -> list[Hook]:
            """Everything that is done after ``first`` steps, in this order."""
            return [
                *mine.begin(first, bar, pictures),
                Hook(hooks.next_row, run.looked_at, on_stop=True),
                *([Hook(profile, (profile.STEPS,))] if runtime.logging.profile else []),
                *more,
            ]

        asked = between_steps(first)
        cadences = [every for hook in asked for every in hook.every]
        engine = engine_of(run, feed, cadences, make_engine)

        def tick(step: int) -> None:
            mine.status.step = step
            bar.advance(step)

        _, outcome = fit(state, engine, asked, steps, stop, tick)
        while mine.go_back(outcome):
            state = mine.state()
            _, outcome = fit(state, engine, between_steps(int(state.step)), steps, stop, tick)
        mine.end(outcome, pictures)
        return outcome


def feed_of_run(run: Run) -> Feed:
    """The batches of a run.

    Raises:
      UserError: a batch cannot be divided over the processes, or a file cannot be read.
    """
    ahead = fresh_batches(run.game.gan.updates) * run.runtime.compute.steps_per_dispatch
    return feed_of(run.source, run.training, run.runtime.reading, ahead)


def engine_of(
    run: Run,
    feed: Feed,
    cadences: Sequence[int],
    make_engine: Callable[..., Engine] = CompiledEngine,
) -> Engine:
    """The engine of a run, for hooks of these cadences."""
    game, compute = run.game, run.runtime.compute
    batches = fresh_batches(game.gan.updates)
    longest = feed.longest(batches, compute.steps_per_dispatch, cadences)
    return make_engine(
        game.build,
        game.values,
        preparation(run.source.modality, run.training.flip),
        feed,
        run.devices,
        compute.backend,
        repeat.choose(game.shapes) if compute.repeat == "auto" else compute.repeat,
        1 if compute.debug_nans else longest,
    )
