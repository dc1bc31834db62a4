"""Weight files: which bytes they are, and that they are the right ones."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jaxgan.errors import UserError


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
      UserError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error


def check_sha256(path: Path, expected: str, remedy: str) -> None:
    """Refuses a file that is not the expected one, byte for byte.

    Args:
      path: the file.
      expected: its SHA-256.
      remedy: where the right one comes from, a sentence.

    Raises:
      UserError: missing, truncated or another file; says both sums.
    """
    found = sha256_of(path)
    if found != expected:
        raise UserError(
            f"{path} ({path.stat().st_size} bytes) has SHA-256 {found}, not {expected}. {remedy}"
        )


def sha256_of_tensors(tensors: Mapping[str, np.ndarray]) -> str:
    """A sum over names, dtypes, shapes and values, whatever file they come from."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        total.update(f"{name} {tensor.dtype.str} {tensor.shape}\n".encode())
        total.update(tensor.tobytes())
    return total.hexdigest()


def check_shapes(
    tensors: Mapping[str, np.ndarray], expected: Mapping[str, tuple[int, ...]], name: str
) -> None:
    """Refuses tensors that are not those of a network.

    Raises:
      UserError: one is missing, unknown or of another shape; says which.
    """
    for key in sorted(set(expected) ^ set(tensors)):
        what = "lacks" if key in expected else "has the unknown tensor"
        raise UserError(f"{name} {what} {key}: these are the weights of another network.")
    for key, shape in expected.items():
        if tensors[key].shape != tuple(shape):
            raise UserError(
                f"{name}: {key} has shape {tensors[key].shape}, not {tuple(shape)}: these are the "
                "weights of another network."
            )
