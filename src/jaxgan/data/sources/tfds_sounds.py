"""TFDS data sets of sound: those whose samples have a ``sound`` and its ``rate``."""

from typing import Any

import numpy as np

from jaxgan.data.sounds import sounds
from jaxgan.data.source import Source
from jaxgan.data.sources.tfds import (
    label_of,
    prepared_builder,
    resolve_data_dir,
    source_of,
    stored_rows,
)
from jaxgan.errors import UserError


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
