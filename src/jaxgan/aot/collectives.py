"""What the devices that run a compiled program exchange."""

import dataclasses
from collections.abc import Iterable

from jaxgan.aot.hlo import Array, Instruction

COLLECTIVES = (
    "all-reduce",
    "all-gather",
    "reduce-scatter",
    "all-to-all",
    "collective-permute",
    "collective-broadcast",
)


@dataclasses.dataclass(frozen=True)
class Collective:
    """The collectives of one kind in a program.

    Attributes:
      count: how many, those of a loop in every round.
      bytes: that each device gives to all of them together; of an all-gather, that it gets.
    """

    count: int
    bytes: float


PAIRED = ("all-gather-start", "collective-permute-start")
"""Instructions whose result is the operands, and then what is written."""


def written(one: Instruction) -> tuple[Array, ...]:
    """What an instruction that another one waits for writes."""
    if one.kind == "copy-start":
        return one.arrays[:1]
    if one.kind in PAIRED:
        return one.arrays[len(one.arrays) // 2 :]
    return one.arrays


def collectives(instructions: Iterable[Instruction]) -> dict[str, Collective]:
    """The collectives of a program, by kind."""
    found: dict[str, Collective] = {}
    for one in instructions:
        kind = one.kind.removesuffix("-start")
        if kind not in COLLECTIVES:
            continue
        before = found.get(kind, Collective(0, 0.0))
        moved = one.times * sum(array.bytes for array in written(one))
        found[kind] = Collective(before.count + one.times, before.bytes + moved)
    return found
