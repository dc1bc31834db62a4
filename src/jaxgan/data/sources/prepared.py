"""Data sets that TFDS has prepared: of single images, or of pairs."""

import dataclasses
import functools
import re

from jaxgan.data.source import Source
from jaxgan.data.sources.pairs import aligned, unaligned
from jaxgan.data.sources.tfds import find_builder, image_keys, open_tfds, resolve_data_dir


def open_prepared(
    spec: str,
    split: str,
    data_dir: str | None = None,
    *,
    resolution: int | None = None,
    channels: int | None = None,
) -> Source:
    """A prepared TFDS data set.

    Images that it calls ``source`` and ``target`` are pairs. Where its splits come in two, as those
    of ``cycle_gan/horse2zebra``, ``train`` is unpaired images: the sources of ``trainA``, the
    targets of ``trainB``; so is every other split that is given without its letter.

    Args:
      spec: ``name``, ``name/config``, ``name:version``, as TFDS writes them.
      split: TFDS's split syntax.
      data_dir: TFDS's data folder.
      resolution: see ``decode.fit``; of both images of a pair.
      channels: 1, 3, or None for what the data set has.

    Raises:
      UserError: as ``open_tfds``.
    """
    builder = find_builder(spec, resolve_data_dir(data_dir))
    opened = functools.partial(
        open_tfds, spec, data_dir=data_dir, resolution=resolution, channels=channels
    )
    if {"source", "target"} <= {*image_keys(builder)}:
        return aligned(opened(split, image="source"), opened(split, image="target"), spec)
    splits = builder.info.splits or {}
    names = re.findall(r"(?:^|\+)\s*(\w+)", split)
    if {"trainA", "trainB"} <= {*splits} and not {*names} & {*splits}:
        source, target = (opened(_of_side(split, side)) for side in "AB")
        return dataclasses.replace(unaligned(source, target, spec), split=split)
    return opened(split)


def _of_side(split: str, side: str) -> str:
    """``trainA[:90%]+testA`` of ``train[:90%]+test``."""
    return re.sub(r"((?:^|\+)\s*\w+)", rf"\1{side}", split)
