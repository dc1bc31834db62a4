"""Everything that training changes, as arrays."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from jaxgan.errors import UserError
from jaxgan.game.gan import Gan
from jaxgan.game.network import Uninitialized
from jaxgan.rng import Rng, named
from jaxgan.types import Batch, Key, Params


@struct.dataclass
class Player:
    """What one player carries from step to step.

    Attributes:
      params: float32 parameters.
      stats: every other Flax collection (batch-norm moments); ``{}`` if none.
      opt: state of its optimizer.
    """

    params: Params
    stats: Any
    opt: Any


@struct.dataclass
class Average:
    """The averaged generator: parameters, and the statistics that belong to them."""

    params: Params
    stats: Any


@struct.dataclass
class GanState:
    """Everything that training changes, as arrays.

    Attributes:
      step: int32, finished steps.
      key: the run's typed key; step ``t`` draws from ``fold_in(key, t)``.
      players: ``{"g": Player, "d": Player}``.
      ema: the averaged generator.
      adaptive: state that terms read and ``Gan.adapt`` moves, e.g. averages of logits.
    """

    step: jax.Array
    key: Key
    players: dict[str, Player]
    ema: Average
    adaptive: dict[str, Any]


def init(gan: Gan, key: Key, batch: Batch) -> GanState:
    """The state before the first step; ``batch`` gives the shapes of real data.

    Both players' variables come from one forward pass.

    Raises:
      UserError: the generator's samples have another shape than the data, which discriminators that
        end in a mean or a sum would judge all the same; or logits are not ``[b]``, nor ``[b, ...]``
        of patches.
    """
    count = len(jax.tree.leaves(batch)[0])
    rng = Rng(named(key, "init"), jnp.arange(count, dtype=jnp.int32))
    # array: a copy, since a step donates its state. astype: a Python number is weakly typed, and
    # its first step would compile twice.
    arrays = {name: value for name, value in gan.adaptive.items() if not callable(value)}
    strong = jax.tree.map(jnp.array, arrays)
    adaptive = jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), strong)
    generator, discriminator = (
        Uninitialized(gan.networks[who], named(key, who), frozen=gan.frozen.get(who))
        for who in ("g", "d")
    )
    outputs = gan.forward.run(generator, discriminator, batch, rng, adaptive)
    for fake, real in zip(*map(jax.tree.leaves, (outputs.fake, outputs.real)), strict=True):
        if fake.shape[1:] != real.shape[1:]:
            raise UserError(
                f"The generator makes samples of shape {fake.shape[1:]}, the data are of shape "
                f"{real.shape[1:]}; choose other --data, --resolution or --channels."
            )
    _check_logits(outputs.real_logits, outputs.real, "real")
    _check_logits(outputs.fake_logits, outputs.fake, "generated")
    players = {}
    for who in ("g", "d"):
        stats = dict(outputs.stats[who])
        params = stats.pop("params")
        stats.pop("frozen", None)
        if who in gan.reparametrize:
            change = gan.reparametrize[who]
            stats[change.name] = change.init(named(key, f"weights/{who}"), params)
        players[who] = Player(params, stats, gan.optimizers[who].init(params))
    # Copies, because a donated state must not hold one buffer twice.
    ema = jax.tree.map(jnp.copy, Average(players["g"].params, players["g"].stats))
    adaptive |= adaptive_of(gan, players)
    return GanState(jnp.zeros((), jnp.int32), named(key, "train"), players, ema, adaptive)


def adaptive_of(gan: Gan, players: dict[str, Player]) -> dict[str, Any]:
    """The adaptive state that begins as these players say, a copy."""
    found = {name: value(players) for name, value in gan.adaptive.items() if callable(value)}
    return jax.tree.map(jnp.copy, found)


def _check_logits(logits: Any, samples: Any, kind: str) -> None:
    """Refuses logits that a loss would silently broadcast: with labels ``[b]``, to ``[b, b]``.

    Raises:
      UserError: they have not one row for each sample, or a last axis of length one.
    """
    rows = len(jax.tree.leaves(samples)[0])
    for leaf in jax.tree.leaves(logits):
        if leaf.shape[:1] != (rows,) or leaf.shape[1:] == (1,):
            raise UserError(
                f"The discriminator's logits of {rows} {kind} samples are of shape {leaf.shape}; "
                f"they must be of shape {(rows,)}: end it in [:, 0] after a layer of one unit."
            )
