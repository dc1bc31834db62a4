"""The trials of a study: every variant, with every combination of levels and every seed.

A trial is the command line of one ``jaxgan train``. It is parsed and checked here as it will be
there, before anything starts.
"""

import bisect
import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxgan import hyperparameters
from jaxgan.errors import UserError, one_of
from jaxgan.evaluation.ranking import ranked_by
from jaxgan.evaluation.suite import METRICS, metrics_named
from jaxgan.experiment import Experiment, load_experiment
from jaxgan.game.gan import Gan, groups, moves
from jaxgan.metrics.metric import Metric
from jaxgan.runs.settings import Runtime, Training, check, with_flags
from jaxgan.sweep.baseline import levels_named
from jaxgan.sweep.factors import Words, points
from jaxgan.sweep.flags import Flags, Parse, names_in, plain, spell, without
from jaxgan.sweep.study import Study, Variant

ABLATION, VARIANT = "ablation", "variant"
"""Factors that are not flags: a named change of an experiment, and an experiment of a study."""

AS_IT_IS = "as it is"
"""What an experiment without an ablation is called."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Attributes:
      name: what it shares with trials that have another seed.
      seed: of training.
      levels: the value of each factor, as JSON has it.
      folder: of the run, within that of the sweep.
      file: the experiment file, as it was given.
      words: what follows it in ``jaxgan train FILE``, but for ``--workdir``.
      experiment: the preset.
      config: its hyperparameters.
      training: the settings that identify the run.
      runtime: the other settings; without its folder.
      usual: whether every factor has the value that the experiment itself gives it.
    """

    name: str
    seed: int
    levels: Mapping[str, Any]
    folder: str
    file: Path
    words: Words
    experiment: Experiment
    config: Any
    training: Training
    runtime: Runtime
    usual: bool = False

    @property
    def steps(self) -> int:
        """The step that it is trained to."""
        return self.runtime.steps

    def command(self, sweep: Path) -> Words:
        """The words after ``jaxgan`` that train it, or resume it."""
        return ("train", str(self.file), *self.words, "--workdir", str(sweep / self.folder))


@dataclasses.dataclass(frozen=True)
class Level:
    """What a trial may have: the words of some flags, and a label where these are not it."""

    flags: Mapping[str, Words]
    label: Mapping[str, str] = dataclasses.field(default_factory=dict)


def plan(
    study: Study, words: Sequence[str], parse: Parse, beside: Collection[str] = ()
) -> list[Trial]:
    """The trials of a study; all with the first seed come before any with the next.

    Args:
      study: what is varied.
      words: flags of ``jaxgan train`` for all trials, as they stand on a command line.
      parse: parses them.
      beside: flags of the same command line that are not of trials.

    Raises:
      UserError: a flag or a value is at fault, or factors contradict each other.
    """
    if not study.seeds:
        raise UserError("The study has no seeds; give at least one.")
    found = [
        trial
        for name, variant in study.variants.items()
        for trial in _of_variant(study, name, variant, words, parse, beside)
    ]
    taken: dict[str, str] = {}
    for trial in found:
        other = taken.setdefault(trial.folder.lower(), trial.name)
        if other != trial.name:
            raise UserError(f"{other} and {trial.name} would share a folder; rename one.")
    return [_with_seed(trial, seed) for seed in study.seeds for trial in found]


def _of_variant(
    study: Study,
    name: str,
    variant: Variant,
    words: Sequence[str],
    parse: Parse,
    beside: Collection[str],
) -> list[Trial]:
    """The trials of one experiment, each with the seed 0.

    Raises:
      UserError: a flag or a value is at fault, or factors contradict each other.
    """
    experiment = load_experiment(variant.file, variant.preset)
    flags = Flags.of(experiment, {**study.flags, **variant.flags}, words, parse, beside)
    dimensions = [
        _ablations(study.ablations, experiment),
        *([Level({flag: spell(value)}) for value in values] for flag, values in study.grid.items()),
        _drawn(study),
    ]
    values: dict[str, list[Words]] = {}
    for level in itertools.chain(*dimensions):
        for flag, spelled in level.flags.items():
            if spelled not in values.setdefault(flag, []):
                values[flag].append(spelled)
    typed = flags.read_each(values)
    base = flags.read()
    label = {VARIANT: name} if len(study.variants) > 1 else {}
    trials: dict[str, Trial] = {}
    for combination in itertools.product(*dimensions):
        chosen = _joined(combination)
        changes = {flag: typed[flag, spelled] for flag, spelled in chosen.items()}
        levels = {**label, **_labels(combination, changes)}
        preset = (variant.preset,) if variant.preset else ()
        own = [word for flag, spelled in chosen.items() for word in flags.words(flag, spelled)]
        _, config, training, runtime = _changed(base, changes)
        title = name_of(levels) or experiment.name
        trial = Trial(
            name=title,
            seed=0,
            levels=levels,
            folder=f"trials/{folder_name(title)}",
            file=Path(variant.file),
            words=(*preset, *flags.base, *own),
            experiment=experiment,
            config=config,
            training=training,
            runtime=runtime,
            usual=all(flags.usual[flag] == value for flag, value in changes.items()),
        )
        if study.d_steps is not None:
            trial = _with_budget(trial, study.d_steps)
        hyperparameters.check(trial.config, experiment.default())
        check(trial.training, trial.runtime)
        # Points drawn from few values may coincide; each is trained once.
        trials.setdefault(json.dumps(levels), trial)
    return list(trials.values())


def _ablations(names: Sequence[str], experiment: Experiment) -> list[Level]:
    """The experiment as it is, and with every ablation that is named.

    Raises:
      UserError: there is no such ablation, or it is named twice.
    """
    if not names:
        return [Level({})]
    if len({*names}) < len(names):
        raise UserError(f"--ablation: {', '.join(names)} names one twice.")
    if not experiment.ablations:
        raise UserError(f"{experiment.name} declares no ablations; use --grid.")
    levels = [Level({}, {ABLATION: ""})]
    for name in names:
        changes = experiment.ablations[one_of(name, experiment.ablations, "ablation")]
        levels.append(
            Level({flag: spell(value) for flag, value in changes.items()}, {ABLATION: name})
        )
    return levels


def _drawn(study: Study) -> list[Level]:
    """The points that are drawn at random.

    Raises:
      UserError: a distribution is at fault, or a flag is in the grid as well.
    """
    for flag in study.random:
        if flag in study.grid:
            raise UserError(f"{flag} is both in --grid and in --random; leave one out.")
    drawn = points(study.random, study.random_seed)
    return [Level({flag: (value,) for flag, value in point.items()}) for point in drawn]


def _joined(combination: Sequence[Level]) -> dict[str, Words]:
    """The flags of several levels.

    Raises:
      UserError: two set the same flag.
    """
    found: dict[str, Words] = {}
    for level in combination:
        for flag, spelled in level.flags.items():
            if flag in found:
                name = combination[0].label[ABLATION]
                raise UserError(
                    f"--ablation {name!r} changes {flag}, which is varied as well; leave one out."
                )
            found[flag] = spelled
    return found


def _labels(combination: Sequence[Level], values: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every factor: its label, or those of its flags."""
    found: dict[str, Any] = {}
    for level in combination:
        found |= level.label or {flag: plain(values[flag]) for flag in level.flags}
    return found


def _changed(
    base: tuple[Experiment, Any, Training, Runtime], changes: Mapping[str, Any]
) -> tuple[Experiment, Any, Training, Runtime]:
    """The settings with other values of these flags."""
    experiment, config, training, runtime = base
    left = dict(changes)

    def taken(settings: Any) -> dict[str, Any]:
        fields = [field.name for field in dataclasses.fields(settings) if field.name in left]
        return {name: left.pop(name) for name in fields}

    config = dataclasses.replace(config, **taken(config))
    training = dataclasses.replace(training, **taken(training))
    return experiment, config, training, with_flags(runtime, **left)


def _with_seed(trial: Trial, seed: int) -> Trial:
    """The trial with another seed."""
    training = dataclasses.replace(trial.training, seed=seed)
    check(training, trial.runtime)
    return dataclasses.replace(
        trial,
        seed=seed,
        folder=f"{trial.folder}/seed-{seed}",
        words=(*trial.words, "--seed", str(seed)),
        training=training,
    )


def with_other_seed(trial: Trial, seed: int) -> Trial:
    """A trial that differs from another in its seed alone."""
    words = without(trial.words, {"seed"})
    folder = trial.folder.rpartition("/")[0]
    return _with_seed(dataclasses.replace(trial, words=words, folder=folder), seed)


def _with_budget(trial: Trial, d_steps: int) -> Trial:
    """The trial, trained for so many updates of the discriminator.

    Raises:
      UserError: steps are given as well, or no whole number of them has so many updates.
    """
    if "steps" in names_in(trial.words):
        raise UserError("The study has d_steps and --steps is given as well; leave one out.")
    task = trial.experiment.task(dtype=trial.training.dtype, ema=trial.training.ema)
    steps = steps_for(trial.experiment.game(trial.config, task), d_steps)
    if steps is None:
        raise UserError(
            f"{trial.name}: no number of steps has {d_steps} updates of the discriminator, which "
            "come several in a step; choose another d_steps."
        )
    return at_steps(trial, steps)


def at_steps(trial: Trial, steps: int) -> Trial:
    """The trial, trained to another step."""
    runtime = with_flags(trial.runtime, steps=steps)
    kept = without(trial.words, {"steps"})
    return dataclasses.replace(trial, words=(*kept, "--steps", str(steps)), runtime=runtime)


def steps_for(gan: Gan, d_steps: int) -> int | None:
    """The least number of steps with so many updates of the discriminator; None if none has."""
    every = max(
        phase.every for group in groups(gan.updates) for phase in group if phase.player == "d"
    )
    most = range(d_steps * every + 1)
    steps = bisect.bisect_left(most, d_steps, key=lambda n: moves(gan.updates, "d", n))
    return steps if moves(gan.updates, "d", steps) == d_steps else None


def name_of(levels: Mapping[str, Any]) -> str:
    """What trials with these levels are called: ``learning_rate=0.0001,r1=0``."""
    parts = []
    for factor, value in levels.items():
        text = " ".join(map(_short, value if isinstance(value, list) else [value]))
        if factor == ABLATION:
            parts.append(text or AS_IT_IS)
        else:
            parts.append(text if factor == VARIANT else f"{factor}={text}")
    return ",".join(parts)


def _short(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def folder_name(name: str) -> str:
    """The name as that of a folder: short, and without what a shell or a file system reads."""
    safe = re.sub(r"[^\w.=,+-]", "-", name)
    if len(safe) <= 100 and re.fullmatch(r"[\w.=,+ -]+", name) and safe.strip("."):
        return safe
    return f"{safe[:80]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def baseline_of(study: Study, trials: Sequence[Trial]) -> Mapping[str, Any] | None:
    """The levels that others are compared with: those named, or the experiment as it is.

    Raises:
      UserError: no variant is called as the study says, or several are.
    """
    levels = {trial.name: trial.levels for trial in trials}
    if study.baseline:
        return levels[_named(study.baseline, levels)]
    usual = [trial.levels for trial in trials if trial.usual and trial.levels]
    return usual[0] if usual and len(study.variants) == 1 else None


def _named(words: str, variants: Mapping[str, Mapping[str, Any]]) -> str:
    """The name of the variant with these levels, or of this name.

    Raises:
      UserError: there is none, or there are several.
    """
    if words in variants:
        return words
    factors: dict[str, list[Any]] = {}
    for levels in variants.values():
        for factor, level in levels.items():
            factors.setdefault(factor, []).append(level)
    try:
        wanted = levels_named(words, factors)
    except UserError:
        wanted = {}
    found = [name for name, levels in variants.items() if wanted and {**levels, **wanted} == levels]
    if len(found) > 1:
        raise UserError(
            f"--baseline {words}: {len(found)} variants are so, as {found[0]} and {found[1]}; name "
            "one of them."
        )
    return found[0] if found else one_of(words, variants, "variant")


def scored_of(study: Study, trials: Sequence[Trial]) -> tuple[str, float] | None:
    """What trials are ranked by, and its sign, 1 where small values are better.

    It is what the study names, else the first value of the first metric that all trials are scored
    by while they train; None if they are not scored.

    Raises:
      UserError: there is no such score, it has no better direction, or a trial does not take it.
    """
    name = study.scored or _first_score(trials[0])
    if not name:
        return None
    own = trials[0].experiment.scoring.own
    found = ranked_by(name, own)
    if found is None:
        metrics = {**METRICS, **{metric.name: metric for metric in own}}
        one_of(name.partition("/")[0], metrics, "metric")
    assert found is not None
    for trial in trials:
        if found[0].partition("/")[0] not in _metrics(trial):
            raise UserError(
                f"{trial.name} is not scored by {name}; add --evaluate-every STEPS "
                f"--evaluate-metrics {name.partition('/')[0]}."
            )
    return found


def _metrics(trial: Trial) -> dict[str, Metric]:
    """The metrics that score a trial while it trains, by name."""
    scoring, experiment = trial.runtime.scoring, trial.experiment
    if not scoring.evaluate_every:
        return {}
    names = scoring.evaluate_metrics or experiment.data.modality.metrics
    return {metric.name: metric for metric in metrics_named(names, experiment.scoring.own)}


def _first_score(trial: Trial) -> str:
    """The first value that has a better direction, as ``metric/value``; empty without one."""
    named = (
        f"{metric.name}/{value}"
        for metric in _metrics(trial).values()
        for value, better in metric.values.items()
        if better
    )
    return next(named, "")
