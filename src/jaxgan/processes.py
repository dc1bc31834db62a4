"""The processes of a job on several hosts: they fail together, and know what the first one knows.

Process 0 alone has the files of a run, so the hosts need no disk in common. Every function here is
called by all processes, in the same order, and does nothing where there is one process only.
"""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from jaxgan.errors import UserError

T = TypeVar("T")


def is_first() -> bool:
    """Whether this is process 0, or the only one."""
    return jax.process_index() == 0


def everywhere(act: Callable[[], T]) -> T:
    """What ``act()`` gives on this process; if it fails on one, it fails on all.

    Otherwise the others would wait forever for the one that failed.

    Raises:
      UserError: it failed on another process; says which, and why.
    """
    if jax.process_count() == 1:
        return act()
    result, error = None, None
    try:
        result = act()
    except Exception as raised:  # whatever it is, the others must hear of it
        error = raised
    faults = gathered("" if error is None else str(error) or repr(error))
    if error is not None:
        raise error
    for number, fault in enumerate(faults):
        if fault:
            raise UserError(f"Process {number} of this job stopped: {fault.splitlines()[0]}")
    return result  # type: ignore[return-value]


def on_first(act: Callable[[], T]) -> T | None:
    """What ``act()`` gives on process 0, and None on the others; a failure of it is one of all.

    Raises:
      UserError: it failed on process 0.
    """
    return everywhere(lambda: act() if is_first() else None)


def from_first(act: Callable[[], Any]) -> Any:
    """What ``act()`` gives on process 0, on every process; it must be JSON.

    Raises:
      UserError: it failed on process 0.
    """
    found = on_first(act)
    return found if jax.process_count() == 1 else json.loads(gathered(json.dumps(found))[0])


def gathered(text: str) -> list[str]:
    """The text of every process, in their order."""
    own = np.frombuffer(text.encode(), np.uint8)
    sizes = np.ravel(multihost_utils.process_allgather(np.int32(own.size)))
    padded = np.zeros(max(sizes), np.uint8)
    padded[: own.size] = own
    if not padded.size:
        return [""] * len(sizes)
    rows = np.asarray(multihost_utils.process_allgather(padded))
    rows = rows.reshape(len(sizes), -1)
    return [bytes(row[:size]).decode() for row, size in zip(rows, sizes, strict=True)]


def arrays_from_first(arrays: Any, like: Any) -> Any:
    """The arrays of process 0, on every device of every process, bit for bit.

    Args:
      arrays: pytree of arrays that process 0 can read; the others need not have any.
      like: pytree of the same arrays as ``jax.ShapeDtypeStruct``, with the shardings that they get;
        none of typed keys.
    """
    if jax.process_count() == 1:
        return jax.tree.map(lambda leaf, one: jax.device_put(leaf, one.sharding), arrays, like)
    arrays = (
        arrays if is_first() else jax.tree.map(lambda one: np.zeros(one.shape, one.dtype), like)
    )
    return jax.tree.map(_spread, arrays, like)


def _spread(array: Any, like: jax.ShapeDtypeStruct) -> jax.Array:
    """One array of process 0 on every process. Its bytes are sent: a sum would lose ``-0.0``."""
    own = np.frombuffer(np.asarray(array).tobytes(), np.uint8)
    sent = np.asarray(multihost_utils.broadcast_one_to_all(own))
    whole = np.frombuffer(sent.tobytes(), like.dtype).reshape(like.shape)
    return jax.make_array_from_callback(like.shape, like.sharding, lambda index: whole[index])
