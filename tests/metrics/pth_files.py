"""Writes weight files as PyTorch does, without it: just enough pickle opcodes by hand."""

import io
import struct
import zipfile

import numpy as np

MAGIC = b"\x80\x02\x8a\n\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
NAMES = {"<f4": "FloatStorage", "<f8": "DoubleStorage", "<i8": "LongStorage", "<f2": "HalfStorage"}


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def tuple_of(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def tensor(array: np.ndarray, key: str, plain: bool, strides=None, offset=0, count=None) -> bytes:
    strides = strides or [step // array.itemsize for step in array.strides]
    storage = [
        text("storage"),
        f"ctorch\n{NAMES[array.dtype.str]}\n".encode(),
        text(key),
        text("cpu"),
        number(array.size if count is None else count),
        *([b"N"] if plain else []),
    ]
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + tuple_of(
        tuple_of(*storage) + b"Q",
        number(offset),
        tuple_of(*map(number, array.shape)),
        tuple_of(*map(number, strides)),
        b"\x89",
        b"ccollections\nOrderedDict\n)R",
    ) + b"R"  # fmt: skip


def ordered(entries: dict[str, bytes]) -> bytes:
    items = b"".join(text(name) + value for name, value in entries.items())
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + items + b"u."


def zip_file(pickled: bytes, storages: dict[str, bytes], compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
    return out.getvalue()


def plain_file(pickled: bytes, storages: dict[str, np.ndarray]) -> bytes:
    system = b"\x80\x02}(" + text("little_endian") + b"\x88u."
    keys = b"\x80\x02](" + b"".join(map(text, storages)) + b"e."
    tail = b"".join(struct.pack("<q", x.size) + x.tobytes() for x in storages.values())
    return MAGIC + b"\x80\x02M\xe9\x03." + system + pickled + keys + tail


def state_dict(tensors: dict[str, np.ndarray], plain: bool = False) -> bytes:
    """A whole file of these tensors."""
    keys = {name: str(place) for place, name in enumerate(tensors)}
    pickled = ordered({name: tensor(x, keys[name], plain) for name, x in tensors.items()})
    if plain:
        return plain_file(pickled, {keys[name]: x for name, x in tensors.items()})
    return zip_file(pickled, {keys[name]: x.tobytes() for name, x in tensors.items()})
