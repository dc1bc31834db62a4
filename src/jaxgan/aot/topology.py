"""Devices that are not there, for which programs can be compiled."""

import importlib.util
import os
from typing import Any

from jaxgan.aot.chips import Chip, chip_of
from jaxgan.errors import UserError
from jaxgan.types import Device

ALONE = {
    "TPU_SKIP_MDS_QUERY": "1",  # there is no service that knows of the machine's chips
    "TPU_ACCELERATOR_TYPE": "v5litepod-8",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # no chip is used, so that others may compile, or train
    "TPU_MIN_LOG_LEVEL": "3",
    "TPU_STDERR_LOG_LEVEL": "3",
}
"""Environment of the TPU compiler on a machine without a TPU."""

COMPILERS = {
    "tpu": (
        "libtpu",
        "The TPU compiler is not installed (libtpu, 210 MB; no TPU is needed): run "
        'scripts/install tpu, or pip install -c constraints.txt -e ".[tpu]".',
    ),
    "cuda": (
        "jax_plugins.xla_cuda12",
        "JAX's CUDA plugin is not installed (180 MB; no GPU is needed): run pip install "
        "-c constraints.txt jax-cuda12-pjrt jax-cuda12-plugin, or scripts/install cuda.",
    ),
}
"""The module that has a platform's compiler, and what to do without it."""


def devices_of(topology: str) -> list[Device]:
    """The devices of a topology, on which programs can be compiled but not run.

    JAX must have been told to use no platform but the CPU, or it looks for the chips themselves.

    Raises:
      UserError: it is no topology, its compiler is not installed, or does not know it.
    """
    chip = chip_of(topology)
    module, missing = COMPILERS[chip.platform]
    if not _installed(module):
        raise UserError(missing)
    for name, value in ALONE.items():
        os.environ.setdefault(name, value)
    from jax.errors import JaxRuntimeError
    from jax.experimental import topologies

    try:
        found = topologies.get_topology_desc(topology, chip.platform, **options_of(topology, chip))
        return list(found.devices)
    except (JaxRuntimeError, ValueError, NotImplementedError) as error:
        said = str(error).splitlines()[0].rstrip(".")
        raise UserError(
            f"--topology {topology}: the compiler refuses it ({said}); give one that is sold, e.g. "
            "v5e:2x4, v4:2x2x1 or h100:8."
        ) from error


def options_of(topology: str, chip: Chip) -> dict[str, Any]:
    """What the compiler must be told of a topology, beside its name."""
    shape = topology.partition(":")[2]
    if chip.platform == "cuda":
        return {**chip.options, "topology": f"1x1x{shape}"}  # one host, its GPUs
    alone = {"chips_per_host_bounds": (1, 1, 1)} if set(shape.split("x")) == {"1"} else {}
    return {**chip.options, **alone}


def _installed(module: str) -> bool:
    """Whether there is a module; its parent may be missing too."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
