"""Reads PyTorch's weight files without PyTorch, and without running what is in them.

A .pth file is a pickle, and unpickling runs code that the file names. Here only the handful of
names that tensors consist of are known; a file that names anything else is refused. Both formats
are read: zip archives (PyTorch 1.6 and later) and the older plain files.
"""

import collections
import dataclasses
import io
import math
import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from jaxgan.errors import UserError

MAGIC = 0x1950A86A20F9469CFC6C
"""First pickle of the plain format."""

PROTOCOL = 1001

DTYPES = {
    "DoubleStorage": np.dtype("<f8"),
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


class RefusedError(Exception):
    """The file is not what can be read; says why."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """Numbers of one kind, which a file holds apart from the tensors that view them."""

    dtype: np.dtype
    key: str
    count: int


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A view of a storage, whose bytes may come later in the file."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_pth(path: Path) -> dict[str, np.ndarray]:
    """Reads a file of named tensors (a ``state_dict``).

    Args:
      path: the .pth file.

    Returns:
      name -> array, in the file's order.

    Raises:
      UserError: missing, damaged, not a state dict, or naming code to run.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        tensors, content = _read_zip(data) if data[:2] == b"PK" else read_plain(data)
        if not isinstance(tensors, Mapping):
            raise RefusedError(f"it holds a {type(tensors).__name__}, not named tensors")
        return {name: array(name, tensor, content) for name, tensor in tensors.items()}
    except RefusedError as error:
        raise UserError(f"{path} is not read: {error}.") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise UserError(f"{path} is damaged ({type(error).__name__}). Fetch it again.") from error


class Unpickler(pickle.Unpickler):
    """Unpickles what tensors consist of, and refuses the rest by name."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for; only what tensors consist of."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _rebuild_parameter
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise RefusedError(f"it asks for `{module}.{name}`, which tensors have no need of")

    def persistent_load(self, pid: Any) -> Storage:
        """A storage, whose numbers lie elsewhere in the file."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise RefusedError("it refers to something that is not a storage")
        _, dtype, key, _, count = pid[:5]
        if len(pid) > 5 and pid[5] is not None:
            raise RefusedError("its storages are views of one another")
        if not isinstance(dtype, np.dtype) or not isinstance(key, str) or not _whole(count):
            raise RefusedError("it describes a storage that cannot be")
        return Storage(dtype, key, count)


def rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """A view of a storage that lies within it.

    Raises:
      RefusedError: there is none.
    """
    shape, strides = tuple(shape), tuple(strides)
    sound = isinstance(storage, Storage) and _whole(offset) and len(shape) == len(strides)
    if not sound or not all(map(_whole, shape + strides)):
        raise RefusedError("it describes a tensor that cannot be")
    # Bounds before any view is made: numpy's would read whatever memory lies there.
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if (0 not in shape and last >= storage.count) or math.prod(shape) > max(storage.count, 1):
        raise RefusedError("it describes a tensor larger than its storage")
    return Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor, *_) -> Tensor:
    return tensor


def _whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


Content = Callable[[Storage], bytes]
"""The bytes of a storage."""


def _read_zip(data: bytes) -> tuple[Any, Content]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = archive.namelist()
    pickles = [name for name in names if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise RefusedError("the archive is not one of PyTorch's (no data.pkl)")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
        raise RefusedError("its numbers are big-endian")

    # PyTorch does not compress, so that a small file cannot unpack to a large one.
    if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
        raise RefusedError("it is compressed, which PyTorch's files are not")

    def content(storage: Storage) -> bytes:
        member = archive.getinfo(f"{root}data/{storage.key}")
        if member.file_size != storage.count * storage.dtype.itemsize:
            raise RefusedError(f"storage {storage.key} is cut short")
        return archive.read(member)

    return Unpickler(io.BytesIO(archive.read(pickles[0]))).load(), content


def read_plain(data: bytes) -> tuple[Any, Content]:
    """Five pickles (magic number, protocol, platform, object, storages' keys), then the bytes.

    The object is a storage, or tensors by name.

    Raises:
      RefusedError: they are not.
    """
    stream = io.BytesIO(data)

    def load() -> Any:
        return Unpickler(stream).load()

    try:
        magic = load()
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError) as error:
        raise RefusedError("it is not a file of PyTorch's") from error
    if magic != MAGIC or load() != PROTOCOL:
        raise RefusedError("it is not a file of PyTorch's")
    if load().get("little_endian") is not True:
        raise RefusedError("its numbers are big-endian")
    tensors, keys = load(), load()
    places: dict[str, tuple[int, int]] = {}
    sizes: dict[str, int] = {}
    if isinstance(tensors, Storage):
        sizes[tensors.key] = tensors.dtype.itemsize
    if isinstance(tensors, Mapping):
        for tensor in tensors.values():
            if isinstance(tensor, Tensor):
                sizes[tensor.storage.key] = tensor.storage.dtype.itemsize
    for key in keys:
        if key not in sizes:
            raise RefusedError(f"storage {key} belongs to no tensor")
        count = int.from_bytes(stream.read(8), "little")
        places[key] = (stream.tell(), count)
        stream.seek(count * sizes[key], io.SEEK_CUR)
    if stream.tell() != len(data):
        raise RefusedError("it is cut short, or longer than what it announces")

    def content(storage: Storage) -> bytes:
        start, count = places[storage.key]
        if count != storage.count:
            raise RefusedError(f"storage {storage.key} is not as long as its tensors say")
        return data[start : start + count * storage.dtype.itemsize]

    return tensors, content


def array(name: Any, tensor: Any, content: Content) -> np.ndarray:
    """A copy of a tensor's numbers.

    Raises:
      RefusedError: it is no named tensor, or its storage is cut short.
    """
    if not isinstance(name, str) or not isinstance(tensor, Tensor):
        raise RefusedError(f"`{name}` is not a named tensor")
    dtype = tensor.storage.dtype
    flat = np.frombuffer(content(tensor.storage), dtype)[tensor.offset :]
    strides = tuple(step * dtype.itemsize for step in tensor.strides)
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False).copy()
