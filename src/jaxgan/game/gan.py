"""The game: two networks, what each minimizes, and in which order they move.

A ``Gan`` is the static description of one paper. Nothing here knows a paper, a loss or a network
by name.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import flax.linen as nn
import optax

from jaxgan.ema import Decay, constant
from jaxgan.forward.base import Play, Prior, Sample
from jaxgan.game.network import Network, Reparametrization
from jaxgan.game.terms import Term
from jaxgan.types import Image, Label, Latent, Logs, Params, PlayerName


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
    """

    player: PlayerName
    real: Literal["fresh", "same"] = "fresh"
    latents: Literal["fresh", "same"] = "fresh"
    terms: tuple[str, ...] | None = None
    every: int = 1
    first: int = 0
    unroll: int = 0


D = Phase("d")
"""A discriminator update on fresh data and fresh latents."""

G = Phase("g", real="same")
"""A generator update on fresh latents; terms that look at real data see the last batch."""

Update: TypeAlias = "Phase | tuple[Phase, ...]"
"""A phase, or phases that move simultaneously: every gradient is taken before any moves."""

ALTERNATING: tuple[Update, ...] = (D, G)
"""One discriminator update, then one generator update against the moved discriminator."""

SIMULTANEOUS: tuple[Update, ...] = ((D, Phase("g", real="same", latents="same")),)
"""Both gradients at the same point, on the same samples."""


EMA = constant(0.999)
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
      reparametrize: what is done to a player's parameters before each use; nothing by default.
      sample: how samples are drawn from latents and labels.
      conditional: whether samples depend on labels.
      threshold: the logit above which the discriminator calls a sample real, for its logged
        accuracy; None where there is none: energies, Wasserstein critics, differences of pairs.
      range: values of black and white in the samples, which real images are mapped to.
      slow: initial slow state.
      tune: ``(slow, logs) -> slow``, after each step.
    """

    networks: Mapping[PlayerName, nn.Module]
    play: Play
    prior: Prior
    terms: Mapping[PlayerName, Mapping[str, Term]]
    optimizers: Mapping[PlayerName, optax.GradientTransformation]
    updates: tuple[Update, ...] = ALTERNATING
    ema: Decay = EMA
    reparametrize: Mapping[PlayerName, Reparametrization] = dataclasses.field(default_factory=dict)
    sample: Sample = generate
    conditional: bool = False
    threshold: float | None = 0.0
    range: tuple[float, float] = (-1.0, 1.0)
    adaptive: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    adapt: Callable[[dict[str, Any], Logs], dict[str, Any]] = lambda adaptive, logs: adaptive

    def network(
        self, who: PlayerName, params: Params, stats: Any, train: bool = False, rngs: Any = None
    ) -> Network:
        """A player as a function, with the weights that it computes with."""
        if who in self.reparametrize:
            weights = self.reparametrize[who]
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


def moves(updates: tuple[Update, ...], who: PlayerName, steps: int) -> int:
    """Updates of player ``who`` in the first ``steps`` steps."""
    phases = (phase for group in groups(updates) for phase in group if phase.player == who)
    return sum(max(0, -(-(steps - phase.first) // phase.every)) for phase in phases)
