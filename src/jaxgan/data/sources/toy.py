"""Toy mixtures in the plane: pure functions of a key.

``ring`` and ``grid`` are those of the mode-collapse literature: Lin et al., "PacGAN: The power of
two samples in generative adversarial networks" (NeurIPS 2018), section 4.1, after Srivastava et
al., "VEEGAN" (NeurIPS 2017).
"""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.source import Source, from_arrays
from jaxgan.data.splits import split_places
from jaxgan.errors import UserError

COUNT = 100_000
"""Samples of each split; PacGAN trains on as many, drawn once."""

SEEDS = {"train": 2018, "test": 2019}
"""Each split is drawn with ``jax.random.key(SEEDS[split])`` (threefry)."""


def ring_modes(modes: int = 8, radius: float = 1.0) -> jax.Array:
    """Centres of the ring's Gaussians, ``radius (cos, sin)(2 pi i/modes)``, ``[modes, 2]``."""
    angles = 2 * jnp.pi * jnp.arange(modes, dtype=jnp.float32) / modes
    return radius * jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=-1)


def grid_modes(side: int = 5, spacing: float = 2.0) -> jax.Array:
    """Centres of the grid's Gaussians, float32 ``[side * side, 2]``, centred on the origin."""
    places = spacing * (jnp.arange(side, dtype=jnp.float32) - (side - 1) / 2)
    return jnp.stack(jnp.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)


RING_STD, GRID_STD = 0.01, 0.05
"""Standard deviations (not variances) of PacGAN's mixtures."""

MIXTURES: Mapping[str, tuple[Callable[[], jax.Array], float]] = {
    "ring": (ring_modes, RING_STD),
    "grid": (grid_modes, GRID_STD),
}
"""Centres and standard deviation of the toy data that have modes."""


def mixture(key: jax.Array, count: int, centres: jax.Array, std: float):
    """Draws from an equal mixture of round Gaussians.

    Args:
      key: a scalar typed key.
      count: number of points.
      centres: float32 ``[modes, 2]``.
      std: standard deviation of each coordinate.

    Returns:
      Points, float32 ``[count, 2]``, and the modes they came from, int32 ``[count]``.
    """
    which, noise = jax.random.split(key)
    modes = jax.random.randint(which, (count,), 0, len(centres), jnp.int32)
    return centres[modes] + std * jax.random.normal(noise, (count, 2), jnp.float32), modes


def ring(
    key: jax.Array, count: int, modes: int = 8, radius: float = 1.0, std: float = RING_STD
) -> jax.Array:
    """Gaussians on a circle, float32 ``[count, 2]``; PacGAN's 2D-ring by default."""
    return mixture(key, count, ring_modes(modes, radius), std)[0]


def grid(
    key: jax.Array, count: int, side: int = 5, spacing: float = 2.0, std: float = GRID_STD
) -> jax.Array:
    """Gaussians on a square grid, float32 ``[count, 2]``; PacGAN's 2D-grid by default."""
    return mixture(key, count, grid_modes(side, spacing), std)[0]


def swiss_roll(
    key: jax.Array, count: int, turns: float = 1.5, radius: float = 2.0, std: float = 0.05
) -> jax.Array:
    """A spiral with noise, float32 ``[count, 2]``.

    ``t`` is uniform in [1, 1 + 2 turns] and a point is ``radius t/(1 + 2 turns) (cos, sin)(pi t)``
    plus normal noise: scikit-learn's swiss roll seen from above at the default ``turns``, scaled
    to ``radius``.
    """
    where, noise = jax.random.split(key)
    most = 1 + 2 * turns
    t = jax.random.uniform(where, (count,), jnp.float32, 1.0, most)
    spiral = jnp.stack([jnp.cos(jnp.pi * t), jnp.sin(jnp.pi * t)], axis=-1)
    return radius * (t / most)[:, None] * spiral + std * jax.random.normal(noise, (count, 2))


def labelled_ring(key: jax.Array, count: int):
    """``ring`` with the index of each point's mode."""
    return mixture(key, count, ring_modes(), RING_STD)


def labelled_grid(key: jax.Array, count: int):
    """``grid`` with the index of each point's mode."""
    return mixture(key, count, grid_modes(), GRID_STD)


def unlabelled_roll(key: jax.Array, count: int):
    """``swiss_roll``, and None for the labels it does not have."""
    return swiss_roll(key, count), None


def as_source(name: str, draw: Callable, classes: int | None, *, split: str = "train") -> Source:
    """A toy as a fixed data set of ``COUNT`` points per split.

    Args:
      name: what it is called.
      draw: points and labels (or None) of a key and a count.
      classes: number of modes; None without labels.
      split: ``train``, ``test``, or a part of them.

    Raises:
      UserError: there is no such split.
    """
    if split.split("[")[0].split("+")[0].strip() not in SEEDS:
        raise UserError(f"{name} has no split {split}. Choose train or test.")
    points, labels = [], []
    for part, places in split_places(split, dict.fromkeys(SEEDS, COUNT)):
        # On the CPU whatever the accelerator is: its sines may differ in the last bit, and the
        # fingerprint is of the values.
        with jax.default_device(jax.local_devices(backend="cpu")[0]):
            drawn, modes = draw(jax.random.key(SEEDS[part], impl="threefry2x32"), COUNT)
        points.append(np.asarray(drawn)[places])
        labels.append(np.asarray(modes)[places] if modes is not None else None)
    rows = {"image": np.concatenate(points)}
    if classes is not None:
        rows["label"] = np.concatenate(labels).astype(np.int32)
    return from_arrays(name, split, rows, classes=classes)
