"""What is published of each chip: the ceilings of a roofline."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from jaxgan.errors import UserError, one_of


@dataclasses.dataclass(frozen=True)
class Chip:
    """A chip with one JAX device.

    Attributes:
      platform: what JAX calls its kind.
      flops: peak operations a second of bfloat16 products, a multiplication and an addition being
        two.
      passes: how many bfloat16 products take as long as one of float32, by the name of its
        ``jax.lax.Precision``.
      bandwidth: bytes a second between the chip and its memory.
      memory: bytes of that memory.
      links: bytes a second that it sends to other chips, over all its links together.
      side: what the sides of matrices are padded to.
      source: where these numbers are published.
      options: what its compiler must be told.
    """

    platform: Literal["tpu", "cuda"]
    flops: float
    passes: Mapping[str, float]
    bandwidth: float
    memory: float
    links: float
    side: int
    source: str
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)


SPLIT = {"DEFAULT": 1.0, "HIGH": 3.0, "HIGHEST": 6.0}
"""Passes of a TPU. A float32 number is the sum of three of bfloat16, and the products of their
smallest parts are left out (BF16_BF16_F32_X3, X6 of ``jax.lax.DotAlgorithmPreset``)."""


def _tensor_cores(bfloat16: float, tensorfloat32: float, float32: float) -> dict[str, float]:
    """Passes of a GPU, whose default is tensorfloat32, from its peaks."""
    return {
        "DEFAULT": bfloat16 / tensorfloat32,
        "HIGH": bfloat16 / tensorfloat32,
        "HIGHEST": bfloat16 / float32,
    }


def _described(name: str, bandwidth: float, memory: float) -> dict[str, str]:
    """What XLA must know of a GPU of Nvidia's Hopper architecture that is not there.

    In the text of XLA's ``GpuTargetConfigProto``; from the CUDA programming guide, table of compute
    capabilities, and the data sheet of the chip.
    """
    device = {
        "threads_per_block_limit": 1024,
        "threads_per_warp": 32,
        "shared_memory_per_block": 48 * 2**10,
        "shared_memory_per_block_optin": 227 * 2**10,
        "shared_memory_per_core": 228 * 2**10,
        "threads_per_core_limit": 2048,
        "core_count": 132,
        "fpus_per_core": 128,
        "registers_per_core_limit": 65536,
        "registers_per_block_limit": 65536,
        "block_dim_limit_x": 2**31 - 1,
        "block_dim_limit_y": 65535,
        "block_dim_limit_z": 65535,
        "l2_cache_size": 50 * 2**20,
        "clock_rate_ghz": 1.98,
        "memory_bandwidth": int(bandwidth),
        "device_memory_size": int(memory),
    }
    fields = " ".join(f"{key}: {value}" for key, value in device.items())
    return {
        "target_config": f"gpu_device_info {{ {fields} cuda_compute_capability {{ major: 9 }} }} "
        'platform_name: "CUDA" dnn_version_info { major: 9 minor: 10 } '
        f'device_description_str: "{name}"'
    }


PAGES = "https://cloud.google.com/tpu/docs"
NVIDIA = "https://www.nvidia.com/en-us/data-center"
HOPPER = _tensor_cores(989.5e12, 494.7e12, 67e12)

CHIPS = {
    "v4": Chip(
        *("tpu", 275e12, SPLIT, 1200e9, 32e9, 1.1e15 / 4096, 128, f"{PAGES}/v4"),
        {"chip_config_name": "megacore"},  # both cores as one device
    ),
    "v5e": Chip("tpu", 197e12, SPLIT, 819e9, 16e9, 200e9, 128, f"{PAGES}/v5e"),
    "v5p": Chip("tpu", 459e12, SPLIT, 2765e9, 95e9, 600e9, 128, f"{PAGES}/v5p"),
    "v6e": Chip("tpu", 918e12, SPLIT, 1600e9, 32e9, 400e9, 256, f"{PAGES}/v6e"),
    "h100": Chip(
        *("cuda", 989.5e12, HOPPER, 3350e9, 80e9, 450e9, 16, f"{NVIDIA}/h100"),
        _described("NVIDIA H100 80GB HBM3", 3350e9, 80e9),
    ),
    "h200": Chip(
        *("cuda", 989.5e12, HOPPER, 4800e9, 141e9, 450e9, 16, f"{NVIDIA}/h200"),
        _described("NVIDIA H200", 4800e9, 141e9),
    ),
}
"""The chips that a topology may be of. What TPUs pad to is on the page system-architecture-tpu-vm
of ``PAGES``; the peaks of GPUs are those of dense matrices, of their SXM form. The rates of links
are halves of those that count both directions; that of v4 is a chip's share in the all-reduce
bandwidth of its pod."""


def chip_of(topology: str) -> Chip:
    """The chip of a topology, ``v5e:2x4`` or ``h100:8``.

    Raises:
      UserError: it is written otherwise, or there is no such chip.
    """
    name, _, shape = topology.partition(":")
    sides = shape.split("x")
    if not all(side.isascii() and side.isdecimal() and int(side) for side in sides):
        raise UserError(
            f"--topology {topology}: give a chip and the sides of its grid, e.g. v5e:2x4 or "
            "v4:2x2x1, or how many GPUs one machine has, e.g. h100:8."
        )
    chip = CHIPS[one_of(name, CHIPS, "chip")]
    if chip.platform == "cuda" and len(sides) > 1:
        raise UserError(f"--topology {topology}: GPUs have no grid; give their number, {name}:8.")
    return chip
