"""The roofline (Williams et al. 2009): a step takes as long as its products, or its memory, do."""

import dataclasses

from jaxgan.aot.chips import Chip


@dataclasses.dataclass(frozen=True)
class Roofline:
    """The least time of a step on one chip, in seconds.

    Attributes:
      products: of the matrix products, at the chip's peak.
      memory: of the bytes that instructions read and write, at the bandwidth of the chip's memory;
        None where their number is not known.
    """

    products: float
    memory: float | None

    @property
    def seconds(self) -> float:
        """The larger of the two: both may happen at the same time."""
        return max(self.products, self.memory or 0.0)

    @property
    def bound(self) -> str | None:
        """Which of them it is; None where only one is known."""
        if self.memory is None:
            return None
        return "products" if self.products >= self.memory else "memory"


def roofline(chip: Chip, work: float, moved: float | None) -> Roofline:
    """The roofline of a step.

    Args:
      chip: its published ceilings.
      work: operations of one device in bfloat16, all passes of float32 products counted.
      moved: bytes that one device reads and writes, if they are known.
    """
    return Roofline(work / chip.flops, None if moved is None else moved / chip.bandwidth)
