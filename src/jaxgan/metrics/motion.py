"""Where what is bright in a clip moves, and what one discrete number tells about another."""

import numpy as np

DIRECTIONS = ("right", "left", "down", "up")


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
