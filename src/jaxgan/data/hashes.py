"""The sha256 of a data set, computed once and kept.

Hashing takes seconds to minutes, so the result is kept in jaxgan's cache folder for as long as the
names, sizes and modification times of the files stay the same.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import Progress

from jaxgan.data.source import digest
from jaxgan.files import cache_folder, write_json

T = TypeVar("T")


def kept(key: Any, make: Callable[[], T]) -> T:
    """``make()``, or what it returned the last time for this key.

    A damaged entry is made again. A folder that cannot be written to is no error.

    Args:
      key: what the result depends on, as JSON can hold it.
      make: computes the result, which JSON can hold.
    """
    path = cache_folder() / "data_sha256" / f"{digest(key)}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return json.loads(path.read_text())["sha256"]
    found = make()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"sha256": found})
    return found


def stats_of(file: Path) -> tuple[int, int]:
    """Size in bytes and modification time in nanoseconds; zeros for a broken link."""
    try:
        stat = file.stat()
    except OSError:
        return (0, 0)
    return (stat.st_size, stat.st_mtime_ns)


def hash_file(file: Path) -> str:
    """The sha256 (hex) of a file's content."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def hash_files(files: Sequence[Path], what: str) -> list[str]:
    """The sha256 (hex) of each file's content, by several threads.

    Args:
      files: the files.
      what: what they hold, for the progress bar.
    """
    console = Console(stderr=True)
    with (
        concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        hashes = pool.map(hash_file, files)
        return list(progress.track(hashes, total=len(files), description=f"Hashing {what}, once"))
