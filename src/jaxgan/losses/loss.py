"""A loss is a pair: what the generator minimizes, and what the discriminator does."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from jaxgan.types import Outputs

Term: TypeAlias = Callable[[Outputs], Any]
"""A function of a forward pass's outputs; see ``jaxgan.game.terms``."""


@dataclasses.dataclass(frozen=True)
class Loss:
    """A pair of adversarial losses.

    Attributes:
      generator: what the generator minimizes.
      discriminator: what the discriminator minimizes.
    """

    generator: Term
    discriminator: Term

    def terms(
        self,
        generator: Mapping[str, Term] | None = None,
        discriminator: Mapping[str, Term] | None = None,
    ) -> dict[str, dict[str, Term]]:
        """``Gan.terms`` of this loss and of more terms by name, e.g. penalties.

        ``losses.hinge.terms(discriminator={"r1": scale(cfg.r1, penalties.r1)})``
        """
        return {
            "g": {"adversarial": self.generator, **(generator or {})},
            "d": {"adversarial": self.discriminator, **(discriminator or {})},
        }

    def map(self, change: Callable[[Term], Term]) -> "Loss":
        """Both losses changed by a combinator, e.g. halved by ``scale(0.5, ...)``."""
        return Loss(change(self.generator), change(self.discriminator))
