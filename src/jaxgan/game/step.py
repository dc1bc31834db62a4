"""The training step: the only place where a gradient of a player is taken.

A step is per-device code with the named axis ``AXIS``. Each player differentiates its
own parameters only, so nothing is detached; who moves when, and on which samples, is
data (``Gan.updates``).
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from jaxgan.game import terms
from jaxgan.game.gan import Gan, Phase, fresh_batches, groups
from jaxgan.game.network import Network
from jaxgan.game.parts import in_parts
from jaxgan.game.state import Average, GanState, Player
from jaxgan.rng import Rng, global_rows, named
from jaxgan.types import AXIS, Batch, Key, Logs, Mean, Outputs, Params, PlayerName, Seen

RNGS = ("dropout", "noise")
"""Flax's random streams that a network may ask for in training."""

Step = Callable[[GanState, Any], tuple[GanState, Logs]]
"""A training step: a state and a batch to the next state and its logs."""


def make_step(gan: Gan) -> Step:
    """Builds ``(state, batches) -> (state, logs)``, to run on each device of ``AXIS``.

    ``batches`` holds this device's rows of the step's real batches, every leaf
    ``[fresh_batches(gan.updates), rows, ...]``. Gradients, float statistics and logs are
    averaged over the devices.
    """
    plan = _plan(gan)

    def step(state: GanState, batches: Batch) -> tuple[GanState, Logs]:
        rows = len(jax.tree.leaves(batches)[0][0])
        key = jax.random.fold_in(state.key, state.step)
        logs: Logs = {}
        remembered: dict[str, Any] = {}
        for number, moves in enumerate(plan):
            group_key = jax.random.fold_in(named(key, "group"), number)

            def move(state: GanState, moves=moves, group_key=group_key):
                return _move(gan, state, moves, batches, key, group_key)

            interval, first = moves[0].phase.every, moves[0].phase.first
            if interval == 1:
                state, seen, remember = move(state)
            else:
                nothing, blank = jax.tree.map(
                    lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(move, state)[1:]
                )
                # What an earlier phase of the player remembered stays.
                before = {who: remembered.get(who, blank[who]) for who in blank}
                state, seen, remember = lax.cond(
                    state.step % interval == first,
                    move,
                    lambda state, skipped=(nothing, before): (state, *skipped),
                    state,
                )
            logs = _added(logs, seen)
            remembered |= remember
        logs = lax.pmean(logs, AXIS)
        ema = _average(gan, state, images=rows * lax.axis_size(AXIS))
        adaptive = gan.adapt(state.adaptive, Seen(logs, state.players, remembered))
        return dataclasses.replace(state, step=state.step + 1, ema=ema, adaptive=adaptive), logs

    return step


@dataclasses.dataclass(frozen=True)
class _Move:
    """A phase, the number of its real batch, and the number of its latents."""

    phase: Phase
    batch: int
    latents: int


def _plan(gan: Gan) -> list[list[_Move]]:
    """Resolves every ``fresh`` and ``same`` to a number."""
    plan, batches, latents = [], 0, 0
    for group in groups(gan.updates):
        if len({(phase.every, phase.first) for phase in group}) != 1:
            raise ValueError("phases that move simultaneously must have one `every` and `first`")
        if not all(0 <= phase.first < phase.every for phase in group):
            raise ValueError("`first` must be below `every`")
        kept = [who for phase in group for who in _kept(phase)]
        if len(set(kept)) < len(kept):
            raise ValueError(
                "phases that move simultaneously must not keep the statistics of the same player; "
                "give one of them `moves_stats=()`"
            )
        moves = []
        for phase in group:
            batches += phase.real == "fresh"
            latents += phase.latents == "fresh"
            moves.append(_Move(phase, max(batches - 1, 0), max(latents - 1, 0)))
        plan.append(moves)
    assert max(move.batch for moves in plan for move in moves) < fresh_batches(gan.updates)
    return plan


def _kept(phase: Phase) -> tuple[PlayerName, ...]:
    """The players whose statistics stay as the phase leaves them."""
    return (phase.player,) if phase.moves_stats is None else phase.moves_stats


def _move(
    gan: Gan, state: GanState, moves: list[_Move], batches: Batch, key: Key, group_key: Key
) -> tuple[GanState, Logs, dict[str, Any]]:
    """Moves the players of one group: all gradients at ``state``, then all updates."""
    players, logs, remembered = dict(state.players), {}, {}
    for move in moves:
        who = move.phase.player
        batch = jax.tree.map(lambda leaf, n=move.batch: leaf[n], batches)
        rng_key = jax.random.fold_in(named(key, "latents"), move.latents)
        found = _gradient(gan, state, move.phase, batch, rng_key, group_key)
        players = _with_stats(players, found.stats)
        players[who], norms = _descend(gan, players[who], who, found.grads)
        logs = _added(logs, found.logs | norms)
        remembered[who] = found.remembered
    return dataclasses.replace(state, players=players), logs, remembered


class _Gradient(NamedTuple):
    """A phase's gradient and what else came of it.

    Attributes:
      grads: gradient of the global batch, as the player's parameters.
      stats: the statistics to keep, by player.
      logs: means of this device's rows.
      remembered: ``Outputs.remember`` of all devices' rows.
    """

    grads: Params
    stats: dict[str, Any]
    logs: Logs
    remembered: Any


def _gradient(
    gan: Gan, state: GanState, phase: Phase, batch: Batch, rng_key: Key, group_key: Key
) -> _Gradient:
    """The global batch's gradient for ``phase.player``, and what else came of it."""
    who = phase.player
    wanted = gan.terms[who]
    if phase.terms is not None:
        wanted = {name: wanted[name] for name in phase.terms}

    def objective(own: Params, batch: Batch, rows: jax.Array):
        players = dict(state.players)
        players[who] = dataclasses.replace(players[who], params=own)
        rival = Phase("d" if who == "g" else "g")
        for _ in range(phase.unroll):  # differentiated through, then undone
            simulated = dataclasses.replace(state, players=players)
            found = _gradient(gan, simulated, rival, batch, rng_key, group_key)
            players = _with_stats(players, found.stats)
            players[rival.player], _ = _descend(
                gan, players[rival.player], rival.player, found.grads
            )

        def network(other: PlayerName) -> Network:
            player = players[other]
            rngs = {name: named(group_key, f"{name}/{other}") for name in RNGS}
            bound = gan.network(other, player.params, player.stats, train=True, rngs=rngs)
            return dataclasses.replace(bound, slopes=who == "d")  # what penalties are added to

        outputs = gan.forward.run(
            network("g"), network("d"), batch, Rng(rng_key, rows), state.adaptive
        )
        outputs = dataclasses.replace(
            outputs,
            rng=Rng(group_key, rows),
            step=state.step,
            params={other: player.params for other, player in players.items()},
            frozen=gan.frozen,
        )
        loss, logs = terms.total(wanted, outputs, who)
        logs |= {f"{who}/loss": Mean.of(loss)} | (
            _judgements(outputs, gan.threshold) if who == "d" else {}
        )
        kept = {other: outputs.stats[other] for other in _kept(phase)}
        return loss, (kept, logs, outputs.remember)

    def of_rows(own: Params, given: tuple[Batch, jax.Array]):
        grads, (stats, logs, remember) = jax.grad(objective, has_aux=True)(own, *given)
        return (grads, stats, logs), remember

    whole = batch, global_rows(len(jax.tree.leaves(batch)[0]))
    found = in_parts(of_rows, gan.parts)(state.players[who].params, whole)
    (grads, stats, logs), remember = found
    gathered = jax.tree.map(lambda leaf: lax.all_gather(leaf, AXIS, tiled=True), remember)
    return _Gradient(lax.pmean(grads, AXIS), _float_mean(stats), logs, gathered)


def _with_stats(players: dict[str, Player], stats: dict[str, Any]) -> dict[str, Player]:
    """The players, those that ``stats`` names with new statistics."""
    new = {who: dataclasses.replace(players[who], stats=stats[who]) for who in stats}
    return {**players, **new}


def _descend(
    gan: Gan, player: Player, who: PlayerName, grads: Params
) -> tuple[Player, dict[str, Mean]]:
    """One step of the player's optimizer, and the norms of what moved."""
    updates, opt = gan.optimizers[who].update(grads, player.opt, player.params)
    params = optax.apply_updates(player.params, updates)
    norms = {"gradient": grads, "parameter": params, "update": updates}
    logs = {f"{who}/{name}_norm": Mean.of(optax.tree.norm(tree)) for name, tree in norms.items()}
    return dataclasses.replace(player, params=params, opt=opt), logs


def _judgements(outputs: Outputs, threshold: float | None) -> Logs:
    """How the discriminator judges: mean logits, and its accuracy at the threshold."""

    def mean(function, logits):
        leaves = jax.tree.leaves(logits)
        return Mean.of(jnp.mean(jnp.stack([jnp.mean(function(leaf)) for leaf in leaves])))

    logs = {
        "d/logits_real": mean(lambda logits: logits, outputs.real_logits),
        "d/logits_fake": mean(lambda logits: logits, outputs.fake_logits),
    }
    if threshold is not None:
        logs["d/accuracy_real"] = mean(lambda logits: logits > threshold, outputs.real_logits)
        logs["d/accuracy_fake"] = mean(lambda logits: logits < threshold, outputs.fake_logits)
    return logs


def _float_mean(tree: Any) -> Any:
    """Averages float leaves over the devices; ``pmean`` would turn integers into floats."""

    def mean(leaf):
        return lax.pmean(leaf, AXIS) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(mean, tree)


def _average(gan: Gan, state: GanState, images: int) -> Average:
    """The averaged generator after this step."""
    generator = state.players["g"]
    if gan.ema is None:
        return Average(generator.params, generator.stats)
    decay = gan.ema(state.step, jnp.asarray(images, jnp.int32))

    def blend(old, new):
        if not jnp.issubdtype(new.dtype, jnp.floating):
            return new
        return decay * old + (1.0 - decay) * new

    return jax.tree.map(blend, state.ema, Average(generator.params, generator.stats))


def _added(logs: Logs, more: Logs) -> dict[str, Mean]:
    """Sums of logs, name by name."""
    both = {name: logs[name] + value for name, value in more.items() if name in logs}
    return {**logs, **more, **both}
