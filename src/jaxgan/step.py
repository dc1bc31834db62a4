"""The training step: the only place where a gradient of a player is taken.

A step is per-device code with the named axis ``AXIS``. Each player differentiates its
own parameters only, so nothing is detached; who moves when, and on which samples, is
data (``Gan.updates``).
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from jaxgan import terms
from jaxgan.game import Average, Gan, GanState, Network, Phase, Player, fresh_batches, groups
from jaxgan.randomness import Draw, global_rows, named
from jaxgan.types import AXIS, Batch, Key, Logs, Mean, Params, Round, Who

RNGS = ("dropout", "noise")
"""Flax's random streams that a network may ask for in training."""

Step = Callable[[GanState, Any], tuple[GanState, Logs]]


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
        for number, moves in enumerate(plan):
            group_key = jax.random.fold_in(named(key, "group"), number)

            def move(state: GanState, moves=moves, group_key=group_key) -> tuple[GanState, Logs]:
                return _move(gan, state, moves, batches, key, group_key)

            interval, first = moves[0].phase.every, moves[0].phase.first
            if interval == 1:
                state, seen = move(state)
            else:
                skipped = jax.tree.map(
                    lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(move, state)[1]
                )
                state, seen = lax.cond(
                    state.step % interval == first,
                    move,
                    lambda state, skipped=skipped: (state, skipped),
                    state,
                )
            logs = _added(logs, seen)
        logs = lax.pmean(logs, AXIS)
        ema = _average(gan, state, images=rows * lax.axis_size(AXIS))
        slow = gan.tune(state.slow, logs)
        return dataclasses.replace(state, step=state.step + 1, ema=ema, slow=slow), logs

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


def _kept(phase: Phase) -> tuple[Who, ...]:
    """The players whose statistics stay as the phase leaves them."""
    return (phase.player,) if phase.moves_stats is None else phase.moves_stats


def _move(
    gan: Gan, state: GanState, moves: list[_Move], batches: Batch, key: Key, group_key: Key
) -> tuple[GanState, Logs]:
    """Moves the players of one group: all gradients at ``state``, then all updates."""
    players, logs = dict(state.players), {}
    for move in moves:
        who = move.phase.player
        batch = jax.tree.map(lambda leaf, n=move.batch: leaf[n], batches)
        draw_key = jax.random.fold_in(named(key, "latents"), move.latents)
        grads, stats, seen = _gradient(gan, state, move.phase, batch, draw_key, group_key)
        players = _with_stats(players, stats)
        players[who], norms = _descend(gan, players[who], who, grads)
        logs = _added(logs, seen | norms)
    return dataclasses.replace(state, players=players), logs


def _gradient(
    gan: Gan, state: GanState, phase: Phase, batch: Batch, draw_key: Key, group_key: Key
) -> tuple[Params, dict[str, Any], Logs]:
    """The global batch's gradient for ``phase.player``, the statistics to keep, and logs."""
    who = phase.player
    rows = global_rows(len(jax.tree.leaves(batch)[0]))
    wanted = gan.terms[who]
    if phase.terms is not None:
        wanted = {name: wanted[name] for name in phase.terms}

    def objective(own: Params):
        players = dict(state.players)
        players[who] = dataclasses.replace(players[who], params=own)
        rival = Phase("d" if who == "g" else "g")
        for _ in range(phase.unroll):  # differentiated through, and forgotten
            thought = dataclasses.replace(state, players=players)
            found, stats, _ = _gradient(gan, thought, rival, batch, draw_key, group_key)
            players = _with_stats(players, stats)
            players[rival.player], _ = _descend(gan, players[rival.player], rival.player, found)

        def network(other: Who) -> Network:
            player = players[other]
            rngs = {name: named(group_key, f"{name}/{other}") for name in RNGS}
            return gan.network(other, player.params, player.stats, train=True, rngs=rngs)

        round = gan.play(network("g"), network("d"), batch, Draw(draw_key, rows), state.slow)
        round = dataclasses.replace(
            round,
            draw=Draw(group_key, rows),
            step=state.step,
            params={other: player.params for other, player in players.items()},
        )
        loss, logs = terms.total(wanted, round, who)
        logs |= {f"{who}/loss": Mean.of(loss)} | (
            _judgements(round, gan.threshold) if who == "d" else {}
        )
        return loss, ({other: round.stats[other] for other in _kept(phase)}, logs)

    grads, (stats, logs) = jax.grad(objective, has_aux=True)(state.players[who].params)
    return lax.pmean(grads, AXIS), _float_mean(stats), logs


def _with_stats(players: dict[str, Player], stats: dict[str, Any]) -> dict[str, Player]:
    """The players, those that ``stats`` names with new statistics."""
    new = {who: dataclasses.replace(players[who], stats=stats[who]) for who in stats}
    return {**players, **new}


def _descend(gan: Gan, player: Player, who: Who, grads: Params) -> tuple[Player, Logs]:
    """One step of the player's optimizer, and the norms of what moved."""
    updates, opt = gan.optimizers[who].update(grads, player.opt, player.params)
    params = optax.apply_updates(player.params, updates)
    norms = {"gradient": grads, "parameter": params, "update": updates}
    logs = {f"{who}/{name}_norm": Mean.of(optax.tree.norm(tree)) for name, tree in norms.items()}
    return dataclasses.replace(player, params=params, opt=opt), logs


def _judgements(round: Round, threshold: float | None) -> Logs:
    """How the discriminator judges: mean logits, and its accuracy at the threshold."""

    def mean(function, logits):
        leaves = jax.tree.leaves(logits)
        return Mean.of(jnp.mean(jnp.stack([jnp.mean(function(leaf)) for leaf in leaves])))

    logs = {
        "d/logits_real": mean(lambda logits: logits, round.real_logits),
        "d/logits_fake": mean(lambda logits: logits, round.fake_logits),
    }
    if threshold is not None:
        logs["d/accuracy_real"] = mean(lambda logits: logits > threshold, round.real_logits)
        logs["d/accuracy_fake"] = mean(lambda logits: logits < threshold, round.fake_logits)
    return logs


def _float_mean(tree: Any) -> Any:
    """Averages float leaves over the devices; ``pmean`` would turn integers into floats."""

    def mean(leaf):
        return lax.pmean(leaf, AXIS) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf

    return jax.tree.map(mean, tree)


def _average(gan: Gan, state: GanState, images: int) -> Average:
    """The averaged generator after this step."""
    decay = gan.ema(state.step, jnp.asarray(images, jnp.int32))
    generator = state.players["g"]

    def blend(old, new):
        if not jnp.issubdtype(new.dtype, jnp.floating):
            return new
        return decay * old + (1.0 - decay) * new

    return jax.tree.map(blend, state.ema, Average(generator.params, generator.stats))


def _added(logs: Logs, more: Logs) -> dict[str, Mean]:
    """Sums of logs, name by name."""
    return {
        name: logs[name] + more[name] if name in logs and name in more else (more | logs)[name]
        for name in {**logs, **more}
    }
