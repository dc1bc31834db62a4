"""The one seam between per-device code and devices.

``spread`` turns a per-device function into one that runs on every device, by ``pmap``
(the default) or ``shard_map``. With the state passed as ``in_axes=None``, ``pmap`` is
``jit(shard_map(check_vma=False))``: the state has no device axis, and the two backends
agree bit for bit.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.errors import UserError
from jaxgan.types import AXIS, Device

Backend = Literal["pmap", "shard_map"]


def choose_devices(count: int | None) -> list[Device]:
    """The first ``count`` devices of every process, or all of them.

    Raises:
      UserError: there are not so many.
    """
    devices = jax.devices()
    if count is None:
        return devices
    if count < 1 or count > len(devices):
        kind = devices[0].device_kind
        raise UserError(
            f"--devices {count}: this job has {len(devices)} ({kind}); ask for 1 to that"
        )
    if jax.process_count() > 1 and count != len(devices):
        raise UserError("--devices cannot leave out devices of a multi-process job; omit it")
    return devices[:count]


def spread(
    function: Callable[..., Any],
    devices: Sequence[Device],
    backend: Backend = "pmap",
    mapped: int = 3,
    arguments: int = 5,
) -> Callable[..., Any]:
    """Runs ``function`` on every device, with the named axis ``AXIS``.

    Argument number ``mapped`` is divided over the devices along axis 2 of its leaves, as
    ``divide`` prepares it; every other argument and the result are whole on each device.
    Argument 0, the state, is donated.
    """
    if backend == "pmap":
        return jax.pmap(
            function,
            axis_name=AXIS,
            in_axes=tuple(2 if number == mapped else None for number in range(arguments)),
            out_axes=None,
            devices=None if jax.process_count() > 1 else list(devices),
            donate_argnums=0,
        )

    def per_device(*args):
        args = list(args)
        args[mapped] = jax.tree.map(lambda leaf: leaf[:, :, 0], args[mapped])
        return function(*args)

    specs = tuple(P(None, None, AXIS) if n == mapped else P() for n in range(arguments))
    shards = jax.shard_map(
        per_device, mesh=mesh(devices), in_specs=specs, out_specs=P(), check_vma=False
    )
    return jax.jit(shards, donate_argnums=0)


def mesh(devices: Sequence[Device]) -> Mesh:
    """A one-dimensional mesh over ``devices``."""
    return Mesh(np.asarray(devices), (AXIS,), axis_types=(AxisType.Auto,))


def divide(rows: Any, devices: Sequence[Device], backend: Backend) -> Any:
    """This process's rows, every leaf ``[steps, batches, rows, ...]``, ready for ``spread``.

    The rows become ``[steps, batches, devices, rows per device, ...]``.
    """
    local = [device for device in devices if device.process_index == jax.process_index()]

    def split(leaf: np.ndarray) -> Any:
        steps, batches, count = leaf.shape[:3]
        blocks = leaf.reshape(steps, batches, len(local), count // len(local), *leaf.shape[3:])
        if backend == "pmap":
            return blocks
        sharding = NamedSharding(mesh(devices), P(None, None, AXIS))
        return jax.make_array_from_process_local_data(sharding, blocks)

    return jax.tree.map(split, rows)


def replicated(devices: Sequence[Device]) -> NamedSharding:
    """The sharding of an array that is whole on each of ``devices``."""
    return NamedSharding(mesh(devices), P())


def whole(tree: Any, devices: Sequence[Device]) -> Any:
    """Arrays that are whole on each device, as arrays of the whole job.

    ``pmap`` returns those of this process only, which Orbax does not write.
    """
    sharding = replicated(devices)

    def join(leaf: jax.Array) -> jax.Array:
        shards = [shard.data for shard in leaf.addressable_shards]
        return jax.make_array_from_single_device_arrays(leaf.shape, sharding, shards)

    return jax.tree.map(join, tree)
