"""The engine: compiled training steps, on one device or on many.

A step on one device takes its rows of the real batches from the feed, prepares them, and makes the
players' updates (``jaxgan.game.step``). ``repeat`` makes several steps out of one, and ``parallel``
spreads them over the devices. Nothing here reads a mean that a step logs, so logs may be arrays.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.data.feed import Feed, gather
from jaxgan.game.gan import Gan, fresh_batches
from jaxgan.game.state import GanState
from jaxgan.game.step import make_step
from jaxgan.parallel import Backend
from jaxgan.rng import Rng, global_rows, named
from jaxgan.runs.settings import Repeat
from jaxgan.training import repeat
from jaxgan.types import Batch, Device, Logs

Hyperparameters: TypeAlias = Mapping[str, Any]
"""The floats of a config, by name; arguments of the compiled step."""

Build: TypeAlias = Callable[[Hyperparameters], Gan]
"""Builds the game from hyperparameters, which are traced inside a step."""

Step: TypeAlias = Callable[..., tuple[GanState, Logs]]
"""``(state, hyperparameters, arrays, chunk) -> (state, logs)``, on one device.

``arrays`` are whole on each device: the feed's, and the frozen ones of the game.
"""

ROWS = 2
"""The axis of rows in what the feed gives an engine: ``[steps, batches, rows, ...]``."""

Prepare: TypeAlias = Callable[[Batch, Rng, tuple[float, float]], Batch]
"""``(batch, rng, range) -> batch``: rows of the data as floats, inside the step.

``rng`` has a random stream for each row; ``range`` is that of the values that networks see.
"""


def training_step(build: Build, prepare: Prepare) -> Step:
    """One training step on one device; runs inside the mapped axis ``AXIS``."""

    def step(state: GanState, hyperparameters, arrays, chunk) -> tuple[GanState, Logs]:
        data, frozen = arrays
        # What build loads inside the trace would be a constant of the executable.
        gan = dataclasses.replace(build(hyperparameters), frozen=frozen)
        batches = dict(gather(data, chunk))
        key = named(jax.random.fold_in(state.key, state.step), "flip")
        count, size = jax.tree.leaves(batches)[0].shape[:2]
        rows = global_rows(size)
        prepared = [
            prepare(
                jax.tree.map(lambda leaf, n=number: leaf[n], batches),
                Rng(jax.random.fold_in(key, number), rows),
                gan.range,
            )
            for number in range(count)
        ]
        batches = jax.tree.map(lambda *leaves: jnp.stack(leaves), *prepared)
        return make_step(gan)(state, batches)

    return step


def by_step(rows: Any, count: int, batches: int, length: int) -> Any:
    """NumPy arrays ``[count * batches, ...]`` as ``[length, batches, ...]``, padded with zeros."""

    def shaped(leaf: np.ndarray) -> np.ndarray:
        leaf = leaf.reshape(count, batches, *leaf.shape[1:])
        if count == length:
            return leaf
        rest = np.zeros((length - count, *leaf.shape[1:]), leaf.dtype)
        return np.concatenate([leaf, rest])

    return jax.tree.map(shaped, rows)


class CompiledEngine:
    """Runs several training steps in one call. See ``loop.Engine``.

    Attributes:
      longest: the most steps that one call may train.
      hyperparameters: arguments of the compiled step.
      compiled: ``(state, hyperparameters, arrays, chunk, count) -> (state, logs)``; compiled when
        it is first called.
    """

    def __init__(
        self,
        build: Build,
        hyperparameters: Hyperparameters,
        prepare: Prepare,
        feed: Feed,
        devices: Sequence[Device],
        backend: Backend = "pmap",
        how: Repeat = "loop",
        longest: int = 50,
    ):
        """Takes the parts of a step; nothing is compiled yet.

        Args:
          build: builds the game.
          hyperparameters: its hyperparameters.
          prepare: how real batches are prepared.
          feed: where they come from.
          devices: what to run on.
          backend: how the step is spread over them.
          how: how several steps are run in one call.
          longest: the most steps that one call may train.
        """
        self.longest = 1 if how == "single" else longest
        self.hyperparameters = hyperparameters
        self._feed, self._devices = feed, devices
        self._backend: Backend = backend
        game = build(hyperparameters)
        self._batches = fresh_batches(game.updates)
        self._padded = how == "loop"  # which is compiled once, for chunks of one length
        repeated = repeat.looped if how == "loop" else repeat.unrolled
        axes = (None, None, None, ROWS, None)  # only the chunk is divided
        self.compiled = parallel.spread(
            repeated(training_step(build, prepare)), devices, backend, axes
        )
        arrays = dict(feed.arrays), jax.device_get(dict(game.frozen))
        self._arrays = jax.device_put(arrays, parallel.replicated(devices))

    def bare(self, step: int) -> Callable[[GanState], tuple[GanState, Logs]]:
        """``longest`` steps as a function of the state, which it donates; what ``bench`` times.

        It trains on one chunk, that after ``step`` steps, which is put on the devices now.
        """
        whole = parallel.divided(self._devices, ROWS)
        placed = jax.device_put(self._chunk(step, self.longest), whole)

        def run(state: GanState) -> tuple[GanState, Logs]:
            return self._run(state, placed, self.longest)

        return run

    def __call__(self, state: GanState, step: int, count: int) -> tuple[GanState, Logs]:
        """Trains ``count`` steps after ``step``; donates ``state``.

        Raises:
          FloatingPointError: a step makes a NaN, and JAX looks for them.
        """
        try:
            state, logs = self._run(state, self._chunk(step, count), count)
        except FloatingPointError as error:
            raise FloatingPointError(f"Step {step + 1}: {error}") from error
        if jax.process_count() > 1:
            state = parallel.whole(state, self._devices)
        return state, logs

    def _chunk(self, step: int, count: int) -> Any:
        """The real batches of ``count`` steps after ``step``, divided over the devices."""
        rows = self._feed.chunk(step * self._batches, count * self._batches)
        chunk = by_step(rows, count, self._batches, self.longest if self._padded else count)
        return parallel.divide(chunk, self._devices, self._backend, ROWS)

    def _run(self, state: GanState, chunk: Any, count: int) -> tuple[GanState, Logs]:
        return self.compiled(state, self.hyperparameters, self._arrays, chunk, np.int32(count))
