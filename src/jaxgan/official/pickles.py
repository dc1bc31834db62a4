"""Reads the network pickles of StyleGAN2-ADA, StyleGAN3 and R3GAN, and runs nothing of them.

Such a file is a pickle of whole PyTorch modules, with their source code, which their own reader
executes. Here every class and function that the file names stands for an object that only keeps
what it is given; tensors alone are rebuilt, by the reader of ``metrics.extractors.pth``.
"""

import collections
import dataclasses
import io
import pickle
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.extractors import pth


@dataclasses.dataclass(frozen=True)
class Network:
    """A network of a file.

    Attributes:
      arrays: parameters and buffers by their dotted names.
      settings: the keyword arguments that it was made with, as far as the file tells.
    """

    arrays: Mapping[str, np.ndarray]
    settings: Mapping[str, Any]


def read_networks(path: Path) -> dict[str, Network]:
    """The networks of a pickle, by their names: ``G``, ``D`` and ``G_ema``.

    Raises:
      UserError: the file is missing, damaged, or holds no networks.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        found = _Unpickler(io.BytesIO(data)).load()
        if not isinstance(found, Mapping):
            raise pth.RefusedError("it holds no networks by name, as files for TensorFlow")
        return {
            name: Network(dict(_arrays(module)), _settings(module))
            for name, module in found.items()
            if isinstance(module, _Inert) and "_modules" in module.state
        }
    except pth.RefusedError as error:
        raise UserError(f"{path} is not read: {error}.") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise UserError(f"{path} is damaged ({type(error).__name__}). Fetch it again.") from error


@dataclasses.dataclass(frozen=True)
class _Loaded(pth.Storage):
    """A storage with its bytes."""

    content: bytes = b""


class _Inert:
    """What stands for an object of any class: it keeps its state, and does nothing."""

    state: Mapping[str, Any] = types.MappingProxyType({})

    def __init__(self, *given: Any, **named: Any) -> None:
        del given, named

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def append(self, item: Any) -> None:
        """Of a list, whose items are of no use here."""

    def extend(self, items: Any) -> None:
        """Likewise."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Of a dictionary, likewise."""


class _Unpickler(pickle.Unpickler):
    """Imports nothing: what a file names is looked up here."""

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("dnnlib.util", "EasyDict"): dict,
            ("torch._utils", "_rebuild_tensor_v2"): pth.rebuild_tensor,
            ("torch._utils", "_rebuild_parameter"): _first,
            ("torch.storage", "_load_from_bytes"): _storage,
            ("torch_utils.persistence", "_reconstruct_persistent_obj"): _reconstructed,
            ("copyreg", "_reconstructor"): _made,
        }
        return known.get((module, name), _Inert)

    def persistent_load(self, pid: Any) -> Any:
        raise pth.RefusedError("it refers to something outside of itself")


def _first(tensor: Any, *_: Any) -> Any:
    return tensor


def _made(*_: Any) -> _Inert:
    return _Inert()


def _reconstructed(meta: Any) -> _Inert:
    """A module that comes with its source code, which is left alone."""
    found = _Inert()
    state = meta.get("state") if isinstance(meta, Mapping) else None
    if not isinstance(state, dict):
        raise pth.RefusedError("it describes a module without its state")
    found.__setstate__(state)
    return found


def _storage(data: Any) -> _Loaded:
    """A storage from the bytes that PyTorch saved it as."""
    if not isinstance(data, bytes) or data[:2] == b"PK":
        raise pth.RefusedError("it holds tensors in another format than those of the authors")
    storage, content = pth.read_plain(data)
    if not isinstance(storage, pth.Storage):
        raise pth.RefusedError("it describes a tensor without numbers")
    return _Loaded(storage.dtype, storage.key, storage.count, content(storage))


def _content(storage: pth.Storage) -> bytes:
    assert isinstance(storage, _Loaded)
    return storage.content


def _arrays(module: _Inert, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The parameters and buffers of a module and of those in it, by dotted names."""
    for kind in ("_parameters", "_buffers"):
        for name, tensor in (module.state.get(kind) or {}).items():
            if tensor is not None:
                yield f"{prefix}{name}", pth.array(name, tensor, _content)
    for name, inner in (module.state.get("_modules") or {}).items():
        if isinstance(inner, _Inert):
            yield from _arrays(inner, f"{prefix}{name}.")


def _settings(module: _Inert) -> dict[str, Any]:
    settings = module.state.get("_init_kwargs")
    return dict(settings) if isinstance(settings, Mapping) else {}
