"""TFDS's split syntax (``train[:90%]``, ``train+test``) for every kind of data set."""

from collections.abc import Mapping

import numpy as np

from jaxgan.errors import NoSplitError, UserError


def split_indices(split: str, sizes: Mapping[str, int]) -> list[tuple[str, np.ndarray]]:
    """The samples that a split consists of.

    Args:
      split: a name, with a slice if wanted, or several joined by ``+``.
      sizes: the number of samples of each existing split.

    Returns:
      (name of an existing split, int64 indices into it), to be concatenated.

    Raises:
      UserError: there is no such split, it is written wrongly, or it is empty.
    """
    whole = split in sizes
    parts = [(split, np.arange(sizes[split]))] if whole else _parse(split, sizes)
    if not sum(len(indices) for _, indices in parts):
        raise UserError(f"The split {split} holds no samples. Choose a larger part.")
    return parts


def rows_of(split: str, splits: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The rows that a split consists of, ``{key: [n, ...]}``; of the keys that all its parts have.

    Args:
      split: TFDS's split syntax.
      splits: the rows of each existing split.

    Raises:
      UserError: there is no such split, it is written wrongly, it is empty, or its parts hold rows
        of different shapes.
    """
    sizes = {name: len(next(iter(rows.values()))) for name, rows in splits.items()}
    parts = [(splits[name], indices) for name, indices in split_indices(split, sizes)]
    keys = [key for key in parts[0][0] if all(key in rows for rows, _ in parts)]
    try:
        return {
            key: np.concatenate([rows[key][indices] for rows, indices in parts]) for key in keys
        }
    except ValueError as error:
        raise UserError(
            f"The split {split} joins samples of different shapes. Name one of {', '.join(splits)}."
        ) from error


def _parse(split: str, sizes: Mapping[str, int]) -> list[tuple[str, np.ndarray]]:
    # Half a second to import, which whole splits need not wait for.
    from tensorflow_datasets.core import splits as tfds_splits

    infos = {
        name: tfds_splits.SplitInfo(name=name, shard_lengths=[size], num_bytes=0)
        for name, size in sizes.items()
    }
    try:
        parts = tfds_splits.ReadInstruction.from_spec(split).to_absolute(
            tfds_splits.SplitDict(infos.values())
        )
    except Exception as error:  # TFDS raises ValueError, KeyError and AssertionError
        raise NoSplitError(
            f"There is no split {split}. Choose among {', '.join(sorted(sizes))}, or a part of one "
            "such as train[:90%]."
        ) from error
    return [
        (part.splitname, np.arange(sizes[part.splitname])[part.from_ : part.to]) for part in parts
    ]
