"""Toy mixtures in the plane: pure functions of a key.

``ring`` and ``grid`` are those of the mode-collapse literature: Lin et al., "PacGAN: The power of
two samples in generative adversarial networks" (NeurIPS 2018), section 4.1, after Srivastava et
al., "VEEGAN" (NeurIPS 2017).
"""

import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.source import Mixture, Rows, Source, from_arrays
from jaxgan.data.splits import split_indices
from jaxgan.errors import NoSplitError, UserError

COUNT = 100_000
"""Samples of each split; PacGAN trains on as many, drawn once."""

SEEDS = {"train": 2018, "test": 2019}
"""Each split is drawn with ``jax.random.key(SEEDS[split])`` (threefry)."""


def ring_modes(modes: int = 8, radius: float = 1.0) -> np.ndarray:
    """Centers of the ring's Gaussians, ``radius (cos, sin)(2 pi i/modes)``, ``[modes, 2]``."""
    # The angles in float32, their sines rounded from float64: the same bits on every machine.
    angles = np.float32(2 * np.pi) * np.arange(modes, dtype=np.float32) / np.float32(modes)
    circle = np.stack([np.cos(np.float64(angles)), np.sin(np.float64(angles))], axis=-1)
    return np.float32(radius) * circle.astype(np.float32)


def grid_modes(side: int = 5, spacing: float = 2.0) -> np.ndarray:
    """Centers of the grid's Gaussians, float32 ``[side * side, 2]``, centered on the origin."""
    ticks = (spacing * (np.arange(side) - (side - 1) / 2)).astype(np.float32)
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)


RING_STD, GRID_STD = 0.01, 0.05
"""Standard deviations (not variances) of PacGAN's mixtures."""


def mixture(key: jax.Array, count: int, centers: np.ndarray, std: float):
    """Draws from an equal mixture of round Gaussians.

    Args:
      key: a scalar typed key.
      count: number of points.
      centers: float32 ``[modes, 2]``.
      std: standard deviation of each coordinate.

    Returns:
      Points, float32 ``[count, 2]``, and the modes they came from, int32 ``[count]``.
    """
    which, noise = jax.random.split(key)
    modes = jax.random.randint(which, (count,), 0, len(centers), jnp.int32)
    points = jnp.asarray(centers)[modes] + std * jax.random.normal(noise, (count, 2), jnp.float32)
    return points, modes


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


def labeled_ring(key: jax.Array, count: int):
    """``ring``, and the index of each point's mode."""
    return mixture(key, count, ring_modes(), RING_STD)


def labeled_grid(key: jax.Array, count: int):
    """``grid``, and the index of each point's mode."""
    return mixture(key, count, grid_modes(), GRID_STD)


def unlabeled_roll(key: jax.Array, count: int):
    """``swiss_roll``, and None for the labels it does not have."""
    return swiss_roll(key, count), None


@dataclasses.dataclass(frozen=True)
class Toy:
    """A distribution in the plane.

    Attributes:
      draw: ``(key, count) -> (points [count, 2], modes [count] or None)``.
      mixture: its modes, if it has any.
    """

    draw: Callable
    mixture: Mixture | None = None


TOYS: Mapping[str, Toy] = {
    "ring": Toy(labeled_ring, Mixture(ring_modes(), RING_STD)),
    "grid": Toy(labeled_grid, Mixture(grid_modes(), GRID_STD)),
    "swiss_roll": Toy(unlabeled_roll),
}
"""The toys by the names that ``--data`` takes."""


def open_toy(name: str, split: str = "train") -> Source:
    """A toy as a fixed data set of ``COUNT`` points per split.

    Args:
      name: one of ``TOYS``.
      split: ``train``, ``test``, or a part of them.

    Raises:
      UserError: there is no such split.
    """
    if split.split("[")[0].split("+")[0].strip() not in SEEDS:
        raise NoSplitError(f"{name} has no split {split}. Choose train or test.")
    parts = split_indices(split, dict.fromkeys(SEEDS, COUNT))
    drawn = {part: points_of(name, part) for part, _ in parts}
    keys = drawn[parts[0][0]]
    rows = {key: np.concatenate([drawn[part][key][at] for part, at in parts]) for key in keys}
    known = TOYS[name].mixture
    classes = len(known.centers) if known is not None else None
    return from_arrays(name, split, rows, classes=classes, mixture=known)


def points_of(name: str, split: str) -> Rows:
    """All points of a whole split, the same bits whatever the accelerator is.

    They are drawn on the CPU: the sines and logarithms of an accelerator may differ in the last
    bit, and a run that is resumed compares the hash of the points. Where JAX was started without
    its CPU backend (``JAX_PLATFORMS=cuda``), another Python process draws them, in about 3 seconds.
    """
    try:
        cpu = jax.local_devices(backend="cpu")[0]
    except RuntimeError:  # JAX knows no backend of that name
        return _drawn_by_another_process(name, split)
    with jax.default_device(cpu):
        key = jax.random.key(SEEDS[split], impl="threefry2x32")
        points, modes = TOYS[name].draw(key, COUNT)
    rows = {"image": np.asarray(points)}
    return rows if modes is None else rows | {"label": np.asarray(modes).astype(np.int32)}


def _drawn_by_another_process(name: str, split: str) -> Rows:
    program = (
        "import sys, numpy; from jaxgan.data.sources.toy import points_of; "
        "numpy.savez(sys.argv[3], **points_of(*sys.argv[1:3]))"
    )
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": os.pathsep.join(sys.path)}
    with tempfile.TemporaryDirectory(prefix="jaxgan-toy-") as folder:
        file = Path(folder, "points.npz")
        done = subprocess.run(
            [sys.executable, "-c", program, name, split, str(file)],
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UserError(
                f"The points of {name} are drawn on the CPU, which failed ({last}). "
                "Add cpu to JAX's platforms, e.g. JAX_PLATFORMS=cuda,cpu."
            )
        with np.load(file) as rows:
            return dict(rows)
