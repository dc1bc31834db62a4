"""Flags of XLA, which must be set before JAX starts its devices, and what it compiles for."""

import contextlib
import contextvars
import importlib.util
import os
from collections.abc import Iterator
from importlib import metadata
from typing import Any

NO_YNNPACK_CONVOLUTIONS = (
    "--xla_cpu_experimental_ynn_fusion_type=-LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION"
)
"""Keeps convolutions on CPU in XLA's own code instead of YNNPACK's.

``scripts/benchmarks/results/cpu_convolutions.md`` has the times. Sums have another order, so the
bits of a run on CPU depend on it; it is recorded with the other flags.
"""

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Less work for LLVM: programs compile in less time, and run slower."""

NO_EMITTERS = {"xla_cpu_use_fusion_emitters": False}
"""Fusions on CPU are compiled in the older way, which takes a half of the time or less."""

KNOWN = ("0.10",)
"""Versions of jaxlib that were tried with these: XLA aborts at a flag that it does not know."""


_TARGET: contextvars.ContextVar[str] = contextvars.ContextVar("target", default="")


@contextlib.contextmanager
def tracing_for(platform: str) -> Iterator[None]:
    """What is traced inside is for devices of a platform that need not be there, e.g. ``tpu``."""
    token = _TARGET.set(platform)
    try:
        yield
    finally:
        _TARGET.reset(token)


def target() -> str:
    """The platform that programs are traced for: by default, that of JAX's devices."""
    import jax

    return _TARGET.get() or jax.default_backend()


def known() -> bool:
    """Whether the flags here were tried with the installed version of XLA."""
    return metadata.version("jaxlib").rpartition(".")[0] in KNOWN


def quick_options() -> dict[str, Any]:
    """Compiler options for programs that are looked at, not run."""
    return {**QUICK, **(NO_EMITTERS if known() else {})}


def add_flags(*flags: str) -> None:
    """Adds flags to ``XLA_FLAGS``; one that is set already, to whatever value, stays as it is."""
    given = os.environ.get("XLA_FLAGS", "")
    names = {flag.partition("=")[0] for flag in given.split()}
    new = [flag for flag in flags if flag.partition("=")[0] not in names]
    os.environ["XLA_FLAGS"] = " ".join([given, *new]).strip()


def tune_cpu() -> None:
    """Makes convolutions on CPU faster, where this version of XLA knows how.

    Does nothing once JAX has started its devices, since it would change nothing; nor beside an
    accelerator, whose plugin reads the same flags and may be of another version.
    """
    from jax._src.xla_bridge import backends_are_initialized

    if backends_are_initialized() or accelerated():
        return
    if known():
        add_flags(NO_YNNPACK_CONVOLUTIONS)


def accelerated() -> bool:
    """Whether JAX may find something else than a CPU.

    The TPU compiler may be installed on a machine without a TPU, for ``jaxgan compile``.
    """
    from jax._src.hardware_utils import num_available_tpu_chips_and_device_id

    if os.environ.get("JAX_PLATFORMS") == "cpu":
        return False
    if importlib.util.find_spec("libtpu") and num_available_tpu_chips_and_device_id()[0]:
        return True
    plugin = importlib.util.find_spec("jax_plugins") is not None
    return plugin or bool(metadata.entry_points(group="jax_plugins"))
