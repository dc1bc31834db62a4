"""What tests of a game ask of its training: eight devices equal one, parts equal the whole."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.game.state import init
from jaxgan.runs.checkpoint import Checkpoints, digest
from support import games


def check_devices(found, expected, born, rtol, atol):
    """Trainings on eight devices and on one, ``(state, logs)``, agree, and both have moved.

    Args:
      found: of eight devices.
      expected: of one.
      born: the state before the first step.
      rtol: relative tolerance of every number.
      atol: absolute tolerance; parameters of each player move a hundred times as far.
    """
    for one, other in ((games.own(found[0]), games.own(expected[0])), (found[1], expected[1])):
        games.close(one, other, rtol, atol)
    for who, player in born.players.items():
        after = expected[0].players[who].params
        moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), player.params, after)
        assert max(jax.tree.leaves(moved)) > 100 * atol


def check_resume(run, born, chunk, whole, folder):
    """A run that goes on from a checkpoint before its last step ends in the bits of a whole one.

    Each part of the state moves in that step, so that all of it is at stake.

    Args:
      run: a ``games.Runner``.
      born: the state before the first step.
      chunk: the rows of all steps.
      whole: the state after all of them.
      folder: of the checkpoint.
    """
    steps = len(jax.tree.leaves(chunk)[0])
    first, last = (jax.tree.map(lambda x, at=at: x[at], chunk) for at in (np.s_[:-1], np.s_[-1:]))
    state, _ = run.one_by_one(born, first)
    place = parallel.replicated(run.devices)
    like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), state)
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(steps - 1, state)
    early = digests(state)
    with Checkpoints(folder) as checkpoints:
        _, state = checkpoints.restore(like)
    assert digests(state) == early
    state, _ = run.one_by_one(state, last)
    ended = digests(whole)
    assert digests(state) == ended
    assert [part for part in early if early[part] == ended[part]] == []


def digests(state):
    """A digest of each part of a state that there is, but for the key, which stays."""
    parts = {"step": state.step, "adaptive": state.adaptive}
    for who, player in state.players.items():
        parts |= {f"{who}.{name}": getattr(player, name) for name in ("params", "stats", "opt")}
    return {name: digest(part) for name, part in parts.items() if jax.tree.leaves(part)}


class Trainings:
    """Trainings of small games, each done once: by name and by the number of devices.

    Attributes:
      games: the games by their names.
      chunk: name -> the real batches of all steps, ``{key: [steps, batches, rows, ...]}``.
    """

    def __init__(self, games, chunk):
        self.games, self.chunk, self._runners, self._trained = games, chunk, {}, {}

    def born(self, name, count):
        """The state before the first step, on so many devices."""
        rows = jax.tree.map(lambda leaf: jnp.asarray(leaf[0, 0, :2]), self.chunk(name))
        state = jax.jit(lambda: init(self.games[name], jax.random.key(0), rows))()
        return jax.device_put(state, parallel.replicated(jax.devices()[:count]))

    def runner(self, name, count):
        """The compiled step of a game."""
        made = self._runners.get((name, count))
        if made is None:
            made = games.Runner(self.games[name], jax.devices()[:count])
            self._runners[name, count] = made
        return made

    def trained(self, name, count):
        """The state after all steps, and the logs of each."""
        if (name, count) not in self._trained:
            run = self.runner(name, count)
            found = run.one_by_one(self.born(name, count), self.chunk(name))
            self._trained[name, count] = found
        return self._trained[name, count]

    def check_devices(self, name, rtol, atol):
        """Eight devices make the training of one; see ``check_devices``."""
        eight, one = self.trained(name, 8), self.trained(name, 1)
        check_devices(eight, one, self.born(name, 1), rtol, atol)

    def check_resume(self, name, folder):
        """A training that stops and goes on ends in the bits of a whole one; ``check_resume``."""
        whole = self.trained(name, 8)[0]
        born, chunk = self.born(name, 8), self.chunk(name)
        check_resume(self.runner(name, 8), born, chunk, whole, folder)
