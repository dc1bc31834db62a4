"""Shape motion: a colored circle or square crosses a black frame on a random Bezier curve.

The synthetic data of MoCoGAN (Tulyakov et al. 2018, section 5), drawn by a recipe that was measured
from the clips that the authors released (github.com/sergeytulyakov/mocogan, data/shapes): 32
frames of 64 pixels; one shape of one color in each clip, which crosses the frame upward or to the
left, and on the other axis ends where it began. The inner three of the five control points of its
path are uniform in the frame.
"""

import math

import numpy as np

from jaxgan.data.source import Rows, Source
from jaxgan.data.sources.drawn_clips import drawn_clips
from jaxgan.data.splitmix import uniform
from jaxgan.errors import UserError

FRAMES = 32
"""Frames of a clip; ``shape_motion:16`` keeps every second."""

SIDE = 64
"""Pixels of the authors' frames; other resolutions are drawn to scale, not resized."""

SIZES = (8, 10, 12, 14)
"""Diameters of circles and sides of squares, in frames of ``SIDE`` pixels."""

CLASSES = ("up", "left")

COUNTS = {"train": 8000, "test": 2000}
"""Clips; the authors released 8,000."""

SEEDS = {"train": 2018, "test": 2019}


def open_shape_motion(words: str, split: str, resolution: int | None = None) -> Source:
    """Shape motion, uint8 ``[frames, resolution, resolution, 3]``, with the direction as label.

    Args:
      words: what follows ``shape_motion:``, the number of frames; empty for 32.
      split: ``train``, ``test``, or a part of them.
      resolution: a multiple of 16; 64 if None.

    Raises:
      UserError: there is no such split, number of frames or resolution.
    """
    frames = _frames(words)
    side = resolution or SIDE
    if side % 16 or side > 256:
        raise UserError(f"--resolution {side}: shape_motion has 16, 32, 48, 64, ... pixels to 256.")

    def draw(part: str, places: np.ndarray) -> Rows:
        clips, label = shape_clips(places, SEEDS[part], side, FRAMES // frames)
        return {"image": clips, "label": label}

    return drawn_clips(
        "shape_motion" if frames == FRAMES else f"shape_motion:{frames}",
        split,
        COUNTS,
        (frames, side, side, 3),
        draw,
        (1, SEEDS),
        CLASSES,
    )


def _frames(words: str) -> int:
    """How many frames ``shape_motion:WORDS`` asks for, a divisor of all.

    Raises:
      UserError: it is none.
    """
    if not words:
        return FRAMES
    fitting = [str(n) for n in range(2, FRAMES + 1) if FRAMES % n == 0]
    if words not in fitting:
        raise UserError(
            f"shape_motion:{words}: give a number of frames, one of {', '.join(fitting)}."
        )
    return int(words)


def shape_clips(
    places: np.ndarray, seed: int, side: int = SIDE, every: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The clips of these places, uint8 ``[n, 32 / every, side, side, 3]``, and their classes.

    Args:
      places: integers ``[n]``.
      seed: of the data set.
      side: pixels.
      every: frames from one that is kept to the next.
    """
    x = uniform(places, 14, seed)
    label = (2 * x[:, 0]).astype(np.int32)
    is_square = x[:, 1] < 0.5
    sizes = np.array([size * side // SIDE for size in SIZES])[(len(SIZES) * x[:, 2]).astype(int)]
    colors = (256 * x[:, 3:6]).astype(np.uint8)
    paths = _paths(label, sizes / 2, x[:, 6], x[:, 7:13].reshape(-1, 3, 2), side)[:, ::every]
    # The whole pixel that a shape begins at: it has the same pixels in every frame.
    corners = np.rint(paths - sizes[:, None, None] / 2)
    grid = np.arange(side)
    across = grid - corners[..., 0, None]
    down = grid - corners[..., 1, None]
    size = sizes[:, None, None, None]
    inside = ((across >= 0) & (across < size[..., 0]))[:, :, None, :]
    inside = inside & ((down >= 0) & (down < size[..., 0]))[..., None]
    middle = (size - 1) / 2
    distance = (across[:, :, None, :] - middle) ** 2 + (down[..., None] - middle) ** 2
    shape = np.where(is_square[:, None, None, None], inside, distance <= (size / 2) ** 2)
    return shape[..., None] * colors[:, None, None, None, :], label


def _paths(
    label: np.ndarray, radius: np.ndarray, start: np.ndarray, inner: np.ndarray, side: int
) -> np.ndarray:
    """Centers in every frame, across and down, ``[n, FRAMES, 2]``."""
    near, far = radius, side - 3 * side / SIDE - radius
    span = (far - near)[:, None]
    points = np.empty((len(label), 5, 2))
    points[:, 1:4] = near[:, None, None] + span[..., None] * inner
    along = np.where(label == CLASSES.index("left"), 0, 1)
    rows, beside = np.arange(len(label)), near + span[:, 0] * start
    for end, place in ((0, far), (4, near)):
        points[rows, end, along] = place
        points[rows, end, 1 - along] = beside
    t = np.linspace(0, 1, FRAMES)[:, None]
    weights = [math.comb(4, k) * t**k * (1 - t) ** (4 - k) for k in range(5)]
    return np.einsum("fk,nkd->nfd", np.hstack(weights), points)
