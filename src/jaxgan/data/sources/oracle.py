"""Sentences of an oracle: an LSTM whose distribution is known."""

import dataclasses
import re
from pathlib import Path

import jax
import numpy as np

from jaxgan.data.cache import cached
from jaxgan.data.source import Source, digest, from_arrays
from jaxgan.data.sources.tfds import resolve_data_dir
from jaxgan.data.splits import split_indices
from jaxgan.data.tokens import tokens
from jaxgan.errors import UserError
from jaxgan.oracle import Oracle, fresh_weights, read_weights
from jaxgan.vocabulary import Vocabulary

COUNT = 10_000
"""Sentences of each split, as in SeqGAN's benchmark."""

LENGTH = 20
"""Tokens of a sentence if no number is given."""

SEEDS = {"train": 2017, "test": 2018}
"""Of the sentences of each split."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What follows ``oracle:``.

    Attributes:
      seed: of the weights.
      file: with the weights; None for new ones.
      length: tokens of a sentence.
      vocabulary: different tokens, of new weights.
    """

    seed: int = 0
    file: Path | None = None
    length: int = LENGTH
    vocabulary: int = 5000


def parse(words: str) -> Asked:
    """What follows ``oracle:``, or nothing.

    ``SEED``, ``SEED@LENGTH``, ``SEED@LENGTHxVOCABULARY``, ``FILE.npz`` or ``LENGTH:FILE.npz``.

    Raises:
      UserError: it is none of them, or a number makes no sense.
    """
    if found := re.fullmatch(r"(?:(\d+):)?(.+\.npz)", words):
        asked = Asked(file=Path(found[2]), length=int(found[1] or LENGTH))
    elif found := re.fullmatch(r"(\d*)(?:@(\d+)(?:x(\d+))?)?", words):
        seed, length, vocabulary = found.groups()
        asked = Asked(int(seed or 0), None, int(length or LENGTH), int(vocabulary or 5000))
    else:
        raise UserError(f"oracle:{words}: give oracle, oracle:SEED, or oracle:FILE.npz.")
    if not (2 <= asked.length <= 200 and 2 <= asked.vocabulary <= 100_000):
        raise UserError(
            f"oracle:{words}: sentences have 2 to 200 tokens, of 2 to 100,000 different ones."
        )
    return asked


def open_oracle(words: str, split: str = "train", data_dir: str | None = None) -> Source:
    """``COUNT`` sentences of an oracle for each split, which carry it: ``Source.oracle``.

    Args:
      words: see ``parse``.
      split: ``train``, ``test``, or a part of them.
      data_dir: TFDS's data folder, where sentences that were drawn once are kept.

    Raises:
      UserError: there is no such split, or the file holds no oracle.
    """
    asked, parts = parse(words), split_indices(split, dict.fromkeys(SEEDS, COUNT))
    file = None if asked.file is None else asked.file.expanduser()
    weights = fresh_weights(asked.seed, asked.vocabulary) if file is None else read_weights(file)
    oracle = Oracle(weights, digest(weights))
    rows = np.concatenate([_drawn(oracle, part, asked.length, data_dir)[at] for part, at in parts])
    name = f"oracle:{words}" if words and file is None else "oracle"
    if file is not None:
        name = f"oracle:{asked.length}:{file.name}"
    modality = tokens(Vocabulary(oracle.vocabulary))
    source = from_arrays(name, split, {"tokens": rows}, modality=modality)
    return dataclasses.replace(source, oracle=oracle)


def _drawn(oracle: Oracle, split: str, length: int, data_dir: str | None) -> np.ndarray:
    """All sentences of a whole split, drawn on the CPU, or kept from the last time."""
    folder = resolve_data_dir(data_dir)
    # Rounding decides between two tokens now and then, so that every JAX may draw its own.
    entry = digest("oracle", oracle.sha256, split, length, COUNT, jax.__version__)
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        return cached(
            folder,
            entry,
            4 * COUNT * length,
            lambda: {"tokens": oracle.sample(SEEDS[split], COUNT, length)},
        )["tokens"]
