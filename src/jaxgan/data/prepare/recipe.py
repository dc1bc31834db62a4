"""How a classic data set is made from the files that it is published as."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.errors import UserError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one data set is made from the files it is published as.

    Attributes:
      files: names of the files that ``--from DIR`` must hold, for messages.
      urls: name -> address, from TFDS's class.
      find: name -> path in a folder; raises ``UserError`` for what is missing.
      load: reads and checks the files, given TFDS's class and name -> path.
      counts: official number of samples of each split.
    """

    files: tuple[str, ...]
    urls: Callable[[Any], dict[str, str]]
    find: Callable[[Path], dict[str, Path]]
    load: Callable[[Any, Mapping[str, Path]], "Loaded"]
    counts: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class Loaded:
    """The content of the published files: arrays per split, and names of the classes."""

    splits: Mapping[str, Mapping[str, np.ndarray]]
    names: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)


def check_folder(folder: Path) -> None:
    """Raises ``UserError`` unless ``folder``, which ``--from`` named, is a folder."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder. Give --from the folder that holds the files.")


def check_counts(name: str, recipe: Recipe, loaded: Loaded) -> None:
    """Raises ``UserError`` if a split has another number of samples than the official one."""
    for split, rows in loaded.splits.items():
        count = len(rows["image"])
        if count != recipe.counts[split]:
            raise UserError(
                f"The files hold {count} samples of {name}'s split {split}; the data "
                f"set has {recipe.counts[split]}. Fetch the complete files."
            )
