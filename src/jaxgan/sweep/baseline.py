"""What ``--baseline`` says: some levels by which variants are told."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxgan.errors import UserError, one_of
from jaxgan.sweep.results import in_words, shown


def levels_named(words: str, factors: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The levels that ``FACTOR=LEVEL,FACTOR=LEVEL`` names.

    A level is written as tables, folders or flags have it (``hidden=[128, 128]`` or ``hidden=128
    128``), a number in any way (``r1=0.0`` for ``r1=0``), an ablation or a variant by its name.

    Args:
      words: what is said.
      factors: the levels of each factor.

    Raises:
      UserError: a factor or a level is none of these.
    """
    found: dict[str, Any] = {}
    left = words.split(",")
    while left:
        for count in range(len(left), 0, -1):  # there may be commas within a level
            known = list(_meant(",".join(left[:count]).strip(), factors))
            if known:
                found |= known[:1]
                left = left[count:]
                break
        else:
            raise _unknown(words, left[0].strip(), factors)
    return found


def _meant(text: str, factors: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, Any]]:
    """The factors and levels that are written so."""
    name, _, value = text.partition("=")
    for factor, levels in factors.items():
        for level in levels:
            own = name.strip() == factor and _is(value.strip(), level)
            if own or text == in_words(factor, level):
                yield factor, level


def _is(text: str, level: Any) -> bool:
    """Whether the text stands for the level."""
    if isinstance(level, list):
        return text in (shown(level), " ".join(map(shown, level)))
    if type(level) in (int, float):
        try:
            return float(text) == level
        except ValueError:
            return False
    return text == shown(level)


def _unknown(words: str, text: str, factors: Mapping[str, Sequence[Any]]) -> UserError:
    """What is wrong with a part."""
    name, equals, level = text.partition("=")
    try:
        if not equals:
            raise UserError(f"--baseline {words}: {text} is no FACTOR=LEVEL.")
        one_of(name, factors, "factor")
        one_of(level, [shown(one) for one in factors[name]], f"level of {name}")
    except UserError as error:
        return error
    return UserError(f"--baseline {words}: {text} is no level of {name}.")
