"""Scores in the course of a training run."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.evaluate import Evaluation, known_metrics
from jaxgan.evaluation.images import of_sampler
from jaxgan.evaluation.metrics import METRICS
from jaxgan.evaluation.stamp import Score
from jaxgan.evaluation.subjects import about_run, extractor_for, reference_of
from jaxgan.experiment import Data
from jaxgan.game import Gan, GanState
from jaxgan.sampling import sampler_of
from jaxgan.settings import Operation
from jaxgan.standing import standing

LOW = ("reverse_kl", "js", "deviation", "standard_error", "sigma")
"""Values that are better low, of a metric whose first is better high."""

RULE = "during training"
"""What a stamp says of how the checkpoint was chosen."""


@dataclasses.dataclass(frozen=True, eq=False)
class During:
    """Scores the averaged generator of a run as its flags say.

    Attributes:
      run: the run folder.
      description: its ``config.json``, with the data and batch size of the stamp.
      gan: its game.
      data: shape of its samples.
      evaluation: metrics, reference and extractor.
      num: samples per score.
      standing_batches: batches of standing statistics; 0 for running ones.
    """

    run: Path
    description: Mapping[str, Any]
    gan: Gan
    data: Data
    evaluation: Evaluation
    num: int
    standing_batches: int

    def __call__(self, state: GanState) -> list[Score]:
        """The scores of a state; on every process of a job.

        Raises:
          UserError: samples are not finite.
        """
        sampler = sampler_of(self.gan, state, self.data)
        if self.standing_batches:
            sampler = standing(sampler, self.standing_batches)
        fake = of_sampler(sampler, self.num)
        about = about_run(self.run, self.description, self.gan, fake, RULE)
        return self.evaluation.score(fake, about, sampler)


def values_of(scores: list[Score]) -> dict[str, float]:
    """The numbers of scores as ``metric/value``."""
    return {
        f"{score.metric}/{name}": value for score in scores for name, value in score.values.items()
    }


def ranked_by(best: str) -> tuple[str, float] | None:
    """What ``--best fd`` or ``--best prdc/coverage`` ranks by, and its sign; None if no metric.

    Raises:
      UserError: the metric has no such value, or neither high nor low ones are better.
    """
    name, _, value = best.partition("/")
    if name not in METRICS:
        return None
    metric = METRICS[name]
    if not metric.better:
        raise UserError(f"--best {best}: neither high nor low values of it are better.")
    value = value or metric.names[0]
    if value not in metric.names:
        raise UserError(f"--best {best}: {name} has {', '.join(metric.names)}.")
    low = metric.better == "lower" or value in LOW
    return f"{name}/{value}", 1.0 if low else -1.0


def rank(scores: list[Score], best: str, sign: float) -> float:
    """The value that ranks these scores; smaller is better.

    Raises:
      UserError: there is no such value among them.
    """
    values = values_of(scores)
    if best not in values:
        raise UserError(f"--best {best}: not among {', '.join(values)}; see --evaluate-metrics.")
    return sign * values[best]


def during(
    run: Path,
    description: Mapping[str, Any],
    gan: Gan,
    data: Data,
    opened: Callable[[str], Source],
    split: str,
    operation: Operation,
) -> During:
    """Prepares the scores of a run.

    Args:
      run: the run folder.
      description: its ``config.json``.
      gan: its game.
      data: shape of its samples.
      opened: split -> source.
      split: what it is trained on, which is the reference.
      operation: says which metrics, how many samples, and which extractor.

    Raises:
      UserError: a metric is unknown or does not fit the data, or weights are missing.
    """
    reference = reference_of(opened, split, None, operation.evaluate_num)
    points = len(data.shape) == 1
    names = known_metrics(operation.evaluate_metrics or ("modes" if points else "fd"))
    extractor = extractor_for(
        names, operation.evaluate_extractor, operation.extractor_weights, reference
    )
    evaluation = reference.evaluation(names, extractor)
    evaluation.check(reference.real)
    return During(
        run,
        description,
        gan,
        data,
        evaluation,
        operation.evaluate_num,
        operation.standing_batches,
    )
