"""Runs code for one device on many: the only place that knows how.

``spread`` turns a function for one device into one that runs on every device, by ``pmap`` (the
default) or ``shard_map``. As the state is an argument that is whole on each device, ``pmap`` is
``jit(shard_map(check_vma=False))``: the state has no device axis, and the two backends agree bit
for bit.

``spread_members`` does it for many runs at once, on a grid of devices: groups of devices train
different members, and the devices of a group share the rows of their batches.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan.errors import UserError
from jaxgan.types import AXIS, Device

Backend = Literal["pmap", "shard_map"]


Axis: TypeAlias = int | None
"""The axis of an argument's leaves that is divided over the devices; None for one that is whole."""


def ordered(devices: Sequence[Device]) -> list[Device]:
    """The devices, those of each process next to each other, processes in their order.

    Every process reads one block of rows of the global batch and divides it over its own devices,
    and ``global_rows`` numbers the rows by the device's place. So a process's devices must be
    neighbors here; where ``jax.devices()`` follows the wiring of the machines they need not be.
    """
    return sorted(devices, key=lambda device: (device.process_index, device.id))


def choose_devices(count: int | None) -> list[Device]:
    """The first ``count`` devices, or all of them, in the order of ``ordered``.

    Raises:
      UserError: there are not so many.
    """
    devices = ordered(jax.devices())
    if count is None:
        return devices
    if count < 1 or count > len(devices):
        kind = devices[0].device_kind
        raise UserError(
            f"--devices {count}: this job has {len(devices)} ({kind}); give 1 to {len(devices)}."
        )
    if jax.process_count() > 1 and count != len(devices):
        raise UserError("--devices cannot leave out devices of a multi-process job; omit it")
    return devices[:count]


def spread(
    function: Callable[..., Any],
    devices: Sequence[Device],
    backend: Backend,
    axes: Sequence[Axis],
) -> Callable[..., Any]:
    """Runs ``function`` on every device, with the named axis ``AXIS``.

    Args:
      function: code for one device; its result must be the same on all of them.
      devices: what to run on, in the order of ``ordered``.
      backend: ``pmap`` or ``shard_map``.
      axes: for each argument the axis along which its leaves are divided, as ``divide`` prepares
        them, or None. Argument 0, the state, is donated.
    """
    if backend == "pmap":
        return jax.pmap(
            function,
            axis_name=AXIS,
            in_axes=tuple(axes),
            out_axes=None,
            devices=list(devices),
            donate_argnums=0,
        )

    def per_device(*arguments):
        # Each device holds a block of one along the divided axis, which pmap takes away.
        own = [
            argument if axis is None else jax.tree.map(partial(_only, axis=axis), argument)
            for argument, axis in zip(arguments, axes, strict=True)
        ]
        return function(*own)

    specs = tuple(P() if axis is None else P(*[None] * axis, AXIS) for axis in axes)
    shards = jax.shard_map(
        per_device, mesh=mesh(devices), in_specs=specs, out_specs=P(), check_vma=False
    )
    return jax.jit(shards, donate_argnums=0)


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Code for one device as a function of one: inside the mapped axis ``AXIS`` of size one.

    For programs that are counted or whose shapes are asked for, and that run nowhere.
    """

    def run(*arguments: Any) -> Any:
        mapped = jax.vmap(
            lambda _: function(*arguments), axis_name=AXIS, out_axes=None, axis_size=1
        )
        return mapped(jnp.zeros(1))

    return run


def _only(leaf: jax.Array, axis: int) -> jax.Array:
    return leaf[(slice(None),) * axis + (0,)]


def mesh(devices: Sequence[Device]) -> Mesh:
    """A one-dimensional mesh over ``devices``."""
    return Mesh(np.asarray(devices), (AXIS,), axis_types=(AxisType.Auto,))


MEMBERS = "members"
"""Name of the mapped axis that the members of a population are divided over."""


def grid(devices: Sequence[Device], groups: int) -> Mesh:
    """The devices as ``[groups, devices of a group]``, with the axes ``MEMBERS`` and ``AXIS``."""
    names, types = (MEMBERS, AXIS), (AxisType.Auto, AxisType.Auto)
    return Mesh(np.asarray(devices).reshape(groups, -1), names, axis_types=types)


def spread_members(
    function: Callable[..., Any], mesh: Mesh, takes: Sequence[Any], gives: Any
) -> Callable[..., Any]:
    """Runs ``function`` on every device of a ``grid``, with the axes ``MEMBERS`` and ``AXIS``.

    Args:
      function: code for one device, which has the members of its group, and its rows of them.
      mesh: the devices.
      takes: for each argument how it is divided: a tree of ``PartitionSpec``, or the first levels
        of one. Argument 0, the state, is donated.
      gives: the same for the result, which is not divided over ``AXIS``.
    """
    shards = jax.shard_map(
        function, mesh=mesh, in_specs=tuple(takes), out_specs=gives, check_vma=False
    )
    return jax.jit(shards, donate_argnums=0)


def divide(rows: Any, devices: Sequence[Device], backend: Backend, axis: int) -> Any:
    """This process's rows, divided over its devices, ready for ``spread``.

    Args:
      rows: NumPy arrays; the axis number ``axis`` of every leaf counts this process's rows.
      devices: all devices of the job, in the order of ``ordered``.
      backend: as for ``spread``.
      axis: which becomes two axes, ``[devices, rows per device]``.
    """
    local = [device for device in devices if device.process_index == jax.process_index()]

    def split(leaf: np.ndarray) -> Any:
        before, count, after = leaf.shape[:axis], leaf.shape[axis], leaf.shape[axis + 1 :]
        blocks = leaf.reshape(*before, len(local), count // len(local), *after)
        if backend == "pmap":
            return blocks
        return jax.make_array_from_process_local_data(divided(devices, axis), blocks)

    return jax.tree.map(split, rows)


def divided(devices: Sequence[Device], axis: int) -> NamedSharding:
    """The sharding of an array whose axis number ``axis`` is divided over ``devices``."""
    return NamedSharding(mesh(devices), P(*[None] * axis, AXIS))


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
