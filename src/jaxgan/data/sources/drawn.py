"""Samples that are made when they are read, each a function of its place in an existing split."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from jaxgan.data.source import Rows, RowSpec

BLOCK = 1024
"""Samples that are made at once at most."""


def reader(
    parts: Sequence[tuple[str, np.ndarray]],
    spec: Mapping[str, RowSpec],
    draw: Callable[[str, np.ndarray], Rows],
    block: int = BLOCK,
) -> tuple[int, Callable[[np.ndarray], Rows]]:
    """How many samples a split has, and ``Source.read`` of it.

    Args:
      parts: existing splits and places in them, as ``split_indices`` gives them.
      spec: shape and dtype of each entry of a row.
      draw: ``(existing split, places) -> rows``.
      block: samples that ``draw`` makes at once at most.
    """
    part_of = np.concatenate([np.full(len(places), n) for n, (_, places) in enumerate(parts)])
    place_of = np.concatenate([places for _, places in parts])

    def read(indices: np.ndarray) -> Rows:
        rows = {key: np.empty((len(indices), *one.shape), one.dtype) for key, one in spec.items()}
        for number, (part, _) in enumerate(parts):
            mine = np.flatnonzero(part_of[indices] == number)
            for at in range(0, len(mine), block):
                chosen = mine[at : at + block]
                for key, values in draw(part, place_of[indices[chosen]]).items():
                    rows[key][chosen] = values
        return rows

    return len(place_of), read
