"""How a data set is made from the files that it is published as."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.prepare.packages import Packages
from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one data set is made from the files it is published as.

    At least one of ``urls`` and ``packages`` says where the files are fetched.

    Attributes:
      about: what the data set holds, in a few words.
      license: of the data; "none stated" if their makers name none.
      source: who made them, or where they come from.
      files: names of the files that ``--from DIR`` must hold, for messages.
      find: name -> path in a folder; raises ``UserError`` for what is missing.
      load: reads and checks the files, given TFDS's builder and name -> path.
      counts: official number of samples of each split; empty where it is not known, and the
        files' checksums must do.
      urls: name -> address of the files, from TFDS's builder, which downloads them.
      packages: that hold the files.
    """

    about: str
    license: str
    source: str
    files: tuple[str, ...]
    find: Callable[[Path], dict[str, Path]]
    load: Callable[[Any, Mapping[str, Path]], "Loaded"]
    counts: Mapping[str, int]
    urls: Callable[[Any], dict[str, str]] | None = None
    packages: Packages | None = None

    @property
    def terms(self) -> str:
        """License and source, in one line."""
        return f"license: {self.license}; source: {self.source}"


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The content of the published files.

    Attributes:
      splits: arrays per split: images, uint8 ``[n, height, width, 1 or 3]``; or paths of image
        files, which are kept as they are, numbers, or texts, ``[n]``; or sounds, int16
        ``[n, samples]``.
      names: of the classes of a feature.
      keys: what TFDS orders the samples of a split by; their numbers where it is not said.
    """

    splits: Mapping[str, Mapping[str, np.ndarray]]
    names: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)
    keys: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)


def divided(rows: Mapping[str, np.ndarray], bases: Sequence[str], seed: int = 0) -> Loaded:
    """Rows in the splits ``train`` and ``test``, which gets about one base in ten.

    The sha256 of its base decides where a row belongs: no order, no other row and no generator of
    numbers does.

    Args:
      rows: key -> ``[n, ...]``.
      bases: what each row shows; rows that show the same belong to one split.
      seed: of the choice.
    """
    digests = [hashlib.sha256(f"{seed}:{base}".encode()).digest() for base in bases]
    test = np.array([int.from_bytes(digest, "big") % 10 == 0 for digest in digests], bool)
    return Loaded(
        {
            "train": {key: values[~test] for key, values in rows.items()},
            "test": {key: values[test] for key, values in rows.items()},
        }
    )


def check_folder(folder: Path) -> None:
    """Raises ``UserError`` unless ``folder``, which ``--from`` named, is a folder."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder. Give --from the folder that holds the files.")


def check_counts(name: str, recipe: Recipe, loaded: Loaded) -> None:
    """Raises ``UserError`` if a split has another number of samples than the official one."""
    for split, rows in loaded.splits.items():
        count = len(next(iter(rows.values())))
        if recipe.counts and count != recipe.counts[split]:
            raise UserError(
                f"The files hold {count} samples of {name}'s split {split}; the data "
                f"set has {recipe.counts[split]}. Fetch the complete files."
            )
