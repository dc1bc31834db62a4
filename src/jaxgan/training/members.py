"""Many runs of one game as one compiled program: the whole training step under ``vmap``.

The members of a population differ in their seed and in hyperparameters, so they have states,
latents, an order of the data and learning rates of their own. The number of the step they share: it
is not mapped, so that ``lax.cond`` of what is not done in every step stays a branch. Mapped, it
would become a selection, and a lazy penalty would be paid for in every step.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan import parallel
from jaxgan.data.feed import Feed
from jaxgan.game.gan import fresh_batches
from jaxgan.game.state import GanState
from jaxgan.parallel import MEMBERS
from jaxgan.runs.settings import Repeat
from jaxgan.training import repeat
from jaxgan.training.engine import Build, Hyperparameters, Prepare, Step, by_step, training_step
from jaxgan.types import AXIS, Device, Logs


@struct.dataclass
class Population:
    """The states of all members.

    Attributes:
      members: every leaf ``[members, ...]``, but for ``step``, which they share.
      alive: bool ``[members]``; the state of one that is not stays as it is.
    """

    members: GanState
    alive: jax.Array

    @property
    def step(self) -> jax.Array:
        """Finished steps, int32."""
        return self.members.step


def _of_state(shared: Any, own: Any) -> GanState:
    """Something for each part of ``Population.members``: ``shared`` for the step."""
    return GanState(step=shared, key=own, players=own, ema=own, adaptive=own)


AXES = _of_state(None, 0)
"""The axis of members in the parts of ``Population.members``."""

SPECS = Population(_of_state(P(), P(MEMBERS)), P(MEMBERS))  # type: ignore[arg-type]
"""How a population is divided over a ``parallel.grid``."""

CHUNK = P(None, None, MEMBERS, AXIS)
"""The same of the feed's indices ``[steps, batches, members, rows]``."""


def population_step(step: Step) -> Callable[..., tuple[Population, Logs]]:
    """The training step of one run as that of many; see ``engine.training_step``.

    A member in whose step anything that is logged is not finite keeps the state that it had before,
    and is not alive from then on. (The caller cannot restore it: a step donates its state.)
    """
    many = jax.vmap(step, in_axes=(AXES, 0, None, 1), out_axes=(AXES, 0))

    def run(population: Population, hyperparameters, arrays, chunk) -> tuple[Population, Logs]:
        old = population.members
        new, logs = many(old, hyperparameters, arrays, chunk)
        finite = [jnp.isfinite(mean.total) for mean in logs.values()]
        alive = population.alive & jnp.all(jnp.stack(finite), axis=0)

        def kept(new: jax.Array, old: jax.Array) -> jax.Array:
            return jnp.where(alive.reshape(-1, *[1] * (new.ndim - 1)), new, old)

        parts = {
            name: jax.tree.map(kept, getattr(new, name), getattr(old, name))
            for name in ("players", "ema", "adaptive")
        }
        return Population(dataclasses.replace(new, key=old.key, **parts), alive), logs

    return run


def stack(states: Sequence[GanState], alive: Sequence[bool], mesh: Mesh) -> Population:
    """States of one step as a population, on a ``parallel.grid``."""

    def together(states: Sequence[GanState], alive: jax.Array) -> Population:
        members = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
        return Population(dataclasses.replace(members, step=states[0].step), alive)

    placed = jax.tree.map(lambda spec: NamedSharding(mesh, spec), SPECS)
    # On the grid before: JAX looks for a key's place on the mesh that the arguments are on.
    whole = jax.device_put(list(states), NamedSharding(mesh, P()))
    return jax.jit(together, out_shardings=placed)(whole, np.array(alive))


def member_of(devices: Sequence[Device]) -> Callable[[Population, int], GanState]:
    """A function that takes one member's state out, whole on each device."""

    def one(population: Population, number: jax.Array) -> GanState:
        members = population.members
        own = jax.tree.map(lambda leaf: leaf[number], dataclasses.replace(members, step=()))
        return dataclasses.replace(own, step=members.step)

    taken = jax.jit(one, out_shardings=parallel.replicated(devices))
    return lambda population, number: taken(population, np.int32(number))


class PopulationEngine:
    """Runs several steps of all members in one call. See ``loop.Engine``.

    Attributes:
      longest: the most steps that one call may train.
      compiled: ``(population, hyperparameters, arrays, chunk, count) -> (population, logs)``;
        compiled when it is first called. A logged mean is an array ``[members]``.
    """

    def __init__(
        self,
        build: Build,
        hyperparameters: Hyperparameters,
        prepare: Prepare,
        feed: Feed,
        mesh: Mesh,
        how: Repeat = "loop",
        longest: int = 50,
    ):
        """Takes the parts of a step; nothing is compiled yet.

        Args:
          build: builds the game; all members share its frozen arrays.
          hyperparameters: those of all members, each ``[members]``.
          prepare: how real batches are prepared.
          feed: where they come from; see ``data.feed.Stacked``.
          mesh: what to run on; see ``parallel.grid``.
          how: how several steps are run in one call.
          longest: the most steps that one call may train.
        """
        self.longest = 1 if how == "single" else longest
        self._feed, self._rows = feed, NamedSharding(mesh, CHUNK)
        first = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), dict(hyperparameters))
        game = build(first)
        self._batches = fresh_batches(game.updates)
        self._padded = how == "loop"
        repeated = repeat.looped if how == "loop" else repeat.unrolled
        self.compiled = parallel.spread_members(
            repeated(population_step(training_step(build, prepare))),
            mesh,
            (SPECS, P(MEMBERS), P(), CHUNK, P()),
            (SPECS, P(MEMBERS)),
        )
        self.hyperparameters = jax.device_put(
            dict(hyperparameters), NamedSharding(mesh, P(MEMBERS))
        )
        arrays = dict(feed.arrays), jax.device_get(dict(game.frozen))
        self._arrays = jax.device_put(arrays, NamedSharding(mesh, P()))

    def __call__(self, state: Any, step: int, count: int) -> tuple[Any, Logs]:
        """Trains ``count`` steps after ``step``; donates ``state``, a ``Population``."""
        rows = self._feed.chunk(step * self._batches, count * self._batches)
        chunk = by_step(rows, count, self._batches, self.longest if self._padded else count)
        return self.compiled(
            state,
            self.hyperparameters,
            self._arrays,
            jax.device_put(chunk, self._rows),
            np.int32(count),
        )
