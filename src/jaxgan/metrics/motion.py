"""Whether the category of a clip can be read from the way that its shape moves.

Where a generator draws a clip from a code among others (MoCoGAN's category of motion), the code is
drawn here, the clip is made, and the direction of the shape's way is read from it: right, left,
down or up. The information that the direction tells about the code, in nats, is 0 if they have
nothing to do with each other, and ``log 2`` if two equally frequent codes move in two directions.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import VIDEOS, Comparison, Found, Metric

DIRECTIONS = ("right", "left", "down", "up")

COUNT, AT_ONCE = 1024, 64
"""Clips that are drawn, and how many at a time."""


def centers(clips: np.ndarray) -> np.ndarray:
    """The center of brightness in every frame, ``[n, t, h, w, c] -> float64 [n, t, 2]``.

    Across and down, in pixels; of a black frame NaN.
    """
    weight = clips.astype(np.float64).max(axis=-1)
    total = weight.sum(axis=(2, 3))
    height, width = weight.shape[2:]
    with np.errstate(invalid="ignore", divide="ignore"):
        across = (weight.sum(axis=2) * np.arange(width)).sum(axis=-1) / total
        down = (weight.sum(axis=3) * np.arange(height)).sum(axis=-1) / total
    return np.stack([across, down], axis=-1)


def directions(clips: np.ndarray) -> np.ndarray:
    """Where the shape of each clip goes from the first frame to the last, int ``[n]``.

    The place in ``DIRECTIONS`` of the longer component; -1 where a frame is black.
    """
    found = centers(clips)
    way = found[:, -1] - found[:, 0]
    axis = np.abs(np.nan_to_num(way)).argmax(axis=1)
    backward = np.take_along_axis(way, axis[:, None], axis=1)[:, 0] < 0
    return np.where(np.isnan(way).any(axis=1), -1, 2 * axis + backward)


def information(first: np.ndarray, second: np.ndarray) -> float:
    """The mutual information of two discrete samples, integers ``[n]``, in nats."""
    _, one = np.unique(first, return_inverse=True)
    _, other = np.unique(second, return_inverse=True)
    joint = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(joint, (one, other), 1 / len(one))
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return max(float((joint[seen] * np.log(joint[seen] / independent[seen])).sum()), 0.0)


def category(first: int, count: int) -> Metric:
    """The metric of a generator whose latents hold a one-hot code.

    Args:
      first: the place of the code in a latent.
      count: of categories.
    """

    def compute(comparison: Comparison) -> Found:
        generator = comparison.generated.generator
        if generator is None:
            raise UserError("category reads the codes of latents; name a run folder.")
        latents = generator.latents(jax.random.key(generator.seed), COUNT)
        parts = [
            np.asarray(generator.images(part, {})) for part in jnp.split(latents, COUNT // AT_ONCE)
        ]
        clips = np.clip(np.rint(np.concatenate(parts)), 0, 255)
        codes, found = (
            np.asarray(latents)[:, first : first + count].argmax(axis=1),
            directions(clips),
        )
        names = (*DIRECTIONS, "nowhere")
        table = {
            str(code): {
                name: int((found[codes == code] == n).sum()) for n, name in _numbered(names)
            }
            for code in range(count)
        }
        return {"information": information(codes, found)}, {"directions": table}

    return Metric(
        name="category",
        about="what the direction of motion tells about the clip's category, in nats",
        compute=compute,
        values={"information": "higher"},
        title=lambda distance: "category, nats",
        network="",
        modalities=frozenset({VIDEOS}),
        parameters=lambda comparison: {"clips": COUNT, "categories": count},
        real_score="",
        against="",
        keeps="",
        walks=True,
    )


def _numbered(names: tuple[str, ...]) -> list[tuple[int, str]]:
    """The names with the numbers that ``directions`` gives; the last is -1."""
    return [*enumerate(names[:-1]), (-1, names[-1])]
