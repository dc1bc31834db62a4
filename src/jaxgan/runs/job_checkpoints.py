"""The checkpoints of a job of several processes."""

from pathlib import Path
from typing import Any, TypeAlias

import jax

from jaxgan.processes import arrays_from_first, from_first, on_first
from jaxgan.runs.checkpoint import Checkpoints, as_key, raw, shape_of_raw
from jaxgan.runs.disk import Disk


class JobCheckpoints:
    """Checkpoints that process 0 writes, and reads for all. See ``Checkpoints``.

    The state is the same on every process, so one copy is enough, on the disk of one host. Every
    method is called by all processes.
    """

    def __init__(
        self, folder: Path, keep: int = 2, best: str | None = None, *, disk: Disk | None = None
    ):
        """Opens ``folder`` on process 0. For the arguments see ``Checkpoints``.

        Raises:
          UserError: its steps were scored by something else, or it cannot be read.
        """
        self._own = on_first(lambda: Checkpoints(folder, keep, best, disk=disk))

    def __enter__(self) -> "JobCheckpoints":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what is being written; alone, as it may be closed because of an error."""
        if self._own:
            self._own.close()

    def wait(self) -> None:
        """Waits for what is being written."""
        on_first(lambda: self._first.wait())

    def fault(self) -> str:
        """Waits for what is being written; why the disk refused the last save, if it did."""
        return from_first(lambda: self._first.fault())

    def hold(self, step: int | None) -> None:
        """Keeps the checkpoint of a step, however many there come, until another is held."""
        if self._own:
            self._own.hold(step)

    def delete_after(self, step: int) -> None:
        """Removes the checkpoints of later steps.

        Raises:
          UserError: process 0 cannot remove one.
        """
        on_first(lambda: self._first.delete_after(step))

    def steps(self) -> list[int]:
        """Steps that have a checkpoint, ascending."""
        return from_first(lambda: self._first.steps())

    def save(self, step: int, state: Any, score: float | None = None) -> None:
        """Starts writing ``state``, which is whole on every device.

        Raises:
          UserError: process 0 cannot write it.
        """
        on_first(lambda: self._first.save(step, state, score))

    def restore(self, like: Any) -> tuple[int, Any]:
        """The newest sound checkpoint: its step, and the state, placed as ``like`` says.

        Raises:
          UserError: there is no checkpoint, none is sound, or it is of other networks.
        """
        found = on_first(lambda: self._first.restore(_on_one_device(like)))
        step = from_first(lambda: found and found[0])
        arrays = found and jax.tree.map(raw, found[1])
        state = arrays_from_first(arrays, jax.tree.map(shape_of_raw, like))
        return step, jax.tree.map(as_key, state, like)

    @property
    def _first(self) -> Checkpoints:
        assert self._own is not None, "only process 0 has the files"
        return self._own


Store: TypeAlias = Checkpoints | JobCheckpoints
"""The checkpoints of a run that is trained, by one process or by several."""


def store_of(
    folder: Path, keep: int = 2, best: str | None = None, disk: Disk | None = None
) -> Store:
    """Opens the checkpoints in ``folder``. For the arguments see ``Checkpoints``.

    Raises:
      UserError: its steps were scored by something else, or it cannot be read.
    """
    kind = Checkpoints if jax.process_count() == 1 else JobCheckpoints
    return kind(folder, keep, best, disk=disk)


def _on_one_device(like: Any) -> Any:
    """The same shapes, on the first device of this process."""
    place = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), like
    )
