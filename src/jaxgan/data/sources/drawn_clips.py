"""Clips that are drawn when they are read, each a function of its place alone."""

from collections.abc import Callable, Mapping

import numpy as np

from jaxgan.data.source import Rows, Source, digest
from jaxgan.data.splits import split_indices
from jaxgan.data.videos import VIDEOS
from jaxgan.errors import UserError

BLOCK = 64
"""Clips that are drawn at once."""


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
    part_of = np.concatenate([np.full(len(places), n) for n, (_, places) in enumerate(parts)])
    place_of = np.concatenate([places for _, places in parts])

    def read(indices: np.ndarray) -> Rows:
        rows: Rows = {"image": np.empty((len(indices), *shape), np.uint8)}
        if classes:
            rows["label"] = np.empty(len(indices), np.int32)
        for number, (part, _) in enumerate(parts):
            mine = np.flatnonzero(part_of[indices] == number)
            for at in range(0, len(mine), BLOCK):
                chosen = mine[at : at + BLOCK]
                for key, value in draw(part, place_of[indices[chosen]]).items():
                    rows[key][chosen] = value
        return rows

    return Source(
        name=name,
        split=split,
        size=len(place_of),
        shape=shape,
        read=read,
        fingerprint=digest(name, *recipe, shape, [(part, list(map(int, p))) for part, p in parts]),
        classes=len(classes) or None,
        class_names=classes,
        modality=VIDEOS,
    )


def fewer_frames(name: str, words: str, most: int) -> int:
    """How many frames ``NAME:WORDS`` asks for; ``most`` if it says nothing.

    Raises:
      UserError: not a divisor of ``most``.
    """
    if not words:
        return most
    if not words.isdecimal() or not 2 <= int(words) <= most or most % int(words):
        fitting = ", ".join(str(n) for n in range(2, most + 1) if most % n == 0)
        raise UserError(f"{name}:{words}: give a number of frames, one of {fitting}.")
    return int(words)
