"""The dtype of a network's activations, which its modules carry as a field ``dtype``."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import flax.linen as nn
import jax.numpy as jnp


def with_activations(module: nn.Module, dtype: str) -> nn.Module:
    """The same module, all of whose parts compute in ``dtype``; its parameters are the same."""
    changes = {name: _changed(value, dtype) for name, value in _parts(module)}
    if hasattr(module, "dtype"):
        changes["dtype"] = jnp.dtype(dtype)
    return module.clone(**changes)


def _changed(value: Any, dtype: str) -> Any:
    if isinstance(value, nn.Module):
        return with_activations(value, dtype)
    return tuple(_changed(part, dtype) for part in value)


def _parts(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The fields of a module that hold another one, or several."""
    for field in dataclasses.fields(module):
        value = getattr(module, field.name, None)
        several = list(value) if isinstance(value, tuple | list) else [value]
        if field.name != "parent" and several and all(isinstance(x, nn.Module) for x in several):
            yield field.name, value
