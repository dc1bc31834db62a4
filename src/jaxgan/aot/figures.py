"""What the compiler says of a training step, and what follows for its time on a chip."""

import dataclasses
import re
import time
from typing import Any, NamedTuple

from jax.errors import JaxRuntimeError

from jaxgan.aot.chips import Chip
from jaxgan.aot.collectives import Collective, collectives
from jaxgan.aot.hlo import computations
from jaxgan.aot.loops import endless, executed
from jaxgan.aot.program import Program
from jaxgan.aot.roofline import Roofline, roofline
from jaxgan.aot.traffic import Copy, copies, padding, traffic


@dataclasses.dataclass(frozen=True)
class Figures:
    """A training step on one device of a topology; nothing of it was timed.

    Attributes:
      fits: whether it compiles within the chip's memory.
      needed: bytes of that memory at its fullest.
      limit: bytes that there are, where they are too few; else None.
      arguments: bytes of state, data and batch; None where it does not fit.
      temporaries: bytes of everything in between; likewise.
      flops: operations of the matrix products, in a step on average.
      passes: products of bfloat16 that take as long as one product, on average.
      padding_of_products: the least share of the work of those products that is padding of tiles.
      moved: bytes between the chip and its memory in a call with one step, as ``traffic`` has
        them: with data that are fetched whole where they fit the chip, and with branches that are
        not taken in every step. None where it does not compile.
      endless: loops for a number of rounds that the program does not say, of which the bytes and
        the collectives of one round are counted.
      padding_of_arrays: the share of padding in the bytes of all results.
      collectives: by kind.
      copies: arrays of 64 KiB or more that are copied into another layout, the largest first.
      least: the roofline; None where it does not compile.
      seconds: that the compiler took.
    """

    fits: bool
    needed: float
    limit: float | None
    arguments: float | None
    temporaries: float | None
    flops: float
    passes: float
    padding_of_products: float
    moved: float | None
    endless: int
    padding_of_arrays: float
    collectives: dict[str, Collective]
    copies: list[Copy]
    least: Roofline | None
    seconds: float


def figures_of(program: Program, chip: Chip) -> Figures:
    """Compiles a program, and reads what the compiler says of it.

    Raises:
      jax.errors.JaxRuntimeError: it does not compile, for another reason than memory.
    """
    products = program.products()
    flops = sum(product.flops for product in products)
    work = sum(product.work(chip) for product in products)
    padded = sum(product.padded(chip) for product in products)
    began = time.perf_counter()
    memory, compiled = _compiled(program)
    seconds = time.perf_counter() - began
    text = computations(compiled.as_text()) if compiled else {}
    moved = traffic(text) if compiled else None
    instructions = executed(text)
    return Figures(
        fits=memory.fits(chip),
        needed=memory.needed,
        limit=memory.limit,
        arguments=memory.arguments,
        temporaries=memory.temporaries,
        flops=flops,
        passes=work / flops if flops else 1.0,
        padding_of_products=1 - work / padded if padded else 0.0,
        moved=moved,
        endless=endless(text),
        padding_of_arrays=padding(instructions),
        collectives=collectives(instructions),
        copies=copies(instructions),
        least=roofline(chip, work, moved) if compiled else None,
        seconds=seconds,
    )


class Memory(NamedTuple):
    """Bytes of a chip's memory that a program needs.

    Attributes:
      needed: at its fullest.
      limit: bytes that there are, where they are too few; else None.
      arguments: state, data and batch; None where it does not fit.
      temporaries: everything in between; None likewise.
    """

    needed: float
    limit: float | None = None
    arguments: float | None = None
    temporaries: float | None = None

    def fits(self, chip: Chip) -> bool:
        """Whether there is enough; the compiler of GPUs leaves it to the run to find out."""
        return self.limit is None and (chip.platform == "tpu" or self.needed <= chip.memory)

    def share(self, chip: Chip) -> float:
        """The share of the chip's memory that is needed, above 1 if it does not fit."""
        if self.limit is not None:
            return max(self.needed / self.limit, 1 + 1e-9)
        share = self.needed / chip.memory
        return min(share, 1.0) if self.fits(chip) else share


def memory_of(program: Program) -> Memory:
    """What a program needs, found by compiling it.

    Raises:
      jax.errors.JaxRuntimeError: it does not compile, for another reason than memory.
    """
    return _compiled(program)[0]


def _compiled(program: Program) -> tuple[Memory, Any]:
    """The memory that a program needs, and the program; None if it does not fit."""
    try:
        compiled = program.compile()
    except JaxRuntimeError as error:
        return refused(error), None
    memory = compiled.memory_analysis()
    arguments, temporaries = memory.argument_size_in_bytes, memory.temp_size_in_bytes
    # Results that take the place of arguments count once.
    results = memory.output_size_in_bytes - memory.alias_size_in_bytes
    needed = arguments + temporaries + results + memory.generated_code_size_in_bytes
    return Memory(needed, None, arguments, temporaries), compiled


NEEDED = (
    re.compile(r"Used ([\d.]+)([KMGT]?) of ([\d.]+)([KMGT]?) hbm"),
    re.compile(
        r"required for HLO temporaries \(([\d.]+)([KMGT]?)\) exceeds .*\(([\d.]+)([KMGT]?)\)"
    ),
)
"""What the TPU compiler says of memory that it needs, with its unit, and that there is."""

UNITS = {"": 1.0, "K": 2.0**10, "M": 2.0**20, "G": 2.0**30, "T": 2.0**40}


def refused(error: Exception) -> Memory:
    """The bytes that a program needs and those that there are, as the compiler says.

    Raises:
      jax.errors.JaxRuntimeError: it is not about memory.
    """
    found = [said for form in NEEDED if (said := form.search(str(error)))]
    if "RESOURCE_EXHAUSTED" not in str(error) or not found:
        raise error
    used, unit, limit, of = found[0].groups()
    return Memory(float(used) * UNITS[unit], float(limit) * UNITS[of])
