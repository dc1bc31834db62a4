"""The run folder: its files, its lock, and reading its description."""

import contextlib
import dataclasses
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.files import FULL, remove_parts, write_json, writing
from jaxgan.runs.disk import Disk, reason

FORMAT = 2
"""Version of the run folder's layout; a reader refuses every other one."""

READERS = {1: "0.1.0"}
"""Older formats, and the last version of jaxgan that reads each."""


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
        """A score and its protocol per row."""
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


def run_folder(experiment: Experiment, workdir: Path | None) -> RunFolder:
    """The folder of a run: ``workdir``, or ``runs/NAME``."""
    return RunFolder(workdir or Path("runs") / experiment.name)


class Status:
    """How a run stands, in ``status.json``.

    Use as a context manager: an exception that leaves it is written as ``failed``, Ctrl-C as
    ``interrupted``: it is no fault of the run, which can go on.

    Attributes:
      step: the last step that was reached.
    """

    def __init__(self, folder: RunFolder, writing: bool = True, disk: Disk | None = None):
        """Writes nothing yet.

        Args:
          folder: of the run.
          writing: False in the processes of a job that leave writing to the first one.
          disk: told of a status that cannot be written; what it notes is part of every status.
        """
        self.step = 0
        self._folder, self._writing, self._disk = folder, writing, disk or Disk()

    def write(self, outcome: str, note: str = "") -> None:
        """Says that the run is ``running``, ``finished``, ``interrupted``, ``diverged``, ..."""
        if not self._writing:
            return
        note = "; ".join(part for part in (note, self._disk.note) if part)
        row = {"outcome": outcome, "step": self.step, "note": note}
        with self._disk.tolerated("the status", self._folder.status):
            try:
                write_json(self._folder.status, row)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                _overwrite_json(self._folder.status, row)

    def __enter__(self) -> "Status":
        return self

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.write("interrupted", "stopped at once by Ctrl-C")
        elif error is not None:
            self.write("failed", str(error).partition("\n")[0] or repr(error))


def _overwrite_json(path: Path, value: Any) -> None:
    """Writes ``value`` over a small file, which then needs no more of a full disk than it has.

    Raises:
      OSError: there is no such file, or it cannot be written.
    """
    with path.open("r+b", buffering=0) as file:
        file.truncate(file.write(json.dumps(value).encode()))


class Recorded(NamedTuple):
    """How a run stands, as it wrote it itself."""

    outcome: str
    step: int
    note: str


def read_status(folder: RunFolder) -> Recorded | None:
    """How the run says that it stands; None if it has not written it.

    Raises:
      UserError: the file is damaged.
    """
    try:
        found = json.loads(folder.status.read_text())
        return Recorded(str(found["outcome"]), int(found["step"]), str(found.get("note", "")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder.status} is damaged ({error!r}).") from error


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
        if not _taken(held):
            raise UserError(
                f"Another process trains {folder.path}; wait for it, or use another --workdir."
            )
        for place in (folder.path, folder.samples):
            remove_parts(place)
        yield
    finally:
        os.close(held)


LOOK = 0.5
"""Seconds after which who holds a run folder is taken to train the run."""


def _taken(held: int) -> bool:
    """Whether this process now has the lock.

    It tries for ``LOOK`` seconds: to see whether a run is trained, others hold it for a moment.
    """
    deadline = time.monotonic() + LOOK
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK / 20)


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
        with contextlib.suppress(OSError):  # or the next try would find files but no run
            folder.experiment.unlink()
        raise UserError(
            f"Cannot write the run folder {folder.path}: {reason(error)}. Choose another --workdir."
        ) from error


def record_rollback(folder: RunFolder, row: Mapping[str, Any]) -> None:
    """Adds to the description that the run went back: ``from`` and ``to`` which step, and why.

    Raises:
      UserError: it cannot be read or written.
    """
    described = read_description(folder)
    described["rollbacks"] = [*described.get("rollbacks", []), dict(row)]
    with writing(folder.config, "Make access, and run the same command again."):
        write_json(folder.config, described)


def _check(description: Mapping[str, Any]) -> None:
    """Checks that the parts that are read everywhere are there.

    Raises:
      KeyError, TypeError, ValueError: one is missing, or is something else.
    """
    parts = ("config", "training", "data", "environment")
    if any(not isinstance(description[part], dict) for part in parts):
        raise TypeError(f"{', '.join(parts)} must be objects")
    int(description["training"]["seed"])
    if not isinstance(description["experiment"], str):
        raise TypeError("experiment must be a name")
    if not description["launches"]:
        raise ValueError("no launch is recorded")
    for launch in description["launches"]:
        int(launch["runtime"]["steps"])
        int(launch["environment"]["devices"])


def read_description(folder: RunFolder) -> dict[str, Any]:
    """The run's description.

    Raises:
      UserError: there is no run, or its config.json is damaged or of another format.
    """
    try:
        description = json.loads(folder.config.read_text())
        version = int(description["format"])
        if version == FORMAT:
            _check(description)
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
            f"{folder.path} has format {version}; this jaxgan reads format {FORMAT}. Update jaxgan."
        )
    if version < FORMAT:
        reader = READERS.get(version, "another version")
        raise UserError(
            f"{folder.path} has format {version}, which jaxgan {reader} reads; this one reads "
            f"format {FORMAT}. Install that version, or train the run again."
        )
    return description
