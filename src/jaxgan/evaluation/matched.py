"""Files of generated images beside the true images of their names."""

import dataclasses

import numpy as np

from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.evaluation.samples import SampleSet, of_source


def matched(made: Source, rows: Source) -> SampleSet:
    """Images of files as samples that were made from rows of data, each from that of its name.

    Which image belongs to which row is what the names say; so says the protocol of a score.

    Args:
      made: the generated images.
      rows: the data, whose true images they are compared with; of pairs, these are the targets.

    Raises:
      UserError: one of both are no files, a name is on one side only or there twice, or the images
        differ in shape.
    """
    places, wanted = _places(made), _places(rows)
    beside = f"{rows.name} {rows.split}"
    _check_all(wanted, places, f"{made.name} has no image", f"of {beside}")
    _check_all(places, wanted, f"{beside} has no image", f"of {made.name}")
    if made.shape != rows.shape:
        raise UserError(
            f"The images of {made.name} have shape {made.shape}, the true ones of {beside} "
            f"{rows.shape}; give the --resolution that they were made at."
        )
    samples = of_source(made, np.array([places[name] for name in rows.names]))
    by_name = {"data": rows.name, "split": rows.split, "by": "file name"}

    def origins(first: int, count: int) -> np.ndarray:
        return rows.read(np.arange(first, first + count))["source"]

    return dataclasses.replace(
        samples,
        labels=None,
        about={**samples.about, "made_from": by_name},
        modality=rows.modality,
        origins=origins if "source" in rows.spec else None,
        rows=rows,
    )


def _places(source: Source) -> dict[str, int]:
    """Name -> row.

    Raises:
      UserError: there are no names, or one is there twice.
    """
    if not source.names:
        raise UserError(
            f"{source.name} has no files, by whose names images could be compared with true ones; "
            "give a folder of images, and --against pairs:DIR or another folder, or name --metrics "
            "that compare no single images, such as fd."
        )
    places: dict[str, int] = {}
    for place, name in enumerate(source.names):
        if places.setdefault(name, place) != place:
            raise UserError(f"{source.name} has two images {name}; rename one of them.")
    return places


def _check_all(names: dict[str, int], known: dict[str, int], lacks: str, of: str) -> None:
    """Raises ``UserError`` if a name is not known."""
    lacking = [name for name in names if name not in known]
    if lacking:
        more = f", and {len(lacking) - 1} more like it" if len(lacking) > 1 else ""
        raise UserError(
            f"{lacks} {lacking[0]} {of}{more}; names must be equal but for the suffix. Add it, or "
            "name another --split."
        )
