"""A change of a player's parameters before each use, such as spectral normalization."""

import dataclasses
from collections.abc import Callable

import jax

from jaxgan.types import Key, Params


@dataclasses.dataclass(frozen=True)
class Reparametrization:
    """A change of a player's parameters before each use.

    Attributes:
      init: ``(key, params) -> state``, a dictionary of arrays.
      apply: ``(params, state) -> (params to compute with, state)``. Called once in each phase, so
        that every use of the network in it shares the same weights; gradients flow through.
      name: of the state among the player's statistics.
    """

    init: Callable[[Key, Params], dict[str, jax.Array]]
    apply: Callable[[Params, dict[str, jax.Array]], tuple[Params, dict[str, jax.Array]]]
    name: str
