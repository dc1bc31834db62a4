"""Random masks of what is to be completed: brush strokes and a box.

Free-form masks after Yu et al. 2019, "Free-form image inpainting with gated convolution"
(DeepFill v2), and the authors' code, github.com/JiahuiYu/generative_inpainting, inpaint_ops.py,
whose numbers for 256 pixels are taken as shares of the side. Simplified so that a compiled step can
draw one for each row: a stroke is kept inside the image after it was drawn and not at each of its
corners, and it zigzags in any direction, not only to the right.
"""

import math

import jax
import jax.numpy as jnp

from jaxgan.rng import key_of_bits
from jaxgan.types import Array, Key, Latent

STROKES = 3
"""At most; at least one."""

SEGMENTS = (4, 11)
"""Fewest and most of one stroke."""

WIDTHS = (12 / 256, 40 / 256)
"""Thinnest and thickest stroke, as shares of the side."""

ANGLE, SPREAD = 2 * math.pi / 5, 2 * math.pi / 15
"""Of a stroke's turns, to the left and to the right in turn: the mean and how far from it."""

BOX = (3 / 8, 1 / 2)
"""Smallest and largest side of the box, as shares of the image's."""


def free_form_masks(latents: Latent, height: int, width: int) -> Array:
    """A mask for each latent, of whose bits it is drawn, bool ``[b, height, width, 1]``.

    True where the image is to be completed.
    """

    def one(latent):
        strokes, box = jax.random.split(key_of_bits(latent))
        return (_strokes(strokes, height, width) | _box(box, height, width))[..., None]

    return jax.vmap(one)(latents)


def _centers(height: int, width: int) -> Array:
    """Places of the pixels' centers, float32 ``[height, width, 2]``."""
    rows, columns = jnp.arange(height) + 0.5, jnp.arange(width) + 0.5
    return jnp.stack(jnp.meshgrid(rows, columns, indexing="ij"), axis=-1)


def _strokes(key: Key, height: int, width: int) -> Array:
    """One to ``STROKES`` zigzag lines with round corners, bool ``[height, width]``."""
    names = ("count", "start", "heading", "turn", "length", "segments", "width")
    keys = dict(zip(names, jax.random.split(key, len(names)), strict=True))
    size, most = jnp.array([height, width], jnp.float32), SEGMENTS[1]

    def uniform(name, shape, low, high):
        return jax.random.uniform(keys[name], shape, minval=low, maxval=high)

    reach = math.hypot(height, width) / 8
    lengths = reach * (1 + jax.random.normal(keys["length"], (STROKES, most)) / 2)
    turns = uniform("turn", (STROKES, most), ANGLE - SPREAD, ANGLE + SPREAD)
    sides = jnp.where(jnp.arange(most) % 2, 1.0, -1.0)
    angles = uniform("heading", (STROKES, 1), 0.0, 2 * math.pi) + sides * turns
    moves = jnp.clip(lengths, 0, 2 * reach)[..., None] * jnp.stack(
        [jnp.sin(angles), jnp.cos(angles)], axis=-1
    )
    start = uniform("start", (STROKES, 1, 2), 0.0, 1.0) * size
    corners = start + jnp.cumsum(jnp.pad(moves, ((0, 0), (1, 0), (0, 0))), axis=1)
    corners = jnp.clip(corners, 0.0, size)
    counts = jax.random.randint(keys["segments"], (STROKES, 1), SEGMENTS[0], most + 1)
    count = jax.random.randint(keys["count"], (), 1, STROKES + 1)
    drawn = (jnp.arange(most) < counts) & (jnp.arange(STROKES)[:, None] < count)
    radius = uniform("width", (STROKES, 1), *WIDTHS) * max(height, width) / 2
    distance = distance_to_segments(
        _centers(height, width)[..., None, None, :], corners[:, :-1], corners[:, 1:]
    )
    return jnp.any((distance <= radius) & drawn, axis=(-2, -1))


def distance_to_segments(points: Array, first: Array, second: Array) -> Array:
    """Euclidean distances of points to the segments between two ends, ``[..., 2] -> [...]``."""
    along, beside = second - first, points - first
    share = jnp.sum(beside * along, -1) / jnp.maximum(jnp.sum(along * along, -1), 1e-12)
    nearest = jnp.clip(share, 0.0, 1.0)[..., None] * along
    return jnp.linalg.norm(beside - nearest, axis=-1)


def _box(key: Key, height: int, width: int) -> Array:
    """A box of whole pixels inside the image, bool ``[height, width]``."""
    size_key, place_key = jax.random.split(key)
    size = jnp.array([height, width], jnp.float32)
    sides = jnp.round(size * jax.random.uniform(size_key, (2,), minval=BOX[0], maxval=BOX[1]))
    low = jnp.floor(jax.random.uniform(place_key, (2,)) * (size - sides + 1))
    places = _centers(height, width)
    return jnp.all((places > low) & (places < low + sides), axis=-1)
