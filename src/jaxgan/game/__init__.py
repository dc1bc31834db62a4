"""The game: two networks, what each minimizes, in which order they move, and one step of it."""

from jaxgan.game.gan import (
    ALTERNATING,
    SIMULTANEOUS,
    D,
    G,
    Gan,
    Phase,
    Update,
    fresh_batches,
    generate,
    groups,
    moves,
)
from jaxgan.game.network import Network, Reparametrization, Uninitialized
from jaxgan.game.state import Average, GanState, Player, init

__all__ = [
    "ALTERNATING",
    "SIMULTANEOUS",
    "Average",
    "D",
    "G",
    "Gan",
    "GanState",
    "Network",
    "Phase",
    "Player",
    "Reparametrization",
    "Uninitialized",
    "Update",
    "fresh_batches",
    "generate",
    "groups",
    "init",
    "moves",
]
