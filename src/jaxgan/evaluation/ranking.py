"""Ranking checkpoints by a score."""

import math
from collections.abc import Sequence

from jaxgan.errors import UserError
from jaxgan.evaluation.score import Score
from jaxgan.evaluation.suite import METRICS
from jaxgan.metrics.metric import Metric


def values_of(scores: Sequence[Score]) -> dict[str, float]:
    """The numbers of scores as ``metric/value``."""
    return {
        f"{score.metric}/{name}": value for score in scores for name, value in score.values.items()
    }


def ranked_by(best: str, own: Sequence[Metric] = ()) -> tuple[str, float] | None:
    """What ``--best fd`` or ``--best prdc/coverage`` ranks by, and its sign; None if no metric.

    Args:
      best: the name of a metric, and of one of its values if not of the first.
      own: metrics that the experiment brings itself.

    Raises:
      UserError: the metric has no such value, or neither high nor low values of it are better.
    """
    name, _, value = best.partition("/")
    metric = {**METRICS, **{metric.name: metric for metric in own}}.get(name)
    if metric is None:
        return None
    value = value or next(iter(metric.values))
    if value not in metric.values:
        raise UserError(f"--best {best}: {name} has {', '.join(metric.values)}.")
    better = metric.values[value]
    if not better:
        raise UserError(f"--best {best}: neither high nor low values of it are better.")
    return f"{name}/{value}", 1.0 if better == "lower" else -1.0


def rank(scores: Sequence[Score], best: str, sign: float) -> float:
    """The value that ranks these scores; smaller is better. One that is not finite is the worst.

    Raises:
      UserError: there is no such value among them.
    """
    values = values_of(scores)
    if best not in values:
        raise UserError(f"--best {best}: not among {', '.join(values)}; see --evaluate-metrics.")
    value = sign * values[best]
    return value if math.isfinite(value) else math.inf
