"""Eight simulated devices, shapes checked at run time, and four tiers of tests.

Without ``-m``, the fast tests are run. ``-m slow`` runs those that take minutes, ``-m long`` those
that are run by hand (``tests/long.md`` says when they last were), ``-m device`` those that need an
accelerator, and ``-m faults --runs N`` those that break things at random.
"""

import gc
import importlib.metadata
import itertools
import os

import pytest

TIERS = ("slow", "long", "device", "faults")

DEVICES = "--xla_force_host_platform_device_count=8"

FASTER = ("--xla_cpu_use_fusion_emitters=false", "--xla_cpu_parallel_codegen_split_count=1")
"""Compiling takes 60 % of the time with the first, and 80 % of that with the second, on one core:
each process of the tests has one. XLA aborts at a flag that its version does not know."""

CHECKED = (
    "augment",
    "ema",
    "forward",
    "game.step",
    "losses",
    "nets",
    "nn",
    "penalties",
    "optim",
    "rng",
)
"""Modules whose annotated shapes and dtypes are checked when their functions are called.

Not those that define pytrees: JAX fills them with things that are not arrays.
"""


def known(flags):
    """The flags, where the installed XLA has them."""
    version = importlib.metadata.version("jaxlib").split(".")
    return flags if version[:2] == ["0", "10"] else ()


def share_mlir_contexts(programs=100):
    """One MLIR context for so many programs.

    JAX makes a new one for each, a fifth of what it takes to compile a program of one operation;
    most are as small. Kept for all, it would hold their constants to the end.
    """
    from jax._src.interpreters import mlir

    make = mlir.make_ir_context
    count, made = itertools.count(), []

    def shared():
        if next(count) % programs == 0:
            made[:] = [make()]
        return made[0]

    mlir.make_ir_context = shared


def name(flag):
    """The flag without its value."""
    return flag.partition("=")[0]


def share_compilations(config):
    """One compilation of each program for all processes of the tests, and for the next time.

    The limit makes JAX lock the folder, which the processes read and write at the same time.
    """
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(config.cache.mkdir("compiled")))
    os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(2**31))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def pytest_addoption(parser):
    parser.addoption("--runs", type=int, default=4, help="-m faults: kills of each kind")
    parser.addoption("--table", default=None, help="-m faults: file to write a table to")


def pytest_configure(config):
    marks = config.option.markexpr
    if not marks:
        config.option.markexpr = " and ".join(f"not {tier}" for tier in TIERS)
    if "device" not in marks or "not device" in marks:
        os.environ["JAX_PLATFORMS"] = "cpu"
        # Compiling takes most of the time. Set to 0, with XLA_FLAGS that turn the emitters on,
        # programs are compiled as users' are; CI does so for what must be exact.
        os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
        # Threads that wait for each other: two processes have two cores.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        flags = os.environ.get("XLA_FLAGS", "")
        faster = () if any(name(flag) in flags for flag in FASTER) else known(FASTER)
        more = [flag for flag in (DEVICES, *faster) if name(flag) not in flags]
        os.environ["XLA_FLAGS"] = " ".join([flags, *more]).strip()
    share_compilations(config)
    if known(FASTER):
        share_mlir_contexts()

    from jaxtyping import install_import_hook

    install_import_hook([f"jaxgan.{name}" for name in CHECKED], "beartype.beartype")


def pytest_collection_finish():
    """Looks for garbage less often, and not among what was imported: a twelfth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture
def strict():
    """No implicit promotion of ranks or dtypes (which optax and Flax rely on)."""
    import jax

    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield
