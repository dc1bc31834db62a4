"""Modules bound to their variables: pure functions."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax

from jaxgan.types import Key, Params


@dataclasses.dataclass(frozen=True)
class Network:
    """A module bound to its variables: a pure function.

    Calling it returns ``(output, stats)`` with the statistics after the call; ``after``
    binds them for the next.
    """

    module: nn.Module
    params: Params
    stats: Any
    train: bool = False
    rngs: Mapping[str, Key] = dataclasses.field(default_factory=dict)

    def __call__(self, *args, **kwargs) -> tuple[Any, Any]:
        """The module's output, and its statistics after the call."""
        variables = {"params": self.params, **self.stats}
        if not self.train:
            return self.module.apply(variables, *args, train=False, **kwargs), self.stats
        return self.module.apply(
            variables, *args, train=True, rngs=dict(self.rngs), mutable=list(self.stats), **kwargs
        )

    def after(self, stats: Any) -> "Network":
        """The same network with other statistics."""
        return dataclasses.replace(self, stats=stats)


@dataclasses.dataclass(frozen=True)
class Reparametrization:
    """A change of a player's parameters before each use, such as spectral normalisation.

    Attributes:
      init: ``(key, params) -> state``, a dictionary of arrays.
      apply: ``(params, state) -> (params to compute with, state)``. Called once in each phase, so
        that every use of the network in it shares the same weights; gradients flow through.
      name: of the state among the player's statistics.
    """

    init: Callable[[Key, Params], dict[str, jax.Array]]
    apply: Callable[[Params, dict[str, jax.Array]], tuple[Params, dict[str, jax.Array]]]
    name: str


@dataclasses.dataclass(frozen=True)
class Uninitialized:
    """Stands for a ``Network`` while the first round is played to create its variables.

    What it returns in the place of statistics are all its variables.
    """

    module: nn.Module
    key: Key
    variables: Any = None

    def __call__(self, *args, **kwargs) -> tuple[Any, Any]:
        """The module's output, and all its variables, new in the first call."""
        variables = self.variables
        if variables is None:
            variables = self.module.init({"params": self.key}, *args, train=False, **kwargs)
        return self.module.apply(variables, *args, train=False, **kwargs), variables

    def after(self, stats: Any) -> "Uninitialized":
        """The same network, with its variables known."""
        return dataclasses.replace(self, variables=stats)
