"""What a run ran on."""

import functools
import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from jaxgan.types import Device

PACKAGES = (
    "jaxgan",
    "jax",
    "jaxlib",
    "flax",
    "optax",
    "orbax-checkpoint",
    "grain",
    "tensorflow-datasets",
    "array_record",
    "numpy",
    "scipy",
    "pillow",
)


def describe_environment(devices: list[Device]) -> dict[str, Any]:
    """What a run ran on; bitwise equality holds within one such environment."""
    return {
        "python": platform.python_version(),
        "packages": dict(_versions()),
        "device_kind": devices[0].device_kind,
        "devices": len(devices),
        "processes": jax.process_count(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "processor": processor(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "variables": {name: value for name, value in os.environ.items() if _steers_jax(name)},
        "git_commit": git_commit(),
        "code": code_digest(),
    }


def processor() -> str:
    """The name of this machine's processor; empty if the system does not tell."""
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


@functools.cache  # of a process; reading them takes a second, and many runs may start at once
def _versions() -> dict[str, str]:
    installed = {dist.name.lower(): dist.version for dist in metadata.distributions()}
    accelerators = [
        name for name in installed if name.startswith(("jax-cuda", "nvidia-", "libtpu"))
    ]
    return {
        name: installed[name] for name in (*PACKAGES, *sorted(accelerators)) if name in installed
    }


def _steers_jax(name: str) -> bool:
    elsewhere = ("JAX_COMPILATION_CACHE_DIR", "JAX_PLATFORMS")
    return name.startswith(("JAX_", "LIBTPU_INIT_ARGS")) and name not in elsewhere


def git_commit() -> str | None:
    """Commit of the checkout that this package runs from, with ``+`` if it was changed."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(Path(__file__).parents[1]), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def code_digest() -> str:
    """Sha256 of this package's Python files."""
    root = Path(__file__).parents[1]
    sha = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        sha.update(str(file.relative_to(root)).encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def environment_changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two environments, ``name: before -> now``."""
    found = []
    for name, value in now.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            found += environment_changes(old, value)
        elif old != value and name != "git_commit":
            found.append(f"{name}: {shortened(old)} -> {shortened(value)}")
    return found


LONG = 200
"""Characters of a value that are shown."""


def shortened(value: Any) -> str:
    """The value as text; of a sha256 the first twelve digits, of a long one the beginning."""
    if isinstance(value, str) and len(value) == 64:
        return value[:12]
    text = str(value)
    return text if len(text) <= LONG else f"{text[:LONG]}..."
