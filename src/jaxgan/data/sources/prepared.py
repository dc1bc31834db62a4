"""Data sets that TFDS has prepared: of single images, of pairs, of sounds, or of text."""

import dataclasses
import functools
import re

from jaxgan.data.source import Source, refuse_picture_flags
from jaxgan.data.sources.pairs import aligned, unaligned
from jaxgan.data.sources.tfds import (
    find_builder,
    image_keys,
    named_with,
    open_tfds,
    resolve_data_dir,
)
from jaxgan.data.sources.tfds_sounds import open_tfds_sounds
from jaxgan.data.sources.tfds_text import open_tfds_text


def open_prepared(
    spec: str,
    split: str,
    data_dir: str | None = None,
    *,
    resolution: int | None = None,
    channels: int | None = None,
) -> Source:
    """A prepared TFDS data set.

    Where samples have a ``sound``, ``name:4096`` keeps the first 4096 samples of each; where they
    have a ``sentence``, ``name:1000`` keeps those of the 1000 most frequent words.

    Images that it calls ``source`` and ``target`` are pairs. Where its splits come in two, as those
    of ``cycle_gan/horse2zebra``, ``train`` is unpaired images: the sources of ``trainA``, the
    targets of ``trainB``; so is every other split that is given without its letter.

    Args:
      spec: ``name``, ``name/config``, ``name:version``, as TFDS writes them; of sounds, ``name`` or
        ``name:SAMPLES``; of text, ``name`` or ``name:WORDS``.
      split: TFDS's split syntax.
      data_dir: TFDS's data folder.
      resolution: see ``decode.fit``; of both images of a pair.
      channels: 1, 3, or None for what the data set has.

    Raises:
      UserError: as ``open_tfds``.
    """
    if (found := named_with({"sound", "rate"}, spec, data_dir)) is not None:
        refuse_picture_flags(spec, "sounds", resolution, channels)
        return open_tfds_sounds(*found, split, data_dir)
    if (found := named_with({"sentence", "kind"}, spec, data_dir)) is not None:
        refuse_picture_flags(spec, "sentences", resolution, channels)
        return open_tfds_text(*found, split, data_dir)
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
