"""Trains many runs at once, as one compiled program; each leaves the folder of a run of its own.

What runs at once is what differs in seed and hyperparameters only (``group_key``).
``training/members.py`` has the compiled side of it.
"""

import contextlib
import dataclasses
import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import jax
import numpy as np

from jaxgan import hyperparameters, parallel
from jaxgan.data.feed import Feed, stacked_feed
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.game.gan import fresh_batches
from jaxgan.game.state import GanState
from jaxgan.runs.checkpoint import Checkpoints, newest_in_all
from jaxgan.runs.folder import RunFolder, run_folder
from jaxgan.runs.identity import check_same_run
from jaxgan.runs.settings import Runtime, Training
from jaxgan.training import hooks, repeat, start
from jaxgan.training.data import preparation
from jaxgan.training.each import each
from jaxgan.training.engine import Hyperparameters
from jaxgan.training.loop import Engine, Hook, Outcome, fit
from jaxgan.training.members import PopulationEngine, member_of, stack
from jaxgan.training.run import OpenRun, Run, opened, prepared
from jaxgan.training.stop import Stop
from jaxgan.training.train import ShowProgress, unseen

Layout: TypeAlias = Literal["auto", "members", "rows"]
"""What is divided over the devices: the members, the rows of each one's batches, or, as ``auto``,
members as far as their number allows and rows over the devices that each then has."""


def group_key(
    experiment: Experiment, config: Any, training: Training, runtime: Runtime
) -> Hashable:
    """What must agree between runs that are trained at once: all but seed, floats and folder."""
    floats = hyperparameters.names(config)
    fields = [field.name for field in dataclasses.fields(config) if field.name not in floats]
    return (
        str(experiment.file),
        experiment.preset,
        tuple((name, getattr(config, name)) for name in fields),
        dataclasses.replace(training, seed=0, ema=0.0),
        dataclasses.replace(runtime, workdir=None),
    )


class Asked(NamedTuple):
    """A run that is asked for."""

    config: Any
    training: Training
    runtime: Runtime


def train_population(
    experiment: Experiment,
    configs: Sequence[Any],
    trainings: Sequence[Training],
    runtimes: Sequence[Runtime],
    *,
    progress: ShowProgress = unseen,
    layout: Layout = "auto",
    make_engine: Callable[..., Engine] = PopulationEngine,
    pictures: bool = True,
) -> list[Outcome]:
    """Trains runs at once, each to ``steps`` of its ``Runtime``, from where they were left.

    Runs start at the newest step at which all of them have a sound checkpoint; those that have no
    step in common are trained in turn. One that diverged, now or before, is left as it is, and so
    is one that cannot be scored or written down; the others go on.

    Args:
      experiment: what the experiment file declares.
      configs: the hyperparameters of each run.
      trainings: the settings that identify each.
      runtimes: the settings of each that a resume may change.
      progress: shows how far they are, with the rows of the first.
      layout: what is divided over several devices.
      make_engine: makes the engine, from the arguments of ``PopulationEngine``.
      pictures: whether to draw samples and curves.

    Returns:
      How each run ended.

    Raises:
      UserError: a setting, the data, a folder or its checkpoints are at fault.
      ValueError: the runs have different keys (``group_key``).
    """
    asked = [Asked(*one) for one in zip(configs, trainings, runtimes, strict=True)]
    _check(experiment, asked)
    found = [_standing(run_folder(experiment, one.runtime.workdir)) for one in asked]
    cohorts = _cohorts(found, asked[0].runtime.steps)
    outcomes: dict[int, Outcome] = {}
    with Stop() as stop:
        for cohort in cohorts:
            if stop.asked:
                note, why = f"stopped by {stop.asked}", stop.asked
                rest = {n: Outcome("interrupted", found[n].newest, note, why) for n in cohort}
                outcomes |= {n: found[n].diverged or rest[n] for n in cohort}
                continue
            results = _train(
                experiment,
                [asked[number] for number in cohort],
                [found[number].diverged for number in cohort],
                stop,
                progress,
                layout,
                make_engine,
                pictures,
            )
            outcomes |= dict(zip(cohort, results, strict=True))
    return [outcomes[number] for number in range(len(asked))]


def _check(experiment: Experiment, asked: Sequence[Asked]) -> None:
    """Refuses what cannot be trained at once.

    Raises:
      UserError: a flag is for one run alone, or this is one of several processes.
      ValueError: the runs have different keys.
    """
    if len({group_key(experiment, *one) for one in asked}) != 1:
        raise ValueError("runs that are trained at once may differ in seed and floats only")
    runtime = asked[0].runtime
    for flag in ("debug_nans", "profile"):
        if getattr(runtime.compute, flag, False) or getattr(runtime.logging, flag, False):
            raise UserError(
                f"--{flag.replace('_', '-')} looks at one run; train it alone, not with others."
            )
    if jax.process_count() > 1:
        raise UserError("Runs are trained at once in one process; this job has several.")


class Standing(NamedTuple):
    """How a run folder was left.

    Attributes:
      steps: those that have a checkpoint.
      diverged: how it ended, if it diverged.
    """

    steps: list[int]
    diverged: Outcome | None

    @property
    def newest(self) -> int:
        """The newest of the steps, 0 without any."""
        return max(self.steps, default=0)


def _standing(folder: RunFolder) -> Standing:
    """How a run folder was left; there need not be any."""
    steps = []
    if folder.checkpoints.is_dir():
        with contextlib.closing(Checkpoints(folder.checkpoints, writing=False)) as store:
            steps = store.steps()
    try:
        row = json.loads(folder.status.read_text())
        outcome = Outcome("diverged", int(row["step"]), str(row["note"]))
        return Standing(steps, outcome if row["outcome"] == "diverged" else None)
    except (OSError, ValueError, LookupError, TypeError):  # it only says how a run stands
        return Standing(steps, None)


def _cohorts(found: Sequence[Standing], steps: int) -> list[list[int]]:
    """The runs by what can be trained at once; those that diverged go with the first.

    A run that diverged keeps its place: the others then have the executable that they had before.
    """
    diverged = [number for number, one in enumerate(found) if one.diverged]
    live = [number for number in range(len(found)) if number not in diverged]
    done = [number for number in live if found[number].newest >= steps]
    rest = [number for number in live if number not in done]
    shared = set.intersection(*(set(found[number].steps) for number in rest)) if rest else set()
    by_step: dict[int, list[int]] = {}
    for number in rest:
        by_step.setdefault(max(shared) if shared else found[number].newest, []).append(number)
    cohorts = [by_step[step] for step in sorted(by_step)] + ([done] if done else [])
    return [sorted(cohorts[0] + diverged), *cohorts[1:]] if cohorts else [diverged]


def groups_of(layout: Layout, members: int, devices: int) -> int:
    """How many groups of devices train members of their own.

    Raises:
      UserError: the members cannot be divided over the devices.
    """
    if layout == "members" and members % devices:
        raise UserError(
            f"{members} runs cannot be divided over {devices} devices; divide the rows of their "
            "batches, or give --devices."
        )
    return {"auto": math.gcd(members, devices), "members": devices, "rows": 1}[layout]


def prepared_together(
    experiment: Experiment, asked: Sequence[Asked], layout: Layout
) -> tuple[list[Run], int]:
    """Checks the runs, of which the first brings data and shapes; and the groups of devices.

    Raises:
      UserError: a setting or the data are at fault.
    """
    devices = parallel.choose_devices(asked[0].runtime.compute.devices)
    groups = groups_of(layout, len(asked), len(devices))
    runs: list[Run] = []
    for one in asked:
        runs.append(prepared(experiment, *one, groups, runs))
    return runs, groups


def feed_of_runs(runs: Sequence[Run]) -> Feed:
    """The batches of each run, side by side.

    Raises:
      UserError: the data are to be streamed.
    """
    run, seeds = runs[0], [one.training.seed for one in runs]
    return stacked_feed(run.source, seeds, run.training.batch_size, run.runtime.reading.data_mode)


def engine_of_runs(
    runs: Sequence[Run],
    feed: Feed,
    groups: int,
    cadences: Sequence[int],
    make_engine: Callable[..., Engine] = PopulationEngine,
) -> Engine:
    """The engine of prepared runs, for hooks of these cadences."""
    run, compute = runs[0], runs[0].runtime.compute
    batches = fresh_batches(run.game.gan.updates)
    return make_engine(
        run.game.build,
        values_of(runs),
        preparation(run.source.modality, run.training.flip),
        feed,
        parallel.grid(run.devices, groups),
        repeat.choose(run.game.shapes) if compute.repeat == "auto" else compute.repeat,
        feed.longest(batches, compute.steps_per_dispatch, cadences),
    )


def values_of(runs: Sequence[Run]) -> Hyperparameters:
    """The hyperparameters of runs, each an array ``[runs]``."""
    return {
        name: np.stack([np.asarray(run.game.values[name]) for run in runs])
        for name in runs[0].game.values
    }


def new_states(runs: Sequence[Run]) -> list[GanState]:
    """The states before the first step; what makes them is compiled once."""
    whole = parallel.replicated(runs[0].devices)
    new = jax.jit(runs[0].game.new, out_shardings=whole)
    return [
        start.warm(
            run.game,
            new(run.game.values, np.uint32(run.training.seed)),
            run.devices,
            run.runtime.init_from,
            run.description.get("origin"),
        )
        for run in runs
    ]


def _train(
    experiment: Experiment,
    asked: Sequence[Asked],
    before: Sequence[Outcome | None],
    stop: Stop,
    progress: ShowProgress,
    layout: Layout,
    make_engine: Callable[..., Engine],
    pictures: bool,
) -> list[Outcome]:
    """Trains runs that have a step in common; ``before`` says which of them diverged already."""
    runs, groups = prepared_together(experiment, asked, layout)
    outcomes = dict(enumerate(before))
    live = [number for number, outcome in outcomes.items() if outcome is None]
    for number, run in enumerate(runs):
        if number not in live and run.recorded is not None:
            check_same_run(run.recorded, run.wanted, run.folder, experiment)
    steps, devices, feed = asked[0].runtime.steps, runs[0].devices, feed_of_runs(runs)
    with contextlib.ExitStack() as whole:
        own = {number: whole.enter_context(contextlib.ExitStack()) for number in live}
        mine = {n: own[n].enter_context(opened(runs[n], len(runs))) for n in live}
        states = _states({n: runs[n] for n in live}, mine)
        first = int(states[live[0]].step) if live else steps
        if first >= steps:
            return [outcome or mine[n].nothing_to_do(first) for n, outcome in outcomes.items()]
        bar = whole.enter_context(progress(f"{experiment.name}, {len(live)} runs", first, steps))
        shown = {n: bar if n == live[0] else hooks.Silent() for n in live}
        policies = {n: mine[n].begin(first, shown[n], pictures) for n in live}

        def ended(number: int, outcome: Outcome) -> None:
            outcomes[number] = outcome
            mine[number].end(outcome, pictures)
            own[number].close()

        asked_for = [
            *each(policies, member_of(devices), ended),
            Hook(hooks.next_row, runs[0].looked_at, on_stop=True),
        ]
        cadences = [every for hook in asked_for for every in hook.every]
        engine = engine_of_runs(runs, feed, groups, cadences, make_engine)
        population = stack(
            [states.get(number, states[live[0]]) for number in range(len(runs))],
            [number in live for number in range(len(runs))],
            parallel.grid(devices, groups),
        )
        del states  # each as large as a run

        def tick(step: int) -> None:
            for number in live:
                if outcomes[number] is None:
                    mine[number].status.step = step
            bar.advance(step)

        start_from: Any = population
        _, last = fit(start_from, engine, asked_for, steps, stop, tick)
        for number in live:
            if outcomes[number] is None:
                ended(number, last)
        return [outcome or last for outcome in outcomes.values()]


def _states(runs: Mapping[int, Run], mine: Mapping[int, OpenRun]) -> dict[int, GanState]:
    """The states at the newest step that is sound in all runs, or new ones.

    Raises:
      UserError: there are checkpoints, and no such step.
    """
    if not runs:
        return {}
    stores = [cast(Checkpoints, mine[number].store) for number in runs]  # one process has them
    first = next(iter(runs.values()))
    if not any(store.steps() for store in stores):
        return dict(zip(runs, new_states(list(runs.values())), strict=True))
    found = newest_in_all(stores, start.placed(first.game, first.devices))
    if found is None:
        raise UserError(
            f"{first.folder.path} and the runs beside it have no sound checkpoint of one step; "
            "train them one after another."
        )
    return dict(zip(runs, found, strict=True))
