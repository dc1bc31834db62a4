"""The game: two networks, what each minimises, and in which order they move.

A ``Gan`` is the static description of one paper; a ``GanState`` holds every array that
training changes. Nothing here knows a paper, a loss or a network by name.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax import struct

from jaxgan import averaging
from jaxgan.errors import UserError
from jaxgan.randomness import Draw, named
from jaxgan.terms import Term
from jaxgan.types import Batch, Image, Key, Label, Latent, Logs, Params, Round, Who


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
      slow: slow state that terms read and ``Gan.tune`` moves.
    """

    step: jax.Array
    key: Key
    players: dict[str, Player]
    ema: Average
    slow: dict[str, Any]


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
class Weights:
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


@dataclasses.dataclass(frozen=True)
class Phase:
    """One update of one player.

    Attributes:
      player: who moves.
      real: ``fresh`` takes the step's next real batch, ``same`` the one used last, or
        the step's first if none was used yet (the first ``fresh`` phase then takes it too).
      latents: likewise for the latents (and augmentations) of the fake batch.
      terms: names of the terms it minimises; None for all of the player's.
      every: it happens in every ``every``-th step only, the first of them being ``first``.
      first: below ``every``; where several lazy phases should not fall on one step.
      unroll: updates that the other player makes in thought, on the same batch and latents, before
        this one's loss is taken; gradients flow through them (Metz et al. 2017, "Unrolled
        generative adversarial networks", equation 7). So the other's optimizer must have a
        derivative: give Adam an ``eps_root`` such as 1e-16, since its square root's is infinite
        where a gradient is zero, and everything becomes NaN.
      moves_stats: the players that keep the statistics (all of ``Player.stats``) that this phase's
        forward pass leaves; None for ``player`` alone, ``()`` for neither. With ``("d", "g")`` a
        discriminator update also moves the generator's running moments, as in code that leaves the
        generator in training mode while it draws fake samples. They change no gradient, since
        batch normalization in training mode does not read them. A spectrally normalized
        generator's singular vectors move too. With ``unroll``, the other player's statistics
        include those of its updates in thought.
    """

    player: Who
    real: Literal["fresh", "same"] = "fresh"
    latents: Literal["fresh", "same"] = "fresh"
    terms: tuple[str, ...] | None = None
    every: int = 1
    first: int = 0
    unroll: int = 0
    moves_stats: tuple[Who, ...] | None = None


D = Phase("d")
"""A discriminator update on fresh data and fresh latents."""

G = Phase("g", real="same")
"""A generator update on fresh latents; terms that look at real data see the last batch."""

Update: TypeAlias = "Phase | tuple[Phase, ...]"
"""A phase, or phases that move simultaneously: every gradient is taken before any moves."""

Play: TypeAlias = Callable[[Any, Any, Batch, Draw, Mapping[str, Any]], Round]
"""``(generator, discriminator, batch, draw, slow) -> round``."""

Prior: TypeAlias = Callable[..., Latent]
"""``(draw, truncation=None) -> latents``."""

Sample: TypeAlias = Callable[[Network, Latent, "Label | None"], Image]
"""``(generator, latents, labels) -> samples``."""

ALTERNATING: tuple[Update, ...] = (D, G)
"""One discriminator update, then one generator update against the moved discriminator."""

SIMULTANEOUS: tuple[Update, ...] = ((D, Phase("g", real="same", latents="same")),)
"""Both gradients at the same point, on the same samples."""


EMA = averaging.constant(0.999)
"""The usual average of a thousand steps."""


def generate(generator: Network, latents: Latent, labels: Label | None) -> Image:
    """Samples of an unconditional generator."""
    del labels
    return generator(latents)[0]


@dataclasses.dataclass(frozen=True)
class Gan:
    """The static description of a GAN: a paper.

    Attributes:
      networks: ``{"g": generator, "d": discriminator}``, Linen modules called with
        ``train=``; a player's module may be a composite.
      play: one forward pass of the game.
      prior: draws latents.
      terms: what each player minimises, by name.
      optimizers: an optax transform for each player.
      updates: what one step does, in order.
      ema: decay of the averaged generator.
      weights: what is done to a player's parameters before each use; nothing by default.
      sample: how samples are drawn from latents and labels.
      conditional: whether samples depend on labels.
      threshold: the logit above which the discriminator calls a sample real, for its logged
        accuracy; None where there is none: energies, Wasserstein critics, differences of pairs.
      range: values of black and white in the samples, which real images are mapped to.
      slow: initial slow state.
      tune: ``(slow, logs) -> slow``, after each step.
    """

    networks: Mapping[Who, nn.Module]
    play: Play
    prior: Prior
    terms: Mapping[Who, Mapping[str, Term]]
    optimizers: Mapping[Who, optax.GradientTransformation]
    updates: tuple[Update, ...] = ALTERNATING
    ema: averaging.Decay = EMA
    weights: Mapping[Who, Weights] = dataclasses.field(default_factory=dict)
    sample: Sample = generate
    conditional: bool = False
    threshold: float | None = 0.0
    range: tuple[float, float] = (-1.0, 1.0)
    slow: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    tune: Callable[[dict[str, Any], Logs], dict[str, Any]] = lambda slow, logs: slow

    def network(
        self, who: Who, params: Params, stats: Any, train: bool = False, rngs: Any = None
    ) -> Network:
        """A player as a function, with the weights that it computes with."""
        if who in self.weights:
            weights = self.weights[who]
            params, state = weights.apply(params, stats[weights.name])
            stats = {**stats, weights.name: state}
        return Network(self.networks[who], params, stats, train, rngs or {})


def groups(updates: tuple[Update, ...]) -> tuple[tuple[Phase, ...], ...]:
    """The updates as groups of phases that move together."""
    return tuple((update,) if isinstance(update, Phase) else tuple(update) for update in updates)


def fresh_batches(updates: tuple[Update, ...]) -> int:
    """Real batches that one step consumes, at least one."""
    phases = (phase for group in groups(updates) for phase in group)
    return max(1, sum(phase.real == "fresh" for phase in phases))


def moves(updates: tuple[Update, ...], who: Who, steps: int) -> int:
    """Updates of player ``who`` in the first ``steps`` steps."""
    phases = (phase for group in groups(updates) for phase in group if phase.player == who)
    return sum(max(0, -(-(steps - phase.first) // phase.every)) for phase in phases)


def init(gan: Gan, key: Key, batch: Batch) -> GanState:
    """The state before the first step; ``batch`` gives the shapes of real data.

    Both players' variables come from playing one round.

    Raises:
      UserError: the generator's samples have another shape than the data. Discriminators that end
        in a mean or a sum would judge them all the same.
    """
    count = len(jax.tree.leaves(batch)[0])
    draw = Draw(named(key, "init"), jnp.arange(count, dtype=jnp.int32))
    # astype: a Python number is weakly typed, and its first step would compile twice.
    strong = {name: jax.tree.map(jnp.asarray, value) for name, value in gan.slow.items()}
    slow = jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), strong)
    networks = {who: Uninitialized(gan.networks[who], named(key, who)) for who in ("g", "d")}
    round = gan.play(networks["g"], networks["d"], batch, draw, slow)
    for fake, real in zip(*map(jax.tree.leaves, (round.fake, round.real)), strict=True):
        if fake.shape[1:] != real.shape[1:]:
            raise UserError(
                f"The generator makes samples of shape {fake.shape[1:]}, the data are of shape "
                f"{real.shape[1:]}; choose other --data, --resolution or --channels."
            )
    players = {}
    for who in ("g", "d"):
        stats = dict(round.stats[who])
        params = stats.pop("params")
        if who in gan.weights:
            weights = gan.weights[who]
            stats[weights.name] = weights.init(named(key, f"weights/{who}"), params)
        players[who] = Player(params, stats, gan.optimizers[who].init(params))
    # Copies, because a donated state must not hold one buffer twice.
    ema = jax.tree.map(jnp.copy, Average(players["g"].params, players["g"].stats))
    return GanState(jnp.zeros((), jnp.int32), named(key, "train"), players, ema, slow)
