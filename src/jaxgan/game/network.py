"""Modules bound to their variables: pure functions."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import flax.linen as nn

from jaxgan.game.remat import rematerialized
from jaxgan.types import Key, Params


@dataclasses.dataclass(frozen=True)
class Network:
    """A module bound to its variables: a pure function.

    Calling it returns ``(output, stats)`` with the statistics after the call; ``after``
    binds them for the next.

    Attributes:
      module: the Linen module.
      params: its parameters.
      stats: its other collections, e.g. ``batch_stats``.
      train: whether it computes as in training (batch moments, dropout).
      rngs: keys of its random streams.
      frozen: arrays that it reads from the collection ``frozen`` and that nothing trains, e.g. a
        pretrained backbone; None if there are none.
      slopes: whether a forward pass keeps the slopes of its logits for penalties on them; see
        ``jaxgan.forward.critic``.
      remat: whether the derivative of a call in training computes what is inside again; see
        ``jaxgan.game.remat``.
    """

    module: nn.Module
    params: Params
    stats: Any
    train: bool = False
    rngs: Mapping[str, Key] = dataclasses.field(default_factory=dict)
    frozen: Any = None
    slopes: bool = False
    remat: bool = False

    def __call__(self, *args, **kwargs) -> tuple[Any, Any]:
        """The module's output, and its statistics after the call."""
        variables = {"params": self.params, **self.stats}
        if self.frozen is not None:
            variables["frozen"] = self.frozen
        if not self.train:
            return self.module.apply(variables, *args, train=False, **kwargs), self.stats

        def applied(variables: Any, rngs: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
            kept = list(self.stats)
            return self.module.apply(
                variables, *args, train=True, rngs=rngs, mutable=kept, **kwargs
            )

        run = rematerialized(applied) if self.remat else applied
        return run(variables, dict(self.rngs), args, kwargs)

    def after(self, stats: Any) -> "Network":
        """The same network with other statistics."""
        return dataclasses.replace(self, stats=stats)


@dataclasses.dataclass(frozen=True)
class Uninitialized:
    """Stands for a ``Network`` in the first forward pass, which creates its variables.

    What it returns in the place of statistics are all its variables.
    """

    module: nn.Module
    key: Key
    variables: Any = None
    frozen: Any = None

    def __call__(self, *args, **kwargs) -> tuple[Any, Any]:
        """The module's output, and all its variables, new in the first call."""
        variables = self.variables
        if variables is None:
            variables = self.module.init({"params": self.key}, *args, train=False, **kwargs)
            if self.frozen is not None:
                variables = {**variables, "frozen": self.frozen}
        return self.module.apply(variables, *args, train=False, **kwargs), variables

    def after(self, stats: Any) -> "Uninitialized":
        """The same network, with its variables known."""
        return dataclasses.replace(self, variables=stats)
