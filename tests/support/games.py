"""Small games, and how the tests run their steps."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxgan import ema, forward, losses, parallel
from jaxgan.game.gan import Gan, fresh_batches
from jaxgan.game.state import GanState, init
from jaxgan.game.step import make_step
from jaxgan.nets import mlp
from jaxgan.nn.dropout import Dropout
from jaxgan.nn.norm import BatchNorm
from jaxgan.training import repeat
from jaxgan.types import AXIS

ROWS = 2
"""The axis of rows in a chunk ``[steps, batches, rows, ...]``."""

AXES = (None, None, None, ROWS, None)
"""What is divided of the arguments of a compiled step: the chunk."""


class Critic(nn.Module):
    """A smooth perceptron, with whatever makes a step hard to get right."""

    norm: bool = False
    rate: float = 0.0

    @nn.compact
    def __call__(self, x, *, train):
        x = nn.Dense(5)(x)
        if self.norm:
            x = BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.tanh(x)
        x = Dropout(self.rate)(x, train=train)
        return nn.Dense(1)(nn.tanh(nn.Dense(4)(x)))[:, 0]


class NormalizedGenerator(nn.Module):
    """A smooth perceptron with batch normalization; ``axis=None`` forgets to synchronize it."""

    axis: str | None = AXIS

    @nn.compact
    def __call__(self, latent, *, train):
        norm = nn.BatchNorm if self.axis is None else BatchNorm
        x = norm(use_running_average=not train, momentum=0.9)(nn.Dense(6)(latent))
        return nn.Dense(2)(nn.tanh(x))


SIDE = 4
"""Of the pictures, in pixels."""


class Pictures(nn.Module):
    """Draws pictures ``[rows, SIDE, SIDE, 3]``."""

    @nn.compact
    def __call__(self, latent, *, train):
        return nn.tanh(nn.Dense(SIDE * SIDE * 3)(latent)).reshape(-1, SIDE, SIDE, 3)


class Judge(nn.Module):
    """Judges pictures."""

    @nn.compact
    def __call__(self, image, *, train):
        return nn.Dense(1)(nn.tanh(nn.Dense(5)(image.reshape(len(image), -1))))[:, 0]


def generator(hidden=(6,)):
    return mlp.Generator((2,), hidden, activation=nn.tanh, output=lambda x: x)


def gan(prior=None, networks=None, **changes) -> Gan:
    """A logistic game on the plane under gradient descent."""
    prior = forward.normal(3) if prior is None else prior
    values = dict(
        generator=generator(),
        discriminator=Critic(),
        forward=forward.unconditional(prior),
        terms=losses.nonsaturating.terms(),
        optimizers={"g": optax.sgd(0.1), "d": optax.sgd(0.1)},
        ema=ema.constant(0.9),
    )
    if networks is not None:
        values |= {"generator": networks["g"], "discriminator": networks["d"]}
    return Gan(**values | changes)


def points(steps: int, gan: Gan, rows: int, seed=0, shape=(2,)):
    """Real batches for ``steps`` steps: ``[steps, batches, rows, *shape]``."""
    generator = np.random.default_rng(seed)
    size = (steps, fresh_batches(gan.updates), rows, *shape)
    return {"image": generator.normal(1.0, 1.0, size).astype(np.float32)}


def born(gan: Gan, devices=None, seed=0, shape=(2,)) -> GanState:
    """A state whole on each device, which a step may donate."""
    devices = jax.devices()[:1] if devices is None else devices
    state = init(gan, jax.random.key(seed), {"image": jnp.zeros((2, *shape))})
    return jax.device_put(state, parallel.replicated(devices))


class Runner:
    """The compiled step of a game: ``runner(state, chunk) -> (state, logs)``."""

    def __init__(self, gan, devices=None, backend="pmap", how=None):
        """``gan`` may be a function of a dictionary of traced hyperparameters.

        If ``how`` is None, several steps are a loop: a step is the most of what is compiled.
        """
        self.devices = jax.devices()[:1] if devices is None else devices
        self.backend = backend

        def step(state, hyperparameters, arrays, batches):
            del arrays
            return make_step(gan(hyperparameters) if callable(gan) else gan)(state, batches)

        ways = (how, how) if how else (repeat.unrolled, repeat.looped)
        self._one, self._several = (
            parallel.spread(way(step), self.devices, backend, AXES) for way in ways
        )

    def __call__(self, state, chunk, count=None, hyperparameters=None):
        steps = len(jax.tree.leaves(chunk)[0])
        chunk = parallel.divide(chunk, self.devices, self.backend, ROWS)
        compiled = self._one if steps == 1 else self._several
        count = np.int32(steps if count is None else count)
        return compiled(state, hyperparameters or {}, {}, chunk, count)

    def one_by_one(self, state, chunk, hyperparameters=None):
        """Every step of the chunk in its own dispatch, with the logs of each."""
        seen = []
        for number in range(len(jax.tree.leaves(chunk)[0])):
            one = jax.tree.map(lambda leaf, n=number: leaf[n : n + 1], chunk)
            state, logs = self(state, one, hyperparameters=hyperparameters)
            seen.append(means(logs))
        return state, seen


def means(logs) -> dict[str, float]:
    """What was measured, by name."""
    logs = jax.device_get(logs)  # one read of all
    return {
        name: float(mean.total) / float(mean.count)
        for name, mean in logs.items()
        if float(mean.count)
    }


def arrays(tree):
    """Numpy copies, which outlive a donated state."""
    return jax.tree.map(lambda leaf: np.array(leaf, copy=True), tree)


def own(state: GanState):
    """What a test compares: everything but the key."""
    return arrays((state.step, state.players, state.ema, state.adaptive))


def same(a, b) -> bool:
    """Whether two trees agree in every bit."""
    assert jax.tree.structure(a) == jax.tree.structure(b)
    return all(
        np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


def close(a, b, rtol, atol=0.0):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


def with_params(state: GanState, who, params) -> GanState:
    """The same state, copied, with other parameters of one player."""
    player = dataclasses.replace(state.players[who], params=params)
    return copied(state.replace(players={**state.players, who: player}))


def copied(state: GanState) -> GanState:
    """A copy on one device, to be donated; placed as ``born`` places it."""
    state = jax.tree.map(jnp.copy, state)
    return jax.device_put(state, parallel.replicated(jax.devices()[:1]))
