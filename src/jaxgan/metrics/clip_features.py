"""Features of clips, through those of their frames.

The network sees frames, one by one. A clip's features are the mean of its frames' and the mean
absolute change from a frame to the next: they tell what changes and how fast, but not in which
order. No distance of them is the FVD of Unterthiner et al. 2018, which needs a network of clips.
"""

import dataclasses

import numpy as np

from jaxgan.metrics.extractors.extractor import Extractor, Output
from jaxgan.metrics.metric import Samples


def of_clips(extractor: Extractor, frames: int) -> Extractor:
    """An extractor of clips of so many frames: the features of all frames, one after another."""

    def apply(variables, clips):
        every = extractor.apply(variables, clips.reshape(-1, *clips.shape[2:])).features
        return Output(every.reshape(len(clips), frames * every.shape[-1]), None)

    return dataclasses.replace(
        extractor,
        name=f"{extractor.name}, each of {frames} frames",
        dimension=frames * extractor.dimension,
        apply=apply,
    )


def frame_features(samples: Samples) -> np.ndarray:
    """The features of every frame, ``[n, t, d]``."""
    return samples.features.reshape(samples.count, samples.shape[0], -1)


def clip_features(frames: np.ndarray) -> np.ndarray:
    """Mean and mean absolute change of features ``[n, t, d]``, float64 ``[n, 2 d]``."""
    frames = frames.astype(np.float64)
    change = np.abs(np.diff(frames, axis=1)).mean(axis=1)
    return np.concatenate([frames.mean(axis=1), change], axis=1)
