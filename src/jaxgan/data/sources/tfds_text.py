"""TFDS data sets of text: those whose samples have a ``sentence``."""

from jaxgan.data.source import Source
from jaxgan.data.sources.text import TOKENIZERS, sentences
from jaxgan.data.sources.tfds import (
    prepared_builder,
    resolve_data_dir,
    stored_rows,
)
from jaxgan.errors import UserError

FREQUENT = 5000
"""Words of the vocabulary if no number is given: as many as SeqGAN's benchmark has."""


def open_tfds_text(name: str, words: int | None, split: str, data_dir: str | None = None) -> Source:
    """A prepared TFDS data set of sentences; those with rare words are left out.

    Args:
      name: as TFDS writes it.
      words: the most frequent ones, of which sentences consist; None for ``FREQUENT``.
      split: TFDS's split syntax.
      data_dir: TFDS's data folder.

    Raises:
      UserError: as ``prepared_builder`` and ``sentences``.
    """
    folder = resolve_data_dir(data_dir)
    builder = prepared_builder(name, folder)
    if words is not None and words < 2:
        raise UserError(f"{name}:{words}: give two words or more.")
    lines, kind = {}, "text"
    for part in builder.info.splits:
        stored = stored_rows(name, part, folder, builder)
        rows = stored.__getitems__(list(range(len(stored))))
        lines[part] = [row["sentence"].decode() for row in rows]
        kind = rows[0]["kind"].decode()
    spec = name if words is None else f"{name}:{words}"
    return sentences(spec, split, lines, *TOKENIZERS[kind], frequent=words or FREQUENT)
