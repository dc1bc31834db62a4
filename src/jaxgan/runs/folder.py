"""The run folder: its files, its lock, and reading its description."""

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.files import write_json

FORMAT = 1
"""Version of the run folder's layout; a reader refuses a newer one."""


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


def create_folder(folder: RunFolder, description: dict[str, Any], experiment: Experiment) -> None:
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


def read_description(folder: RunFolder) -> dict[str, Any]:
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
