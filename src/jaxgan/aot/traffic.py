"""What a compiled program moves between a chip and its memory: bytes, copies, padding."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from jaxgan.aot.collectives import written
from jaxgan.aot.hlo import Array, Computations, Instruction
from jaxgan.aot.loops import FLOW, executed


@dataclasses.dataclass(frozen=True)
class Copy:
    """An array that is copied into another layout.

    Attributes:
      bytes: with padding.
      of_argument: whether it is an argument of the program, such as a weight or the data.
      where: what JAX calls the place.
    """

    bytes: float
    of_argument: bool
    where: str


IDLE = (
    *("bitcast", "tuple", "get-tuple-element", "parameter", "constant", "after-all"),
    *("partition-id", "replica-id", "iota", *FLOW),
)
"""Instructions that move nothing themselves."""


def traffic(program: Computations) -> float:
    """Bytes that pass between a chip and its memory, padding included.

    Every operand is read once by each instruction that takes it, and every result written once; of
    what a fusion only takes slices or samples of, those alone, and of an array that it puts a slice
    into, that slice.
    """
    by_name = {one.name: one for inside in program.values() for one in inside}
    moved = 0.0
    for one in executed(program):
        if one.kind in IDLE or one.kind.endswith("-done"):
            continue
        for place, name in enumerate(one.operands):
            given = by_name.get(name)
            if given and not (given.arrays and given.arrays[0].inside):
                whole = sum(array.padded for array in given.arrays)
                moved += one.times * _read(program, one, place, whole)
        moved += one.times * sum(array.padded for array in _stored(program, by_name, one))
    return moved


def _stored(
    program: Computations, by_name: Mapping[str, Instruction], one: Instruction
) -> list[Array]:
    """What an instruction writes into the chip's memory."""
    if one.kind.endswith("-start"):  # after what is written come operands and what waits
        return [array for array in written(one) if not array.inside]
    made = one
    if one.kind == "fusion" and one.called:
        made = next((two for two in program.get(one.called[0], []) if two.root), one)
    results = made.operands if made.kind == "tuple" else (made.name,)
    if len(results) != len(one.arrays):  # a tuple that is one of several
        return [array for array in one.arrays if not array.inside]
    stored: list[Array] = []
    for name, array in zip(results, one.arrays, strict=True):
        slice_ = by_name.get(_put(by_name, name))
        stored += [] if array.inside else (slice_.arrays if slice_ else [array])
    return stored


def _put(by_name: Mapping[str, Instruction], name: str) -> str:
    """The slice that is put into an array in its place, if that is how the array is made."""
    while (one := by_name.get(name)) and one.kind == "bitcast":
        name = one.operands[0]
    return one.operands[1] if one and one.kind == "dynamic-update-slice" else ""


def _read(program: Computations, one: Instruction, place: int, whole: float) -> float:
    """How many bytes of an operand an instruction reads, of ``whole``."""
    if one.kind in ("gather", "dynamic-slice", "slice") and place == 0:
        return min(whole, sum(array.padded for array in one.arrays))
    if one.kind == "dynamic-update-slice" and place == 0:
        return 0.0
    if one.kind != "fusion" or not one.called:
        return whole
    inside = program.get(one.called[0], [])
    names = {two.name for two in inside if two.kind == "parameter" and two.literal == str(place)}
    read = 0.0
    for two in inside:
        for at, name in enumerate(two.operands):
            if name not in names:
                continue
            if two.kind == "bitcast":
                names.add(two.name)
            else:
                read += _read(program, two, at, whole)
    return min(whole, read)


def copies(instructions: Iterable[Instruction], least: int = 2**16) -> list[Copy]:
    """Arrays of at least so many bytes that are copied into another layout, the largest first."""
    every = list(instructions)
    by_name = {one.name: one for one in every}

    def argument(name: str) -> bool:
        while (one := by_name.get(name)) and one.kind in ("bitcast", "copy-done", "copy-start"):
            name = one.operands[0]
        return one is not None and one.kind == "parameter"

    def moved() -> Iterator[Copy]:
        for one in every:
            size = sum(array.padded for array in one.arrays)
            if one.kind in ("copy", "transpose") and size >= least:
                where = re.search(r'op_name="([^"]*)"', one.rest)
                yield Copy(size, argument(one.operands[0]), where[1] if where else "")

    return sorted(moved(), key=lambda copy: -copy.bytes)


def padding(instructions: Iterable[Instruction]) -> float:
    """The share of padding in the bytes of all results of a program."""
    results = [
        (one.times, array) for one in instructions if one.kind not in IDLE for array in one.arrays
    ]
    whole = sum(times * array.padded for times, array in results)
    return 1.0 - sum(times * array.bytes for times, array in results) / whole if whole else 0.0
