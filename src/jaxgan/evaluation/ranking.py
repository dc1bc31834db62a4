"""Ranking checkpoints by a score."""

from jaxgan.errors import UserError
from jaxgan.evaluation.score import Score
from jaxgan.evaluation.suite import METRICS

LOW = ("reverse_kl", "js", "deviation", "standard_error", "sigma")
"""Values that are better low, of a metric whose first is better high."""


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
