"""Scores of a study that may be compared: one metric, measured in one way, of every trial."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from jaxgan.evaluation.score import Score, column, columns, differences
from jaxgan.evaluation.suite import METRICS
from jaxgan.sweep.results import Study, Trial, Variant
from jaxgan.sweep.statistics import Better

ENOUGH_MODES = 0.5
"""A run that reaches less than this share of the modes has collapsed."""

ENOUGH_DISTANCE = 0.5
"""A run has collapsed if the mean distance between two of its samples, in features, is less than
this share of that between two held-out real samples."""


@dataclasses.dataclass(frozen=True, eq=False)
class Measure:
    """One number of one metric, of all trials that were scored in one way.

    Attributes:
      metric: the metric, e.g. ``modes``.
      value: its number, e.g. ``captured``.
      better: which values are better.
      scores: of all trials and steps; all have one protocol.
      last: the score that stands for each trial, by its folder: of its last step, the newest.
    """

    metric: str
    value: str
    better: Better
    scores: Sequence[Score]
    last: Mapping[str, Score]

    @property
    def name(self) -> str:
        """As ``--best`` takes it."""
        return f"{self.metric}/{self.value}"

    @property
    def title(self) -> str:
        """What a table calls it."""
        return f"{self.scores[0].title} {self.value}"

    @property
    def count(self) -> int:
        """Generated samples of each score."""
        return int(self.scores[0].protocol.get("n_fake", 0))

    @property
    def arrow(self) -> str:
        """The direction in which scores are better."""
        return "↑" if self.better == "higher" else "↓"

    @property
    def real_score(self) -> float:
        """What held-out real samples score, on average over the scores; NaN if none do."""
        found = [one.real_score[self.value] for one in self.scores if self.value in one.real_score]
        return float(np.mean(found)) if found else math.nan

    @property
    def controls(self) -> dict[str, float]:
        """What is got without training, by name: on average over the scores, which agree."""
        found: dict[str, list[float]] = {}
        for score in self.scores:
            for name, values in score.controls.items():
                if self.value in values:
                    found.setdefault(name, []).append(values[self.value])
        return {name: float(np.mean(values)) for name, values in found.items()}

    def of(self, variant: Variant) -> dict[int, float]:
        """The scores of a variant by seed: NaN where a trial is lost, none without a result."""
        found = {trial.seed: self.of_trial(trial) for trial in variant.trials}
        return {seed: value for seed, value in found.items() if value is not None}

    def of_trial(self, trial: Trial) -> float | None:
        """The score of a trial: NaN if it is lost, None if it has no result, or was not scored."""
        if trial.lost:
            return math.nan
        score = self.last.get(str(trial.folder)) if trial.ended else None
        return None if score is None else float(score.values.get(self.value, math.nan))

    @functools.cached_property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest finite score of all trials; NaN if there is none."""
        found = [one.values.get(self.value, math.nan) for one in self.last.values()]
        finite = [value for value in found if math.isfinite(value)]
        return (min(finite), max(finite)) if finite else (math.nan, math.nan)


def measures(study: Study) -> list[Measure]:
    """What the finished trials were scored by, those first that the study is ranked by.

    A metric that was measured in several ways is several measures, the one that most trials have
    first. Numbers of which neither high nor low ones are better are left out.
    """
    scored = {id(one): trial for trial in study.trials for one in trial.scores if trial.ended}
    every = [one for trial in study.trials if trial.ended for one in trial.scores]
    found = []
    for together in columns(every):
        column(together)  # of one protocol, or refused
        last: dict[str, Score] = {}
        for score in sorted(together, key=lambda one: one.subject.get("step") or 0):
            trial = scored[id(score)]
            if trial.state == "finished":
                last[str(trial.folder)] = score
        names = dict.fromkeys(name for score in together for name in score.values)
        for name in names:
            if better := direction(together[0], name):
                found.append(Measure(together[0].metric, name, better, together, last))
    found = [one for one in found if one.last]
    return sorted(found, key=lambda one: (not _is(one, study.scored), -len(one.last)))


def _is(measure: Measure, name: str | None) -> bool:
    """Whether this is the measure of a name, which may be that of its metric alone."""
    first = next(iter(measure.scores[0].values))
    return name == measure.name or (name == measure.metric and measure.value == first)


def direction(score: Score, value: str) -> Better | None:
    """Which values of this number are better; None if neither, or if it is not known."""
    if value == next(iter(score.values)):
        found = score.better
    else:
        metric = METRICS.get(score.metric)
        found = metric.values.get(value, "") if metric else ""
    return found if found in ("lower", "higher") else None


def other_protocols(measure: Measure, found: Sequence[Measure]) -> list[str]:
    """How the same number was measured in other ways, and of how many trials."""
    return [
        f"{len(other.last)} trials in another way "
        f"({'; '.join(differences(measure.scores[0], other.scores[0]))})"
        for other in found
        if other is not measure and other.name == measure.name
    ]


def collapsed(trial: Trial) -> bool | None:
    """Whether a finished run reaches too few modes, or its samples are too much alike.

    None if nothing was scored that tells, or if the run did not finish.
    """
    if trial.state != "finished":
        return None
    last = {score.metric: score for score in sorted(trial.scores, key=_step)}
    found = [_few_modes(last.get("modes")), _alike(last.get("pairwise"))]
    known = [one for one in found if one is not None]
    return any(known) if known else None


def _step(score: Score) -> int:
    return score.subject.get("step") or 0


def _few_modes(score: Score | None) -> bool | None:
    modes = len(score.details.get("counts", ())) if score else 0
    return score.values["captured"] < ENOUGH_MODES * modes if score and modes else None


def _alike(score: Score | None) -> bool | None:
    real = score.real_score.get("distance") if score else None
    return score.values["distance"] < ENOUGH_DISTANCE * real if score and real else None


def scores_by_step(measure: Measure, trial: Trial) -> dict[int, float]:
    """The scores of a trial over its steps, finite or not; of two at a step the newer one."""
    own = {id(score) for score in trial.scores}
    found = [score for score in measure.scores if id(score) in own]
    return {_step(score): score.values.get(measure.value, math.nan) for score in found}
