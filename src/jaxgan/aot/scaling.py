"""A model of weak scaling: the time of a step on more chips, each with the rows that it has now.

It is a model, nothing is timed. It takes the roofline of one chip, and what the compiled program
exchanges, and assumes that

- collectives run as rings (Patarasuk & Yuan 2009, "Bandwidth optimal all-reduce algorithms for
  clusters of workstations"), which send as fast as all links of a chip together, as the published
  all-reduce bandwidths of whole pods do; slices that are no torus have fewer links to use;
- a message takes no time but that of its bytes, so that many small ones are taken for too fast;
- the exchange happens beside everything else, or after it: the two ends of what a compiler reaches;
- every chip takes equally long, and data arrive in time.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from jaxgan.aot.chips import Chip
from jaxgan.aot.collectives import Collective

CHIPS = (1, 8, 64, 256)
"""Numbers of chips to look at; 256 are a whole pod of v5e or v6e."""


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A step on so many chips, by the model.

    Attributes:
      chips: how many.
      compute: seconds of the roofline of one chip.
      exchange: seconds of all collectives.
    """

    chips: int
    compute: float
    exchange: float

    @property
    def overlapped(self) -> float:
        """Seconds of a step where the exchange happens beside everything else."""
        return max(self.compute, self.exchange)

    @property
    def apart(self) -> float:
        """Seconds of a step where everything else waits for the exchange."""
        return self.compute + self.exchange

    @property
    def efficiency(self) -> tuple[float, float]:
        """Samples a second of each chip, as shares of those of one alone: worst and best."""
        return self.compute / self.apart, self.compute / self.overlapped


SENT: Mapping[str, Callable[[float, int, int], float]] = {
    "all-reduce": lambda size, made_for, chips: 2 * (chips - 1) / chips * size,
    # Its size is that of the result, of which each chip has a part that does not depend on how many
    # there are.
    "all-gather": lambda size, made_for, chips: (chips - 1) * size / made_for,
    # Its size is that of the part that each chip gets of a sum.
    "reduce-scatter": lambda size, made_for, chips: (chips - 1) / chips * size * made_for,
    "all-to-all": lambda size, made_for, chips: (chips - 1) / chips * size,
    "collective-permute": lambda size, made_for, chips: size if chips > 1 else 0.0,
    "collective-broadcast": lambda size, made_for, chips: size if chips > 1 else 0.0,
}
"""Bytes that each chip sends: ``(bytes in the program, chips that it was compiled for, chips)``."""


def exchange_seconds(
    chip: Chip, collectives: Mapping[str, Collective], made_for: int, chips: int
) -> float:
    """Seconds that chips exchange what a program says.

    Args:
      chip: its published rates.
      collectives: of the program, by kind.
      made_for: how many chips it was compiled for.
      chips: how many there are.
    """
    sent = [SENT[kind](one.bytes, made_for, chips) for kind, one in collectives.items()]
    return sum(sent) / chip.links


def weak_scaling(
    chip: Chip,
    compute: float,
    collectives: Mapping[str, Collective],
    made_for: int,
    counts: Sequence[int] = CHIPS,
) -> list[Scaled]:
    """The model, for several numbers of chips.

    Args:
      chip: its published rates.
      compute: seconds of the roofline of one of them.
      collectives: of the program, by kind.
      made_for: how many chips it was compiled for.
      counts: how many there are.
    """
    return [
        Scaled(count, compute, exchange_seconds(chip, collectives, made_for, count))
        for count in counts
    ]
