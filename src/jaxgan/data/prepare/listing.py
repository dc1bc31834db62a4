"""Lists the data sets that are prepared in TFDS's data folder, and those that can be."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from jaxgan.data.prepare.recipe import Recipe
from jaxgan.data.prepare.recipes import RECIPES, recipe_of
from jaxgan.data.sources.tfds import resolve_data_dir


@dataclasses.dataclass(frozen=True)
class Prepared:
    """One prepared data set.

    Attributes:
      name: as ``open_source`` takes it, ``name:version`` or ``name/config:version``.
      splits: number of samples of each split.
      format: ``array_record`` if that is among the stored formats (jaxgan reads no other).
      path: its folder.
      recipe: how it was made, with its license and source, where jaxgan knows.
    """

    name: str
    splits: dict[str, int]
    format: str
    path: Path
    recipe: Recipe | None = None


def list_prepared(data_dir: str | None = None) -> list[Prepared]:
    """All prepared data sets in a data folder, by name; incomplete ones are left out."""
    folder = resolve_data_dir(data_dir)
    found = []
    for pattern in ("*/*/dataset_info.json", "*/*/*/dataset_info.json"):
        for file in sorted(folder.glob(pattern)):
            if any("incomplete." in part for part in file.relative_to(folder).parts):
                continue
            try:
                content = dict(json.loads(file.read_text()))
                splits = {
                    split["name"]: sum(map(int, split.get("shardLengths", [])))
                    for split in content.get("splits", [])
                }
            except (OSError, ValueError, KeyError, TypeError):
                continue
            formats = [content.get("fileFormat", "tfrecord")]
            formats += content.get("alternativeFileFormats", [])
            *name, version = file.parent.relative_to(folder).parts
            found.append(
                Prepared(
                    name=f"{'/'.join(name)}:{version}",
                    splits=splits,
                    format="array_record" if "array_record" in formats else formats[0],
                    path=file.parent,
                    recipe=recipe_of("/".join(name)),
                )
            )
    return found


def unprepared(prepared: Iterable[Prepared]) -> dict[str, Recipe]:
    """Name -> recipe of the data sets that are not among those prepared in any version."""
    made = [one.recipe for one in prepared]
    return {
        name: recipe for name, recipe in RECIPES.items() if all(one is not recipe for one in made)
    }
