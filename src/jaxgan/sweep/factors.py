"""What ``--seeds``, ``--grid`` and ``--random`` say, and points drawn at random."""

import dataclasses
import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from scipy import stats
from scipy.stats import qmc

from jaxgan.errors import UserError, one_of

Words: TypeAlias = tuple[str, ...]
"""A value as the words that follow its flag on a command line: ``("128", "64")``."""

MOST = 100_000
"""Seeds or draws at most."""


def parse_seeds(text: str, flag: str = "--seeds") -> tuple[int, ...]:
    """Seeds from ``0:8`` (0 to 7), from ``0,3,5``, or from both: ``0:4,10``.

    ``flag`` is what an error names.

    Raises:
      UserError: it is neither.
    """
    found: list[int] = []
    for part in text.split(","):
        if not (match := re.fullmatch(r"\s*(\d+)(?::(\d+))?\s*", part)):
            raise UserError(f"{flag} {text}: give e.g. 0:8, which is 0 to 7, or 0,3,5.")
        first, last = int(match[1]), int(match[2] or int(match[1]) + 1)
        if not first < last <= 2**32 or last - first > MOST:
            raise UserError(f"{flag} {text}: {part.strip()} is no range of seeds; give e.g. 0:8.")
        found += range(first, last)
    if len({*found}) < len(found):
        raise UserError(f"{flag} {text}: a seed is named twice.")
    return tuple(found)


def parse_grid(texts: Sequence[str]) -> dict[str, list[Words]]:
    """The values of each flag, from ``name=value,value`` for each.

    A value of several words has spaces between them: ``hidden=128 128,64 64``.

    Raises:
      UserError: one is not of this form, or a flag is named twice.
    """
    found: dict[str, list[Words]] = {}
    for text in texts:
        name, values = _named("--grid", text, "learning_rate=1e-4,2e-4", found)
        found[name] = [tuple(shlex.split(value)) for value in values.split(",")]
        if not all(found[name]):
            raise UserError(f"--grid {text}: a value is empty.")
    return found


def parse_random(texts: Sequence[str]) -> dict[str, str]:
    """The distribution of each flag, from ``name=distribution`` for each.

    Raises:
      UserError: one is not of this form, or a flag is named twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, words = _named("--random", text, "r1=loguniform(1e-3,10)x20", found)
        found[name] = words
    return found


def _named(flag: str, text: str, example: str, found: Mapping[str, object]) -> tuple[str, str]:
    """The name of a flag, and what follows it.

    Raises:
      UserError: there is no name, or it was ``found`` before.
    """
    name, equals, rest = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not (equals and name and rest.strip()):
        raise UserError(f"{flag} {text}: give a flag and its values, e.g. {example}.")
    if name in found:
        raise UserError(f"{flag} {text}: {name} is named twice; give all its values at once.")
    return name, rest.strip()


Draw: TypeAlias = Callable[[np.ndarray], list[str]]
"""Numbers in [0, 1) -> values, as text."""


@dataclasses.dataclass(frozen=True)
class Distribution:
    """Where the values of a flag are drawn from.

    Attributes:
      text: as it was written, without the number of draws.
      draw: values of evenly distributed numbers.
      count: how many were asked for; None if that was not said.
    """

    text: str
    draw: Draw
    count: int | None


FORM = re.compile(r"(\w+)\(([^()]*)\)\s*(?:x\s*(\d+))?")


def distribution(text: str) -> Distribution:
    """The distribution that ``loguniform(1e-3,10)x20`` names.

    ``uniform(low,high)``, ``loguniform(low,high)``, ``int(low,high)`` with both ends, and
    ``choice(a,b,c)``.

    Raises:
      UserError: it names none, or its numbers make no sense.
    """
    if not (match := FORM.fullmatch(text.strip())):
        raise UserError(
            f"--random {text}: give e.g. loguniform(1e-3,10)x20, uniform(0,1), int(1,8) or "
            "choice(32,64)."
        )
    name, inside, times = match.groups()
    kinds = {"uniform": _uniform, "loguniform": _loguniform, "int": _int, "choice": _choice}
    make = kinds[one_of(name, kinds, "distribution")]
    try:
        draw = make([word.strip() for word in inside.split(",")])
    except ValueError as error:
        raise UserError(f"--random {text}: {error}") from error
    count = int(times) if times else None
    if count is not None and not 1 <= count <= MOST:
        raise UserError(f"--random {text}: draw 1 to {MOST} values.")
    return Distribution(f"{name}({inside})", draw, count)


def _ends(words: Sequence[str], kind: Callable[[str], float]) -> tuple[float, float]:
    """The two numbers of an interval.

    Raises:
      ValueError: they are not two finite numbers in ascending order.
    """
    try:
        low, high = map(kind, words)
    except ValueError:
        raise ValueError("two numbers are needed, the lowest and the highest.") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError("the second number must be above the first, and both finite.")
    return low, high


def _floats(values: np.ndarray, low: float, high: float) -> list[str]:
    """Four digits of each, which are readable and within the interval."""
    return [f"{min(max(float(f'{value:.4g}'), low), high):g}" for value in values]


def _uniform(words: Sequence[str]) -> Draw:
    low, high = _ends(words, float)
    return lambda u: _floats(stats.uniform(low, high - low).ppf(u), low, high)


def _loguniform(words: Sequence[str]) -> Draw:
    low, high = _ends(words, float)
    if low <= 0:
        raise ValueError("both numbers must be above 0.")
    return lambda u: _floats(stats.loguniform(low, high).ppf(u), low, high)


def _int(words: Sequence[str]) -> Draw:
    low, high = _ends(words, int)
    return lambda u: [str(int(low + np.floor(x * (high - low + 1)))) for x in u]


def _choice(words: Sequence[str]) -> Draw:
    if len(words) < 2 or not all(words):
        raise ValueError("at least two values are needed.")
    return lambda u: [words[int(x * len(words))] for x in u]


def points(random: Mapping[str, str], seed: int) -> list[dict[str, str]]:
    """Points of a scrambled Sobol sequence, one value of each flag in each.

    The first points are the same however many are drawn.

    Args:
      random: the distribution of each flag, as ``distribution`` takes it.
      seed: of the scrambling.

    Raises:
      UserError: a distribution is at fault, or they do not agree on how many points to draw.
    """
    if not random:
        return [{}]
    spaces = {name: distribution(text) for name, text in random.items()}
    counts = {space.count for space in spaces.values() if space.count is not None}
    if len(counts) != 1:
        fault = f"draw {' and '.join(map(str, sorted(counts)))} values" if counts else "no number"
        raise UserError(f"--random: {fault}; all flags are drawn together, so say one number: x20.")
    count = counts.pop()
    # Powers of two keep the sequence balanced; its first points do not depend on their number.
    sobol = qmc.Sobol(len(spaces), rng=np.random.default_rng(seed))
    unit = sobol.random_base2(math.ceil(math.log2(count)))[:count]
    drawn = {
        name: space.draw(unit[:, column]) for column, (name, space) in enumerate(spaces.items())
    }
    return [{name: values[row] for name, values in drawn.items()} for row in range(count)]
