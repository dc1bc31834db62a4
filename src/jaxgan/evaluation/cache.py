"""Arrays kept between evaluations: features of real images, and trained classifiers.

An entry is one file that holds its whole key and a checksum of its content. An entry that does not
match its key, is damaged or cannot be read is computed again. A file is written whole or not at
all.
"""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from jaxgan.data.source import digest
from jaxgan.files import cache_folder, replacing
from jaxgan.metrics.extractors.weights import sha256_of_tensors

Arrays = dict[str, np.ndarray]


def cached(kind: str, key: Mapping[str, Any], make: Callable[[], Arrays]) -> Arrays:
    """``make()``, or what it returned the last time for this key.

    Args:
      kind: a word for the file's name.
      key: all that the result depends on, as JSON can hold it.
      make: computes the arrays.
    """
    path = cache_folder() / f"{kind}-{digest(dict(key))[:32]}.safetensors"
    wanted = json.dumps(key, sort_keys=True)
    found = _read(path, wanted)
    if found is not None:
        return found
    arrays = {name: np.ascontiguousarray(array) for name, array in make().items()}
    about = {"key": wanted, "sha256": sha256_of_tensors(arrays)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            safetensors.numpy.save_file(arrays, part, about)
    except (OSError, safetensors.SafetensorError) as error:  # the result is there all the same
        reason = getattr(error, "strerror", None) or error
        logging.getLogger("jaxgan").warning(
            "%s cannot be kept (%s); it is computed again next time.", path, reason
        )
    return arrays


def _read(path: Path, wanted: str) -> Arrays | None:
    if not path.is_file():
        return None
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, safetensors.SafetensorError):
        fault = "cannot be read"
    else:
        if about.get("key") != wanted:
            fault = "is of something else than its name says"
        elif about.get("sha256") != sha256_of_tensors(arrays):
            fault = "does not match its checksum"
        else:
            return arrays
    logging.getLogger("jaxgan").warning("%s %s; it is computed again.", path, fault)
    return None
