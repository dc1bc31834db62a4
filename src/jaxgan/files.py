"""Files and folders that are written whole or not at all.

Content goes to a hidden name beside its place and is renamed when it is complete. So a reader
sees the old content or the new, and an error, a full disk or a kill leaves the old one. Every
part of jaxgan that writes a file which somebody may read later writes it through this module.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jaxgan.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a full disk and of a used-up quota."""


def cache_folder() -> Path:
    """``$JAXGAN_CACHE_DIR``, or ``jaxgan`` in the user's cache folder."""
    if named := os.environ.get("JAXGAN_CACHE_DIR"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jaxgan"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path``; on an error ``path`` stays as it was."""
    part = _part(path)
    try:
        yield part
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; its files become those of ``folder``, on an error none does.

    A new ``folder`` appears in one rename. In an existing one, which may be a mount point that
    nothing can be renamed to, each file replaces the one of its name, and all others stay.
    """
    existed = folder.exists()
    part = folder / _part(folder).name if existed else _part(folder)
    with _empty(part):
        yield part
        if existed:
            for file in part.iterdir():
                file.replace(folder / file.name)
        else:
            part.rename(folder)


@contextlib.contextmanager
def renewing_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which then becomes ``folder``; on an error that stays as it was.

    Nothing of an old ``folder`` stays, unlike in ``replacing_folder``.
    """
    part = _part(folder)
    with _empty(part):
        yield part
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)


@contextlib.contextmanager
def _empty(part: Path) -> Iterator[None]:
    """Makes an empty folder, and removes what is left of it at the end."""
    shutil.rmtree(part, ignore_errors=True)  # of a killed process that had the same number
    part.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Waits for every other process that is in this block for the same folder.

    For a file that is read, changed and written again.
    """
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)  # which unlocks it


@contextlib.contextmanager
def writing(path: Path | str, instead: str) -> Iterator[None]:
    """Turns an error of the file system into one line for the user.

    Args:
      path: what is being written, as the user knows it.
      instead: what to do about it, a sentence: ``Choose another --out.``

    Raises:
      UserError: with the reason; of a full disk it also says to free space.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            instead = f"Free some space. {instead}"
        reason = error.strerror or str(error)
        raise UserError(f"Cannot write {path}: {reason}. {instead}") from error


@contextlib.contextmanager
def held(path: Path) -> Iterator[int]:
    """Opens a file of rows and holds it against every other process that is in this block.

    Yields a descriptor to read and to append. A file that is replaced meanwhile is opened anew.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    yield descriptor
                    return
        finally:
            os.close(descriptor)  # which unlocks it


def append_whole(descriptor: int, piece: bytes) -> None:
    """Adds a piece to the end of an open file, whole or not at all.

    Raises:
      OSError: it could not be written, and the file is as long as before.
    """
    size, rest = os.fstat(descriptor).st_size, memoryview(piece)
    try:
        while rest:  # a disk that is nearly full takes a part
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise


class GrowingFile:
    """A file that one process appends pieces to; those that the disk refuses wait for the next.

    Attributes:
      waiting: what could not be written yet, at most ``MOST`` bytes, the oldest of it.
    """

    MOST = 2**24

    def __init__(self, path: Path):
        """Opens ``path`` or makes it.

        Raises:
          OSError: it cannot be opened.
        """
        self._path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self.waiting = b""

    def write(self, piece: bytes = b"") -> None:
        """Appends what waits, and the piece.

        Raises:
          OSError: the disk refuses them; they wait.
        """
        if len(self.waiting) + len(piece) <= self.MOST:
            self.waiting += piece
        try:
            append_whole(self._descriptor, self.waiting)
        except OSError as error:
            error.filename = str(self._path)
            raise
        self.waiting = b""

    def close(self) -> None:
        """Closes it; what waits is lost."""
        os.close(self._descriptor)


def write_json(path: Path, value: Any) -> None:
    """Writes ``value`` as indented JSON, whole or not at all."""
    with replacing(path) as part:
        part.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def is_part(path: Path) -> bool:
    """Whether it was left behind by a process that was killed while it wrote."""
    return re.fullmatch(r"\..+\.part-\d+", path.name) is not None


def remove_parts(folder: Path) -> None:
    """Removes what killed processes left in ``folder``; a process that lives may be writing."""
    with contextlib.suppress(OSError):  # they are in nobody's way
        for path in filter(is_part, folder.iterdir()):
            if not Path("/proc").is_dir() or Path("/proc", path.name.rpartition("-")[2]).exists():
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def _part(path: Path) -> Path:
    """A hidden name beside ``path``; two processes may write the same path at once."""
    return path.with_name(f".{path.name}.part-{os.getpid()}")
