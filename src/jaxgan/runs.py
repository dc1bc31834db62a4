"""The run folder: what a run is, written so that it can be resumed, read and rebuilt."""

import ast
import contextlib
import dataclasses
import difflib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

import jaxgan
from jaxgan.errors import UserError
from jaxgan.experiment import Data, Experiment, load_experiment
from jaxgan.settings import Identity
from jaxgan.types import Device

FORMAT = 1
"""Version of the run folder's layout; a reader refuses a newer one."""

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


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """Names of what a run folder holds."""

    path: Path

    @property
    def config(self) -> Path:
        """Every setting, and where and with what it ran."""
        return self.path / "config.json"

    @property
    def experiment(self) -> Path:
        """The copy of the experiment file, from which networks are rebuilt."""
        return self.path / "experiment.py"

    @property
    def status(self) -> Path:
        """How the run stands: running, finished, interrupted or diverged."""
        return self.path / "status.json"

    @property
    def metrics(self) -> Path:
        """One JSON row per log."""
        return self.path / "metrics.jsonl"

    @property
    def evaluations(self) -> Path:
        """One stamped score per row."""
        return self.path / "evaluations.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Orbax's folder."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Sample grids by step."""
        return self.path / "samples"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard events."""
        return self.path / "tensorboard"

    @property
    def profile(self) -> Path:
        """Traces."""
        return self.path / "profile"

    @property
    def curves(self) -> Path:
        """Loss curves."""
        return self.path / "curves.png"

    @property
    def interpolation(self) -> Path:
        """Latent interpolations."""
        return self.path / "interpolation.png"


def write_json(path: Path, value: Any) -> None:
    """Writes atomically: a reader sees the old file or the whole new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value, indent=2, sort_keys=False) + "\n")
    os.replace(part, path)


def describe(
    experiment: Experiment, config: Any, identity: Identity, data: dict[str, Any], steps: int
) -> dict[str, Any]:
    """What identifies a run, as JSON."""
    settings = dataclasses.asdict(identity)
    settings["data"] = data["name"]  # however its path was written
    if experiment.reads_steps:
        settings["steps"] = steps
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        "config": _plain(dataclasses.asdict(config)),
        "identity": _plain(settings),
        "data": _plain(data),
    }


def environment(devices: list[Device]) -> dict[str, Any]:
    """What a run ran on; bitwise equality holds within one such environment."""
    return {
        "python": platform.python_version(),
        "packages": _versions(),
        "device_kind": devices[0].device_kind,
        "devices": len(devices),
        "processes": jax.process_count(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "variables": {name: value for name, value in os.environ.items() if _steers_jax(name)},
        "git_commit": git_commit(),
        "code": code_digest(),
    }


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
        command = ["git", "-C", str(Path(jaxgan.__file__).parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


BUDGET = (
    "steps",
    "results",
    "ablations",
    "smoke",
    "evaluate_every",
    "evaluate_num",
    "evaluate_metrics",
    "standing_batches",
)
"""What an ``Experiment`` declares beside the run itself; a resume may change it."""


def code_changes(recorded: Path, live: Path) -> list[str]:
    """Lines of code that differ between two versions of an experiment file.

    Comments, docstrings, layout and the declarations of ``BUDGET`` do not count.
    """
    if _reduced(recorded) == _reduced(live):
        return []
    before, after = (file.read_text().splitlines() for file in (recorded, live))
    lines = difflib.unified_diff(before, after, lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def _reduced(file: Path) -> str:
    """The file's code without text and budgets, laid out by this Python."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept: Any = [line for line in body if not _is_text(line)]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Experiment":
            node.keywords = [word for word in node.keywords if word.arg not in BUDGET]
    return ast.unparse(tree)


def _is_text(line: ast.AST) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
    )


@contextlib.contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Makes the run folder and holds it for one writer; the lock goes with the process.

    Raises:
      UserError: it cannot be made, or another process trains this run.
    """
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        held = os.open(folder.path, os.O_RDONLY)
    except OSError as error:
        raise UserError(
            f"Cannot write the run folder {folder.path}: {error.strerror}. "
            "Choose another --workdir."
        ) from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"Another process trains {folder.path}; wait for it, or use another --workdir."
            ) from None
        yield
    finally:
        os.close(held)


def code_digest() -> str:
    """Sha256 of this package's Python files."""
    root = Path(jaxgan.__file__).parent
    sha = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        sha.update(str(file.relative_to(root)).encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def create(folder: RunFolder, description: dict[str, Any], experiment: Experiment) -> None:
    """Fills a new run folder.

    Raises:
      UserError: it cannot be written, or holds something that is not a run.
    """
    try:
        if any(folder.path.iterdir()):
            raise UserError(
                f"{folder.path} holds files but no run (no config.json); choose another --workdir."
            )
        shutil.copyfile(experiment.file, folder.experiment)
        write_json(folder.config, description)
    except OSError as error:
        for half in (folder.experiment, folder.config.with_name(folder.config.name + ".part")):
            with contextlib.suppress(OSError):  # or the next try would find files but no run
                half.unlink()
        raise UserError(
            f"Cannot write the run folder {folder.path}: {error.strerror}. "
            "Choose another --workdir."
        ) from error


def read(folder: RunFolder) -> dict[str, Any]:
    """The run's description.

    Raises:
      UserError: there is no run, or its config.json is damaged or newer than this program.
    """
    try:
        description = json.loads(folder.config.read_text())
        version = int(description["format"])
        parts = ("config", "identity", "data", "environment")
        if version <= FORMAT and any(not isinstance(description[part], dict) for part in parts):
            raise TypeError(f"{', '.join(parts)} must be objects")
        if version <= FORMAT and not description["launches"]:
            raise ValueError("no launch is recorded")
    except NotADirectoryError:
        raise UserError(f"{folder.path} is not a folder; name the run folder.") from None
    except FileNotFoundError:
        raise UserError(f"No run in {folder.path}: it has no config.json.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder.config} is damaged ({type(error).__name__}: {error}); restore it or start "
            "anew in another --workdir."
        ) from error
    if version > FORMAT:
        raise UserError(
            f"{folder.path} has format {version}; this jaxgan reads up to {FORMAT}. Update jaxgan."
        )
    return description


def compare(
    recorded: dict[str, Any], wanted: dict[str, Any], folder: RunFolder, experiment: Experiment
) -> None:
    """Checks that a resume is the same run.

    Raises:
      UserError: with every difference, setting by setting.
    """
    differences = []
    if folder.experiment.is_file():
        code = code_changes(folder.experiment, experiment.file)
        if code:
            more = ", ..." if len(code) > 4 else ""
            shown = ", ".join(" ".join(line.split())[:80] for line in code[:4])
            differences.append(f"code of {experiment.file.name}: {shown}{more}")
    for part in ("experiment", "config", "identity", "data"):
        old, new = recorded.get(part), wanted[part]
        if not isinstance(new, dict):
            old, new = {part: old}, {part: new}
        old = old if isinstance(old, dict) else {}
        for name in sorted({str(name) for name in (*old, *new)}):
            before, after = old.get(name), new.get(name)
            if before != after:
                differences.append(f"{name}: {_short(before)} -> {_short(after)}")
    if differences:
        raise UserError(
            f"{folder.path} holds another run ({'; '.join(differences)}). "
            "Give the same settings to resume it, or another --workdir."
        )


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two environments, ``name: before -> now``."""
    found = []
    for name, value in now.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            found += changes(old, value)
        elif old != value and name != "git_commit":
            found.append(f"{name}: {_short(old)} -> {_short(value)}")
    return found


def _short(value: Any) -> str:
    return str(value)[:12] if isinstance(value, str) and len(value) == 64 else str(value)


def rebuild(folder: RunFolder) -> tuple[Experiment, Any, Data, dict[str, Any]]:
    """The run's experiment, config, data shape and description, from its folder alone."""
    description = read(folder)
    experiment = load_experiment(folder.experiment)
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in description["config"].items()
    }
    try:
        config = experiment.config(**values)
    except TypeError as error:
        raise UserError(f"{folder.experiment} does not fit {folder.config}: {error}.") from error
    data = description["data"]
    return experiment, config, Data(tuple(data["shape"]), data["classes"]), description


def _plain(value: Any) -> Any:
    """The value as JSON would return it: tuples become lists, paths strings."""
    return json.loads(json.dumps(value, default=str))
