"""Decoded samples kept on disk, so that a data set is decoded once and not at every start."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jaxgan.data.source import Rows
from jaxgan.files import replacing_folder

CACHE_BYTES = 2**30
"""Larger data are not kept: they are streamed, and would take too much disk space twice."""


def cached(folder: Path, key: str, nbytes: int, make: Callable[[], Rows]) -> Rows:
    """``make()``, or what it returned the last time for this key.

    A damaged entry is made again. A folder that cannot be written to is no error.

    Args:
      folder: TFDS's data folder; entries lie in its subfolder ``jaxgan_decoded``.
      key: identifies files and decoding, hexadecimal.
      nbytes: size of the result; more than ``CACHE_BYTES`` is not kept.
      make: decodes the samples.
    """
    if nbytes > CACHE_BYTES:
        return make()
    entry = folder / "jaxgan_decoded" / key
    found = _load(entry)
    if found is not None:
        return found
    rows = make()
    # That another process was faster is no error either.
    with contextlib.suppress(OSError), replacing_folder(entry) as part:
        for name, values in rows.items():
            np.save(part / f"{name}.npy", values)
    return rows


def _load(entry: Path) -> Rows | None:
    files = sorted(entry.glob("*.npy"))
    try:
        rows = {file.stem: np.load(file) for file in files}
    except (OSError, ValueError, EOFError):
        return None
    complete = len({len(values) for values in rows.values()}) == 1
    return rows if complete else None
