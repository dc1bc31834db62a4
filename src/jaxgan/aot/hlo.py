"""The text of a compiled program, read into instructions.

The text is XLA's, one line for each instruction: ``%name = f32[16,8]{1,0:T(8,128)} add(%a, %b)``.
The layout ``{1,0:T(8,128)}`` says which axis lies closest together (the first one named), and that
arrays consist of tiles of 8 x 128 numbers, to which the last axes are padded; ``S(1)`` in it that
the array lies in memory on the chip.
"""

import dataclasses
import math
import re

BITS = {"pred": 8, "bf16": 16, "s4": 4, "u4": 4, "s2": 2, "u2": 2}
"""Of the types whose name does not end in their bits."""

INSTRUCTION = re.compile(
    r"^\s*(?P<root>ROOT )?%(?P<name>[\w.-]+) = (?P<shape>\(.*?\)|\S+) (?P<kind>[a-z][\w-]*)\("
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
      root: whether it is the result of its computation.
      times: how often it runs in a call of the program, where ``executed`` says so.
    """

    name: str
    kind: str
    arrays: tuple[Array, ...]
    operands: tuple[str, ...]
    literal: str
    rest: str
    root: bool = False
    times: int = 1

    @property
    def called(self) -> list[str]:
        """The computations that it calls."""
        return CALLED.findall(self.rest)


Computations = dict[str, list[Instruction]]
"""The instructions of a program, by the name of their computation.

A computation stands before those that call it.
"""


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


def computations(text: str) -> Computations:
    """The instructions of a program, by the name of their computation."""
    found: dict[str, list[Instruction]] = {}
    name = ""
    for line in text.splitlines():
        if head := COMPUTATION.match(line):
            name = head["name"]
            found[name] = []
        elif (one := INSTRUCTION.match(line)) and name:
            operands = tuple(re.findall(r"%([\w.-]+)", one["operands"]))
            found[name].append(
                Instruction(
                    one["name"],
                    one["kind"],
                    arrays_of(one["shape"]),
                    operands,
                    one["operands"],
                    one["rest"],
                    bool(one["root"]),
                )
            )
    return found
