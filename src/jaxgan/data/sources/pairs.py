"""Pairs of images, put together of single ones; and pairs that are taken apart."""

import dataclasses

import numpy as np

from jaxgan.data.modality import PAIRS, UNPAIRED, Modality
from jaxgan.data.order import permutation
from jaxgan.data.source import Rows, Source, digest, names_at
from jaxgan.errors import UserError

SEED = 2017
"""Of the permutation of unaligned images."""


def aligned(source: Source, target: Source, name: str | None = None) -> Source:
    """Row ``i`` holds image ``i`` of ``source`` and image ``i`` of ``target``.

    Args:
      source: images, which become ``source``.
      target: as many images, which become ``target``.
      name: of the pairs; by default of both.

    Returns:
      Pairs: rows ``source`` and ``target``, uint8 ``[n, height, width, channels]`` each.

    Raises:
      UserError: the numbers of images differ.
    """
    if source.size != target.size:
        raise UserError(
            f"{source.name} has {source.size} images and {target.name} {target.size}. Pairs need "
            "one of each; give unpaired:DIR_A,DIR_B if they show different things."
        )
    return _together(source, target, None, None, PAIRS, name)


def unaligned(source: Source, target: Source, name: str | None = None) -> Source:
    """Images of two kinds, which a row holds by chance.

    There are as many rows as images of the larger kind. Row ``i`` has the source ``i mod n`` and
    the target ``p(i) mod m``, for a fixed permutation ``p``: all images of the larger kind are in
    one row each, and those of the smaller one in about equally many. That a source meets the same
    target in every epoch is of no consequence, as no loss for unpaired images couples the two.

    Args:
      source: ``n`` images, which become ``source``.
      target: ``m`` images, which become ``target``.
      name: of the rows; by default of both.
    """
    rows = np.arange(max(source.size, target.size))
    shuffled = permutation(SEED, 0, len(rows))
    return _together(source, target, rows % source.size, shuffled % target.size, UNPAIRED, name)


def without_partners(pairs: Source) -> Source:
    """Unpaired images: sources of the first half of the pairs, targets of the second half.

    So no image is there whose true counterpart is there too.

    Raises:
      UserError: there are no two pairs.
    """
    if pairs.size < 2:
        raise UserError(f"{pairs.name} has {pairs.size} pair; unpaired images need two.")
    middle = pairs.size // 2
    return unaligned(
        chosen(pairs, "source", np.arange(middle)),
        chosen(pairs, "target", np.arange(middle, pairs.size)),
        f"unpaired:{pairs.name}",
    )


def swapped(pairs: Source) -> Source:
    """The pairs backward: the target becomes the source, and the source the target."""

    def swap(rows: Rows) -> Rows:
        return {"source": rows["target"], "target": rows["source"]}

    load = pairs.load
    return dataclasses.replace(
        pairs,
        name=f"backward:{pairs.name}",
        shape=pairs.spec["source"].shape,
        read=lambda indices: swap(pairs.read(indices)),
        fingerprint=digest("backward", pairs.fingerprint),
        load=None if load is None else lambda: swap(load()),
    )


def chosen(source: Source, key: str, places: np.ndarray) -> Source:
    """Some images of a source, as one of single images.

    Args:
      source: where they are.
      key: of the rows, e.g. ``image`` or ``target``.
      places: which, int ``[n]``.
    """
    load = source.load
    return Source(
        name=source.name,
        split=source.split,
        size=len(places),
        shape=source.spec[key].shape,
        read=lambda indices: {"image": source.read(places[indices])[key]},
        fingerprint=digest(source.fingerprint, key, places),
        load=None if load is None else lambda: {"image": load()[key][places]},
        preparation=source.preparation,
        names=names_at(source, places),
    )


def _together(
    source: Source,
    target: Source,
    source_places: np.ndarray | None,
    target_places: np.ndarray | None,
    modality: Modality,
    name: str | None,
) -> Source:
    """Rows of two sources' images, at these places of each; None for all in their order."""

    def at(places: np.ndarray | None, indices: np.ndarray) -> np.ndarray:
        return indices if places is None else places[indices]

    def read(indices: np.ndarray) -> Rows:
        return {
            "source": source.read(at(source_places, indices))["image"],
            "target": target.read(at(target_places, indices))["image"],
        }

    def load() -> Rows:
        images, others = source.arrays()["image"], target.arrays()["image"]
        return {
            "source": images if source_places is None else images[source_places],
            "target": others if target_places is None else others[target_places],
        }

    return Source(
        name=name or f"{source.name},{target.name}",
        split=target.split,
        size=target.size if target_places is None else len(target_places),
        shape=target.shape,
        read=read,
        fingerprint=digest(modality.name, source.fingerprint, target.fingerprint),
        dtype=target.dtype,
        load=None if source.load is None or target.load is None else load,
        preparation=target.preparation,
        modality=modality,
        names=target.names if target_places is None else (),
    )
