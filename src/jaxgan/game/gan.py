"""The game: two networks, what each minimizes, and in which order they move.

A ``Gan`` is the static description of one paper. Nothing here knows a paper, a loss or a network
by name.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import flax.linen as nn
import optax

from jaxgan.ema import Decay
from jaxgan.forward.base import Forward
from jaxgan.game.network import Network
from jaxgan.game.terms import Term
from jaxgan.nn.reparametrization import Reparametrization
from jaxgan.types import Params, PlayerName, Seen


@dataclasses.dataclass(frozen=True)
class Phase:
    """One update of one player.

    Attributes:
      player: who moves.
      real: ``fresh`` takes the step's next real batch, ``same`` the one used last, or
        the step's first if none was used yet (the first ``fresh`` phase then takes it too).
      latents: likewise for the latents (and augmentations) of the fake batch.
      terms: names of the terms it minimizes; None for all of the player's.
      every: it happens in every ``every``-th step only, the first of them being ``first``.
      first: below ``every``; where several lazy phases should not fall on one step.
      unroll: updates of the other player that are simulated, on the same batch and latents, before
        this one's loss is taken; gradients flow through them, then they are undone (Metz et al.
        2017, "Unrolled generative adversarial networks", equation 7). So the other's optimizer
        must have a derivative: give Adam an ``eps_root`` such as 1e-16, since its square root's
        is infinite where a gradient is zero, and everything becomes NaN.
      moves_stats: the players that keep the statistics (all of ``Player.stats``) that this phase's
        forward pass leaves; None for ``player`` alone, ``()`` for neither. With ``("d", "g")`` a
        discriminator update also moves the generator's running moments, as in code that leaves the
        generator in training mode while it draws fake samples. They change no gradient, since
        batch normalization in training mode does not read them. A spectrally normalized
        generator's singular vectors move too. With ``unroll``, the other player's statistics
        include those of its simulated updates.
    """

    player: PlayerName
    real: Literal["fresh", "same"] = "fresh"
    latents: Literal["fresh", "same"] = "fresh"
    terms: tuple[str, ...] | None = None
    every: int = 1
    first: int = 0
    unroll: int = 0
    moves_stats: tuple[PlayerName, ...] | None = None


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


@dataclasses.dataclass(frozen=True)
class Gan:
    """The static description of a GAN: a paper.

    Attributes:
      generator: Linen module called with ``train=``; may be a composite of several networks.
      discriminator: likewise.
      forward: how a batch is turned into real and generated samples and their logits.
      terms: what each player minimizes, by name: ``{"g": {...}, "d": {...}}``.
      optimizers: an optax transform for each player.
      updates: what one step does, in order.
      ema: decay of the averaged generator; None for the run's (``--ema``), or outside a run for
        no average. A rule of the paper's own should read ``task.ema``, or ``--ema`` changes
        nothing.
      reparametrize: what is done to a player's parameters before each use, e.g. spectral
        normalization; nothing by default.
      threshold: the logit above which the discriminator calls a sample real, for its logged
        accuracy; None where there is none: energies, Wasserstein critics, differences of pairs.
      range: values of black and white in the samples, which real images are mapped to.
      adaptive: initial adaptive state: arrays that terms read and ``adapt`` moves. A function in
        an array's place gives it, from the players as they begin: ``{"g": Player, "d": Player}``.
      adapt: ``(adaptive, seen) -> adaptive``, after each step.
      frozen: arrays that nothing trains, e.g. a pretrained backbone. Those of ``"g"`` and ``"d"``
        are the collection ``frozen`` of that player's network; terms find all of them, under
        whatever names, in ``Outputs.frozen``. They are arguments of the compiled step, and a run
        records their sha256 only.
      learns_through: sha256 of the weights of pretrained networks whose features a player sees: by
        these, samples may look better than they are, and scores say so.
      parts: into how many parts a device's rows are divided, whose gradients are accumulated; see
        ``jaxgan.game.parts``. A run sets it (``--accumulate``).
      remat: whether derivatives compute again what is inside the networks, to save memory; see
        ``jaxgan.game.remat``. A run sets it (``--remat``).
    """

    generator: nn.Module
    discriminator: nn.Module
    forward: Forward
    terms: Mapping[PlayerName, Mapping[str, Term]]
    optimizers: Mapping[PlayerName, optax.GradientTransformation]
    updates: tuple[Update, ...] = ALTERNATING
    ema: Decay | None = None
    reparametrize: Mapping[PlayerName, Reparametrization] = dataclasses.field(default_factory=dict)
    threshold: float | None = 0.0
    range: tuple[float, float] = (-1.0, 1.0)
    adaptive: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    adapt: Callable[[dict[str, Any], Seen], dict[str, Any]] = lambda adaptive, seen: adaptive
    frozen: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    learns_through: tuple[str, ...] = ()
    parts: int = 1
    remat: bool = False

    def __post_init__(self) -> None:
        for name in ("terms", "optimizers"):
            given = getattr(self, name)
            if not (isinstance(given, Mapping) and {*given} == {"g", "d"}):
                found = ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)
                hint = "; a loss becomes terms by .terms()" if name == "terms" else ""
                raise TypeError(f'Gan: {name} must be a mapping of "g" and "d", not {found}{hint}.')

    @property
    def networks(self) -> Mapping[PlayerName, nn.Module]:
        """Both modules, by player."""
        return {"g": self.generator, "d": self.discriminator}

    def network(
        self, who: PlayerName, params: Params, stats: Any, train: bool = False, rngs: Any = None
    ) -> Network:
        """A player as a function, with the weights that it computes with."""
        if who in self.reparametrize:
            change = self.reparametrize[who]
            params, state = change.apply(params, stats[change.name])
            stats = {**stats, change.name: state}
        return Network(
            *(self.networks[who], params, stats, train, rngs or {}, self.frozen.get(who)),
            remat=self.remat,
        )


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
