"""Hyperparameters are arguments of the compiled step, everything else is its structure.

The floats of an experiment's config (learning rates, betas, weights, decays) become traced
scalars; integers, strings and booleans stay Python values. Runs that differ in hyperparameters
only share one executable, and a float used as structure fails as a tracer error. A ``Weight`` of 0
is structure, too: its term is then left out.

What values make sense stands in a field's type: ``beta1: Fraction``, ``r1: NonNegative``.
"""

import dataclasses
import math
import typing
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import jax
import jax.numpy as jnp

from jaxgan.errors import UserError

Config = TypeVar("Config")
"""A dataclass of hyperparameters."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Where a number may lie: from ``low`` to below ``high``; and whether 0 is structure."""

    low: float = -math.inf
    high: float = math.inf
    zero_is_structure: bool = False

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"must not be below {self.low:g}"
        return f"must be from {self.low:g} to below {self.high:g}"


NonNegative: TypeAlias = Annotated[float, Bounds(low=0.0)]
"""How much of something there is: a rate, a weight, a margin."""

Weight: TypeAlias = Annotated[float, Bounds(low=0.0, zero_is_structure=True)]
"""How much a term counts. At exactly 0 it stays a Python number, and ``jaxgan.scale`` leaves the
term out, so that nothing is paid for it: runs with 0 and without are of two structures."""

Fraction: TypeAlias = Annotated[float, Bounds(0.0, 1.0)]
"""The share of something that is kept or dropped: a decay, a momentum, a dropout rate."""


def types_of(config: Any) -> dict[str, Any]:
    """The annotation of each field, bounds included."""
    hints = typing.get_type_hints(
        config if isinstance(config, type) else type(config), include_extras=True
    )
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def names(config: Any) -> list[str]:
    """The fields that are hyperparameters: floats, with bounds or without.

    Of a config, unlike of its class, a ``Weight`` that is 0 is none.

    Raises:
      TypeError: a float stands, or may stand, inside another type (``float | None``,
        ``tuple[float, ...]``, ``dict``, a dataclass), where it would be compiled into the step
        without being seen.
    """
    found = []
    for name, hint in types_of(config).items():
        if _plain(hint) is float:
            if not _left_out(config, name, hint):
                found.append(name)
        elif _mentions_float(hint):
            raise TypeError(
                f"{name}: {hint} hides a float, which would be compiled into the step; give every "
                "hyperparameter a field of its own, of type float."
            )
    return found


def split(config: Any) -> dict[str, jax.Array]:
    """The config's hyperparameters by name, as float32 scalars."""
    return {name: jnp.float32(getattr(config, name)) for name in names(config)}


def merge(config: Config, values: Mapping[str, jax.Array]) -> Config:
    """The config with ``values`` (traced, inside a step) in the place of its floats."""
    return dataclasses.replace(config, **values)  # type: ignore[type-var]


def check(config: Any, default: Any) -> None:
    """Refuses numbers that are not finite or out of their bounds, and sizes below one.

    A size is an integer whose default is at least one. Where it may be left out (``int | None``),
    0 is as good as none.

    Raises:
      UserError: naming the flag.
    """
    for name, hint in types_of(config).items():
        flag = "--" + name.replace("_", "-")
        value, usual = getattr(config, name), getattr(default, name)
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{flag} {value}: must be a finite number.")
        for bounds in getattr(hint, "__metadata__", ()):
            if isinstance(bounds, Bounds) and not bounds.low <= value < bounds.high:
                raise UserError(f"{flag} {value}: {bounds}.")
        if value == () and usual:
            raise UserError(f"{flag}: name at least one.")
        sizes = value if isinstance(value, tuple) else (value,)
        usual = usual if isinstance(usual, tuple) else (usual,)
        for size in sizes:
            counts = type(size) is int and all(type(one) is int and one > 0 for one in usual)
            least = 0 if type(None) in typing.get_args(_plain(hint)) else 1
            if counts and size < least:
                raise UserError(f"{flag} {size}: must be at least {least}.")


def _left_out(config: Any, name: str, hint: Any) -> bool:
    """Whether the field is the weight of a term that is left out."""
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Bounds)]
    if isinstance(config, type) or not any(mark.zero_is_structure for mark in marks):
        return False
    value = getattr(config, name)
    return not isinstance(value, jax.Array) and value == 0


def _plain(hint: Any) -> Any:
    """The type without its annotations."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


def _mentions_float(hint: Any) -> bool:
    """Whether a value of this type may be a float, or have one inside."""
    hint = _plain(hint)
    if typing.get_origin(hint) is typing.Literal:
        return False
    if hint in (float, Any, object, tuple, list, dict):  # the last five hold anything
        return True
    inside = types_of(hint).values() if dataclasses.is_dataclass(hint) else typing.get_args(hint)
    return any(map(_mentions_float, inside))
