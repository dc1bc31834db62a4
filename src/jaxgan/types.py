"""The types of what passes between the functions of a game."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float, Int, Num

AXIS = "data"
"""Name of the mapped axis that the global batch is divided over."""

Key: TypeAlias = jax.Array
"""A scalar typed PRNG key (``jax.random.key``)."""

Scalar: TypeAlias = Float[Array, ""]
"""One number, float."""

Image: TypeAlias = Float[Array, "batch ..."]
"""Samples: ``[batch, height, width, channels]`` pictures, or ``[batch, 2]`` toy points."""

Samples: TypeAlias = Num[Array, "batch ..."]
"""Samples of any kind, also tokens."""

Latent: TypeAlias = Float[Array, "batch latent"]
"""What a generator is given, a row for each sample."""

Label: TypeAlias = Int[Array, "batch"]
"""Classes, from 0."""

Logits: TypeAlias = Float[Array, "batch ..."]
"""The discriminator's answers, a row for each sample."""

Params: TypeAlias = Any
"""Parameters of a network, a tree of arrays."""

Batch: TypeAlias = Mapping[str, Array]
"""Real data: ``image`` and, where the data set has them, ``label``."""

Device: TypeAlias = Any
"""A ``jax.Device``, which type checkers do not take for a type."""

ScalarLike: TypeAlias = float | jax.Array
"""A number that is traced in a training step and a Python float elsewhere."""

PlayerName: TypeAlias = Literal["g", "d"]
"""A player: the generator or the discriminator."""

Dtype: TypeAlias = Literal["float32", "bfloat16"]
"""Dtype of the activations; parameters, last layers and losses are always float32."""


@struct.dataclass
class Mean:
    """A running mean: what is logged. ``count`` 0 says that nothing was measured."""

    total: Scalar
    count: Scalar

    @classmethod
    def of(cls, value: Scalar) -> "Mean":
        """The mean of the one value ``value``."""
        value = jnp.asarray(value, jnp.float32)
        return cls(value, jnp.ones_like(value))

    @classmethod
    def nothing(cls) -> "Mean":
        """The mean of no values."""
        return cls(jnp.zeros(()), jnp.zeros(()))

    def __add__(self, other: "Mean") -> "Mean":
        return Mean(self.total + other.total, self.count + other.count)


Logs: TypeAlias = dict[str, Mean]
"""What is logged, by name."""


@struct.dataclass
class Cost:
    """The value of a term.

    Attributes:
      loss: what the player minimizes.
      logs: what is logged, by name; ``""`` is the term itself, unweighted.
    """

    loss: Scalar
    logs: Logs


def add_logs(logs: Logs, more: Logs) -> Logs:
    """The sums of two logs of the same names."""
    return jax.tree.map(jnp.add, logs, more)


def wait_for_means(logs: Logs) -> dict[str, Any]:
    """The logged means, once the device has them; names that were never measured are left out.

    Each is a NumPy scalar, or an array where several runs are trained at once.
    """
    host = jax.device_get(logs)
    return {name: m.total / m.count for name, m in host.items() if (m.count > 0).all()}


class Mixing(NamedTuple):
    """Second latents, whose styles a generator's later layers get (style mixing).

    Attributes:
      latent: ``[batch, latent]``.
      crossover: the first layer that gets them, int32 ``[batch]``.
    """

    latent: jax.Array
    crossover: jax.Array


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What a forward pass of the game gives: all that a term may look at.

    Attributes:
      real: real samples, as the discriminator saw them.
      fake: the generator's samples.
      real_logits: the discriminator's answer to ``real``.
      fake_logits: its answer to ``fake``.
      critic: the discriminator of this phase as a function of samples alone, with the
        parameters, statistics and dropout masks that gave the logits above (and the
        real samples' labels, if it looks at labels). Penalties differentiate it.
      stats: the players' statistics after this pass, ``{"g": ..., "d": ...}``.
      rng: per-sample randomness, a different one for every term.
      step: int32, the training step.
      adaptive: adaptive state that terms may read.
      extras: whatever else a forward pass hands to its own terms.
      remember: arrays ``[rows, ...]`` that ``Gan.adapt`` may look at after the step, e.g. samples
        for a pool of past ones.
      fake_critic: the critic with the labels of the fake samples; None if it sees no labels.
      params: the players' parameters in this phase, ``{"g": ..., "d": ...}``.
      frozen: the game's arrays that nothing trains, ``Gan.frozen``.
    """

    real: Any
    fake: Any
    real_logits: Any
    fake_logits: Any
    critic: Callable[[Any], Any]
    stats: Mapping[PlayerName, Any]
    rng: Any = None
    step: Any = 0
    adaptive: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    extras: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    remember: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    fake_critic: Callable[[Any], Any] | None = None
    params: Mapping[PlayerName, Any] = dataclasses.field(default_factory=dict)
    frozen: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a rule that moves adaptive state may look at, after a step.

    Attributes:
      logs: the step's logs, averaged over the devices.
      players: the players after the step, ``{"g": Player, "d": Player}``.
      remembered: what forward passes left in ``Outputs.remember``, by player: ``{"g": {...},
        "d": {...}}`` of the last phase of that player in this step, gathered over the devices
        in the order of global rows; zeros where all its phases are lazy and none was due, which
        the counts of ``logs`` tell.
    """

    logs: Logs
    players: Mapping[str, Any]
    remembered: Mapping[str, Any] = dataclasses.field(default_factory=dict)
