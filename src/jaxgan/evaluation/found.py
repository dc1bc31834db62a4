"""What a metric returns: numbers that it declares, and details that a line of JSON can hold."""

import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import Metric


def checked_values(metric: Metric, values: Mapping[str, Any]) -> dict[str, float]:
    """The values of a metric as floats.

    Raises:
      UserError: one is not declared, or is no number; or there are none.
    """
    if strange := [name for name in values if name not in metric.values]:
        raise UserError(
            f"The metric {metric.name} returns {', '.join(map(str, strange))}, of which its "
            f"declaration does not say what is better; add it to its values "
            f"({', '.join(metric.values)})."
        )
    if not values:
        raise UserError(f"The metric {metric.name} returns no value; return at least one.")
    found = {}
    for name, value in values.items():
        try:
            found[name] = float(value)
        except (TypeError, ValueError) as error:
            raise UserError(
                f"The metric {metric.name} returns {name} as {type(value).__name__}, which is no "
                "number; return a float."
            ) from error
    return found


def checked_details(metric: Metric, details: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a metric as JSON has them: arrays as lists, names as text.

    A number that is not finite becomes its name.

    Raises:
      UserError: they hold something else.
    """
    try:
        return {str(name): _plain(value) for name, value in details.items()}
    except TypeError as error:
        raise UserError(
            f"The details of the metric {metric.name} hold {error}, which a line of JSON cannot; "
            "return numbers, text, lists or arrays."
        ) from error


def _plain(value: Any) -> Any:
    """A value as JSON has it.

    Raises:
      TypeError: JSON has no such value; the message is its type.
    """
    match value:
        case np.ndarray() | np.generic() | jax.Array():
            return _plain(np.asarray(value).tolist())
        case Mapping():
            return {str(name): _plain(inside) for name, inside in value.items()}
        case list() | tuple():
            return [_plain(inside) for inside in value]
        case float():
            return value if math.isfinite(value) else str(value)
        case None | str() | int():
            return value
    raise TypeError(type(value).__name__)
