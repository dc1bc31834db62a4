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
    groups,
    moves,
)
from jaxgan.game.network import Network, Uninitialized
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
    "Uninitialized",
    "Update",
    "fresh_batches",
    "groups",
    "init",
    "moves",
]
