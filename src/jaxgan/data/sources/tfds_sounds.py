"""TFDS data sets of sound: those whose samples have a ``sound`` and its ``rate``."""

import re
from typing import Any

import numpy as np

from jaxgan.data.sounds import sounds
from jaxgan.data.source import Source
from jaxgan.data.sources.tfds import (
    find_builder,
    label_of,
    prepared_builder,
    resolve_data_dir,
    source_of,
    stored_rows,
)
from jaxgan.errors import UserError


def named_sounds(spec: str, data_dir: str | None) -> tuple[str, int | None] | None:
    """The data set of ``NAME`` or ``NAME:SAMPLES``, and how many samples; None if it has no sounds.

    Raises:
      UserError: there is no such data set.
    """
    found = re.fullmatch(r"(.+):(\d+)", spec)
    name, samples = (found[1], int(found[2])) if found else (spec, None)
    features = find_builder(name, resolve_data_dir(data_dir)).info.features
    return (name, samples) if {"sound", "rate"} <= {*features} else None


def open_tfds_sounds(
    name: str, samples: int | None, split: str, data_dir: str | None = None
) -> Source:
    """A prepared TFDS data set of sounds.

    Args:
      name: as TFDS writes it.
      samples: that are kept of each sound, the first; None for all.
      split: TFDS's split syntax.
      data_dir: TFDS's data folder.

    Raises:
      UserError: as ``prepared_builder`` and ``source_of``, or the sounds are shorter.
    """
    folder = resolve_data_dir(data_dir)
    builder = prepared_builder(name, folder)
    (longest,) = builder.info.features["sound"].shape
    kept = longest if samples is None else samples
    if not 0 < kept <= longest:
        raise UserError(f"{name}:{kept}: its sounds have {longest} samples; give fewer, or none.")
    rate = int(stored_rows(name, split, folder, builder)[0]["rate"])

    def one(row: Any, place: int) -> np.ndarray:
        del place
        return row["sound"][:kept]

    shape, spec = (kept,), name if samples is None else f"{name}:{samples}"
    label = label_of(builder)
    return source_of(spec, split, folder, builder, one, shape, sounds(rate), label, kept)
