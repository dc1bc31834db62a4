"""Clips that are drawn when they are read, each a function of its place alone."""

from collections.abc import Callable, Mapping

import numpy as np

from jaxgan.data.source import Rows, RowSpec, Source, digest
from jaxgan.data.sources.drawn import reader
from jaxgan.data.splits import split_indices
from jaxgan.data.videos import VIDEOS

BLOCK = 64
"""Clips that are drawn at once at most."""


def drawn_clips(
    name: str,
    split: str,
    sizes: Mapping[str, int],
    shape: tuple[int, ...],
    draw: Callable[[str, np.ndarray], Rows],
    recipe: tuple,
    classes: tuple[str, ...] = (),
) -> Source:
    """A source of clips.

    Args:
      name: what the data are called.
      split: TFDS's split syntax.
      sizes: clips of each existing split.
      shape: of one clip, ``(frames, height, width, channels)``.
      draw: ``(existing split, places) -> rows``.
      recipe: all that the clips depend on, which the fingerprint is made of.
      classes: names of the classes.

    Raises:
      UserError: there is no such split.
    """
    parts = split_indices(split, sizes)
    spec = {"image": RowSpec(shape, np.uint8)}
    if classes:
        spec["label"] = RowSpec((), np.int32)
    size, read = reader(parts, spec, draw, BLOCK)
    return Source(
        name=name,
        split=split,
        size=size,
        shape=shape,
        read=read,
        fingerprint=digest(name, *recipe, shape, list(parts)),
        classes=len(classes) or None,
        class_names=classes,
        modality=VIDEOS,
    )
