"""What the text of a compiled program says: bytes moved, collectives, copies, padding.

The text is XLA's, one line for each instruction: ``%name = f32[16,8]{1,0:T(8,128)} add(%a, %b)``.
The layout ``{1,0:T(8,128)}`` says which axis lies closest together (the first one named), and that
arrays consist of tiles of 8 x 128 numbers, to which the last axes are padded; ``S(1)`` in it that
the array lies in memory on the chip.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Mapping

COLLECTIVES = (
    "all-reduce",
    "all-gather",
    "reduce-scatter",
    "all-to-all",
    "collective-permute",
    "collective-broadcast",
)

BITS = {"pred": 8, "bf16": 16, "s4": 4, "u4": 4, "s2": 2, "u2": 2}
"""Of the types whose name does not end in their bits."""

INSTRUCTION = re.compile(
    r"^\s*(?:ROOT )?%(?P<name>[\w.-]+) = (?P<shape>\(.*?\)|\S+) (?P<kind>[a-z][\w-]*)\("
    r"(?P<operands>[^)]*)\)(?P<rest>.*)$"
)
ARRAY = re.compile(r"(?P<type>[a-z]\w*)\[(?P<sizes>[\d,]*)\](?:\{(?P<layout>[^}]*)\})?")
COMPUTATION = re.compile(r"^(?:ENTRY )?%?(?P<name>[\w.-]+) \(.*\{$")
CALLED = re.compile(r"(?:calls|to_apply)=%?([\w.-]+)")
TILE = re.compile(r":[^T]*T\((?P<tile>[\d,]+)\)")


@dataclasses.dataclass(frozen=True)
class Array:
    """An array as it lies in memory.

    Attributes:
      bits: of one number.
      sizes: of its axes.
      order: the axes, the one that lies closest together first.
      tile: of the last axes in that order, the closest last; empty without tiles.
      inside: whether it lies in memory on the chip.
    """

    bits: int
    sizes: tuple[int, ...]
    order: tuple[int, ...]
    tile: tuple[int, ...]
    inside: bool = False

    @property
    def bytes(self) -> float:
        """Without padding."""
        return math.prod(self.sizes) * self.bits / 8

    @property
    def padded(self) -> float:
        """Bytes of whole tiles."""
        near = [self.sizes[axis] for axis in self.order]  # the closest axis first
        sizes = near + [1] * max(0, len(self.tile) - len(near))
        for place, side in enumerate(reversed(self.tile)):
            sizes[place] = -(-sizes[place] // side) * side
        return math.prod(sizes) * self.bits / 8


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One line of a program.

    Attributes:
      name: without its ``%``.
      kind: ``all-reduce``.
      arrays: its result, several of a tuple.
      operands: names of instructions.
      literal: what stands in their place, such as the number of a parameter.
      rest: what follows the operands.
    """

    name: str
    kind: str
    arrays: tuple[Array, ...]
    operands: tuple[str, ...]
    literal: str
    rest: str

    @property
    def called(self) -> list[str]:
        """The computations that it calls."""
        return CALLED.findall(self.rest)


@dataclasses.dataclass(frozen=True)
class Collective:
    """The collectives of one kind in a program.

    Attributes:
      count: how many.
      bytes: that each device gives to all of them together; of an all-gather, that it gets.
    """

    count: int
    bytes: float


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


def arrays_of(shape: str) -> tuple[Array, ...]:
    """The arrays of a shape, ``f32[8]{0}`` or ``(f32[8]{0}, bf16[2,8]{1,0})``."""
    found = []
    for one in ARRAY.finditer(shape):
        sizes = tuple(int(size) for size in one["sizes"].split(",") if size)
        layout = one["layout"] or ""
        order = tuple(int(axis) for axis in layout.partition(":")[0].split(",") if axis)
        tile = TILE.search(layout)
        sides = tuple(int(side) for side in tile["tile"].split(",")) if tile else ()
        bits = BITS.get(one["type"]) or int((re.findall(r"\d+", one["type"]) or ["8"])[0])
        order = order or tuple(reversed(range(len(sizes))))
        found.append(Array(bits, sizes, order, sides, inside="S(" in layout))
    return tuple(found)


def computations(text: str) -> dict[str, list[Instruction]]:
    """The instructions of a program, by the name of their computation."""
    found: dict[str, list[Instruction]] = {}
    name = ""
    for line in text.splitlines():
        if head := COMPUTATION.match(line):
            name = head["name"]
            found[name] = []
        elif (one := INSTRUCTION.match(line)) and name:
            operands = tuple(re.findall(r"%([\w.-]+)", one["operands"]))
            arrays = arrays_of(one["shape"])
            found[name].append(
                Instruction(
                    one["name"], one["kind"], arrays, operands, one["operands"], one["rest"]
                )
            )
    return found


FLOW = ("while", "conditional", "call", "async-start")
"""Instructions whose computations run as if they stood there."""


def executed(program: Mapping[str, list[Instruction]]) -> list[Instruction]:
    """The instructions that run by themselves: not those inside a fusion or a reduction.

    Those of loops and branches are among them, once each.
    """
    every = [one for inside in program.values() for one in inside]
    parts = {name for one in every if one.kind not in FLOW for name in one.called}
    return [one for name, inside in program.items() if name not in parts for one in inside]


IDLE = (
    *("bitcast", "tuple", "get-tuple-element", "parameter", "constant", "after-all"),
    *("partition-id", "replica-id", "iota", *FLOW),
)
"""Instructions that move nothing themselves."""


def traffic(program: Mapping[str, list[Instruction]]) -> float:
    """Bytes that pass between a chip and its memory, padding included.

    Every operand is read once by each instruction that takes it, and every result written once; of
    what a fusion only takes slices or samples of, those alone. Loops and branches count once.
    """
    by_name = {one.name: one for inside in program.values() for one in inside}
    moved = 0.0
    for one in executed(program):
        if one.kind in IDLE or one.kind.endswith("-done"):
            continue
        for place, name in enumerate(one.operands):
            given = by_name.get(name)
            if given and not (given.arrays and given.arrays[0].inside):
                moved += _read(program, one, place, sum(array.padded for array in given.arrays))
        results = one.arrays
        if one.kind.endswith("-start"):  # after what is written come operands and what waits
            results = _written(one)
        moved += sum(array.padded for array in results if not array.inside)
    return moved


def _written(one: Instruction) -> tuple[Array, ...]:
    """What an instruction that another one waits for writes."""
    if one.kind == "copy-start":
        return one.arrays[:1]
    if one.kind in PAIRED:
        return one.arrays[len(one.arrays) // 2 :]
    return one.arrays


def _read(
    program: Mapping[str, list[Instruction]], one: Instruction, place: int, whole: float
) -> float:
    """How many bytes of an operand an instruction reads, of ``whole``."""
    if one.kind in ("gather", "dynamic-slice", "slice") and place == 0:
        return min(whole, sum(array.padded for array in one.arrays))
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


PAIRED = ("all-gather-start", "collective-permute-start")
"""Instructions whose result is the operands, and then what is written."""


def collectives(instructions: Iterable[Instruction]) -> dict[str, Collective]:
    """The collectives of a program, by kind."""
    found: dict[str, Collective] = {}
    for one in instructions:
        kind = one.kind.removesuffix("-start")
        if kind not in COLLECTIVES:
            continue
        before = found.get(kind, Collective(0, 0.0))
        moved = sum(array.bytes for array in _written(one))
        found[kind] = Collective(before.count + 1, before.bytes + moved)
    return found


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
    arrays = [array for one in instructions if one.kind not in IDLE for array in one.arrays]
    whole = sum(array.padded for array in arrays)
    return 1.0 - sum(array.bytes for array in arrays) / whole if whole else 0.0
