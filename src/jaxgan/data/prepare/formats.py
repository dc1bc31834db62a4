"""Reads the file formats of the classic data sets: IDX, and CIFAR's binary version."""

import gzip
import math
import tarfile
import zlib
from pathlib import Path

import numpy as np

from jaxgan.errors import UserError

GZIP = b"\x1f\x8b"


def read_idx(path: Path, dims: int) -> np.ndarray:
    """Reads an IDX file of bytes, gzipped or not.

    Args:
      path: the file.
      dims: number of dimensions it must have: 3 for images, 1 for labels.

    Returns:
      uint8, ``[n, height, width]`` or ``[n]``.

    Raises:
      UserError: the file is missing, damaged, or not what it should be; names the file.
    """
    data = _content(path)
    head = 4 + 4 * dims
    magic = bytes([0, 0, 8, dims])  # 8: unsigned bytes
    if len(data) < head or data[:4] != magic:
        what = "images" if dims == 3 else "labels"
        raise UserError(f"{path} is not an IDX file of {what}. Fetch it again.")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", dims, 4))
    if 0 in shape:
        raise UserError(f"{path} is empty: it holds no samples. Fetch it again.")
    if len(data) != head + math.prod(shape):
        raise UserError(
            f"{path} is damaged: it announces {math.prod(shape)} bytes of data and holds "
            f"{len(data) - head}. Fetch it again."
        )
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def read_labeled_idx(images: Path, labels: Path, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Reads images and their labels, uint8 ``[n, height, width, 1]`` and uint8 ``[n]``.

    Raises:
      UserError: a file is damaged, the numbers differ, or a label is not below ``classes``.
    """
    pictures, numbers = read_idx(images, 3), read_idx(labels, 1)
    if len(pictures) != len(numbers):
        raise UserError(
            f"{images} holds {len(pictures)} images but {labels} holds {len(numbers)} labels. "
            "Fetch both again from one place."
        )
    if numbers.max() >= classes:
        raise UserError(
            f"{labels} holds label {numbers.max()}, but there are {classes} classes. "
            "It belongs to another data set or is damaged; fetch it again."
        )
    return pictures[..., None], numbers


def read_cifar(data: bytes, path: str, classes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Parses a file of CIFAR's binary version.

    Args:
      data: the file's content: records of one byte per label and 3072 bytes of red, green and
        blue planes.
      path: its name, for messages.
      classes: number of classes of each label; ``(10,)`` for CIFAR-10, ``(20, 100)`` (coarse,
        fine) for CIFAR-100.

    Returns:
      Images, uint8 ``[n, 32, 32, 3]``, and labels, uint8 ``[n, len(classes)]``.

    Raises:
      UserError: the file is damaged or of another format; names the file.
    """
    record = len(classes) + 3 * 32 * 32
    if not data or len(data) % record:
        raise UserError(
            f"{path} is damaged or not CIFAR's binary version: its {len(data)} bytes are not "
            f"records of {record} bytes. Fetch it again."
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, record)
    labels = rows[:, : len(classes)]
    if (labels.max(axis=0) >= classes).any():
        raise UserError(f"{path} is damaged: it holds labels that do not exist. Fetch it again.")
    images = rows[:, len(classes) :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, labels


def read_members(archive: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Reads files from a tar archive (compressed or not) by their names without folder.

    Returns:
      name -> content, of those that are there.

    Raises:
      UserError: the archive cannot be read.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                content = tar.extractfile(member) if name in names and member.isfile() else None
                if content is not None:
                    found[name] = content.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UserError(f"{archive} is damaged ({_reason(error)}). Fetch it again.") from error
    return found


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        # By content, not by name: TFDS's cache and Debian name the same files differently.
        return gzip.decompress(data) if data[:2] == GZIP else data
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist. Put the file there.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} is damaged ({_reason(error)}). Fetch it again.") from error


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
