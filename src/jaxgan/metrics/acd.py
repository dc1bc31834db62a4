"""Average content distance: how much the color of what moves changes within a clip.

Tulyakov et al. 2018 (MoCoGAN, section 5): the mean distance between the colors of the shape in any
two frames of a clip. The color of a frame is the mean of its pixels' colors, weighted by their
brightness, so that a black background weighs nothing; a shape of one color gives that color,
however many pixels it has. It is 0 for real clips of ``shape_motion``.
"""

import numpy as np

from jaxgan.metrics.mean import summary
from jaxgan.metrics.metric import VIDEOS, Comparison, Found, Metric

BLOCK = 64
"""Clips that are compared at once."""


def colors(clips: np.ndarray) -> np.ndarray:
    """The color of every frame, uint8 ``[n, t, h, w, c] -> float64 [n, t, c]``, 0 to 255.

    A black frame has the color 0. Sums are whole numbers, so that equal frames, in whatever place
    their pixels are, have equal colors.
    """
    values = clips.astype(np.int64)
    brightness = values.max(axis=-1, keepdims=True)
    weighted = (values * brightness).sum(axis=(2, 3)).astype(np.float64)
    return weighted / np.maximum(brightness.sum(axis=(2, 3)), 1)


def content_distance(clips: np.ndarray) -> np.ndarray:
    """The mean distance between the colors of two frames of each clip, float64 ``[n]``, 0 to 255.

    Args:
      clips: uint8 ``[n, t, h, w, c]``.
    """
    found = colors(clips)
    apart = np.linalg.norm(found[:, :, None] - found[:, None], axis=-1)
    frames = found.shape[1]
    return apart.sum(axis=(1, 2)) / (frames * (frames - 1))


def _compute(comparison: Comparison) -> Found:
    clips = comparison.generated.array()
    parts = [content_distance(clips[at : at + BLOCK]) for at in range(0, len(clips), BLOCK)]
    return summary(np.concatenate(parts)), {}


METRIC = Metric(
    name="acd",
    about="average content distance: change of color within a clip, 0 to 255",
    compute=_compute,
    values={"mean": "lower", "standard_error": ""},
    title=lambda distance: "ACD",
    network="",
    modalities=frozenset({VIDEOS}),
    against="",
    keeps="samples",
)
