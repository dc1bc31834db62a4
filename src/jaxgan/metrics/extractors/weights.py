"""Weight files: which bytes they are, and that they are the right ones."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.pth import read_pth


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


def read_weights(
    path: Path, published: str, where: str, converter: str
) -> tuple[dict[str, np.ndarray], str]:
    """Reads a published .pth, or the .safetensors that a converter made of one.

    Args:
      path: the file; what it ends on says which of the two it is.
      published: the SHA-256 that a .pth must have.
      where: where the published file comes from, a sentence.
      converter: the command that writes the .safetensors.

    Returns:
      name -> array, and the SHA-256 of the file that the tensors were published in.

    Raises:
      UserError: missing, damaged, or not the published file; says both sums.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}. {where}")
    if path.suffix == ".safetensors":
        return _read_converted(path, converter)
    check_sha256(path, published, where)
    return read_pth(path), published


def _read_converted(path: Path, converter: str) -> tuple[dict[str, np.ndarray], str]:
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{path} is damaged ({error}). Run {converter} again.") from error
    found = sha256_of_tensors(tensors)
    stated = about.get("tensors_sha256", "any stated one")
    if stated != found or "source_sha256" not in about:
        raise UserError(
            f"{path} holds tensors of SHA-256 {found}, not {stated}. Run {converter} again."
        )
    return tensors, about["source_sha256"]


def write_converted(
    tensors: Mapping[str, np.ndarray], target: Path, source: Path, source_sha256: str
) -> str:
    """Writes what ``read_weights`` reads.

    Args:
      tensors: name -> array.
      target: the .safetensors file.
      source: the file they come from.
      source_sha256: its sum.

    Returns:
      What was written, for the user.

    Raises:
      UserError: it cannot be written, or its name would not be read as a .safetensors file.
    """
    if target.suffix != ".safetensors":
        raise UserError(f"{target} would not be found again; give a name that ends .safetensors.")
    total = sha256_of_tensors(tensors)
    about = {"source_sha256": source_sha256, "source": source.name, "tensors_sha256": total}
    # Not a view: safetensors writes an array's memory, whatever its strides say.
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    try:
        safetensors.numpy.save_file(whole, target, about)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(f"{target} cannot be written ({error}). Give another path.") from error
    return f"{target}: {len(tensors)} tensors, SHA-256 of the tensors {total}, from {source.name}"
