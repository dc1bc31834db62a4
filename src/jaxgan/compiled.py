"""Compiled programs are kept on disk, so that the next process need not compile them again."""

import contextlib
import functools
import hashlib
import os
import platform
import time
import warnings
from pathlib import Path
from typing import Any

from jaxgan.files import cache_folder

SETTINGS: dict[str, Any] = {
    "jax_compilation_cache_max_size": 2**30,
    "jax_persistent_cache_min_compile_time_secs": 0.1,
}
"""JAX's settings of the cache: the least recently used programs go once there is 1 GiB of them."""

WRITING = 60.0
"""Seconds within which an entry is written to its end."""


def keep_programs() -> None:
    """Keeps what this process compiles in ``compiled`` of jaxgan's cache folder, and uses it.

    Does nothing where the user has named another folder (``JAX_COMPILATION_CACHE_DIR``) or wants
    none (``JAX_ENABLE_COMPILATION_CACHE=0``), nor where the folder cannot be written.
    """
    import jax
    from jax._src import cache_key

    if jax.config.jax_compilation_cache_dir or not jax.config.jax_enable_compilation_cache:  # type: ignore
        return
    folder = cache_folder() / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # who can write there runs code here
        _remove_torn(folder)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    # That a program cannot be kept is nothing that a user must hear of, once for each program: e.g.
    # because another process was killed while it wrote one.
    message = "Error (reading|writing) persistent compilation cache entry"
    warnings.filterwarnings("ignore", message, UserWarning)
    # JAX's own key of a program leaves out what CPU code depends on.
    cache_key.custom_hook = machine
    jax.config.update("jax_compilation_cache_dir", str(folder))
    for name, value in SETTINGS.items():
        if name.upper() not in os.environ:
            jax.config.update(name, value)


@functools.cache
def machine() -> str:
    """What code for this machine's CPU depends on: a sha256 of instructions and number of cores.

    Code with instructions that another processor lacks would crash there, and sums are divided
    among as many cores as there were at compile time, which the last bits of a result depend on.
    """
    told = Path("/proc/cpuinfo")
    of_first = told.read_text().partition("\n\n")[0].splitlines() if told.is_file() else []
    named = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    kind = [line for line in of_first if line.startswith(named)] or [platform.processor()]
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    return hashlib.sha256(repr((platform.machine(), kind, cores)).encode()).hexdigest()


def _remove_torn(folder: Path) -> None:
    """Removes entries that were not written to their end.

    JAX notes the time of an entry after the entry itself, and never replaces one. Without its time
    an entry may be torn, and the cache could not find out which is the oldest. One that is younger
    than ``WRITING`` may be another process's, which is still at it.
    """
    for entry in folder.glob("*-cache"):
        if not entry.with_name(f"{entry.name.removesuffix('-cache')}-atime").exists():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - entry.stat().st_mtime > WRITING:
                    entry.unlink()
