"""Decodes every file of a folder once, so that an unreadable one is found at the start."""

import concurrent.futures
import contextlib
import functools
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from jaxgan.data.cache import cached
from jaxgan.data.hashes import hash_file, stats_of
from jaxgan.data.source import Rows, digest
from jaxgan.data.sources.decode import Half, UnreadableError, decode
from jaxgan.errors import UserError
from jaxgan.files import replacing


def first_shape(
    files: Sequence[Path], resolution: int | None, channels: int, half: Half | None = None
) -> tuple[int, int, int] | None:
    """The shape of the first file that can be decoded, which tells whether all fit in memory."""
    if resolution is not None:
        return (resolution, resolution, channels)
    for file in files:
        with contextlib.suppress(UnreadableError):
            height, width, _ = decode(file, channels, None, half).shape
            return (height, width, channels)
    return None


def decode_all(
    files: Sequence[Path],
    nbytes: int,
    resolution: int | None,
    channels: int,
    unreadable: str,
    where: Path,
    half: Half | None = None,
) -> tuple[list[Path], np.ndarray, str]:
    """Decodes all files, or takes what was decoded before from the cache.

    Returns:
      The files that can be read, their images, and the key under which the images are kept.
    """

    def make() -> Rows:
        decoded = functools.partial(_try, channels=channels, size=resolution, half=half)
        results = _in_threads(decoded, files)
        bad = [
            (file, result)
            for file, result in zip(files, results, strict=True)
            if isinstance(result, str)
        ]
        _refuse_bad(bad, len(files), unreadable)
        good = [i for i, result in enumerate(results) if not isinstance(result, str)]
        shapes = {results[i].shape for i in good}
        _check_one_size(shapes)
        return {
            "image": np.stack([results[i] for i in good]),
            "kept": np.array(good, np.int64),  # indices in ``files``
        }

    stats = [(str(file), *stats_of(file)) for file in files]
    halved = () if half is None else (half,)
    key = digest(stats, resolution, channels, unreadable, "lanczos", *halved)
    rows = cached(where, key, nbytes, make)
    return [files[i] for i in rows["kept"]], rows["image"], key


def check_all(
    files: Sequence[Path],
    resolution: int | None,
    channels: int,
    unreadable: str,
    where: Path,
    half: Half | None = None,
) -> tuple[list[Path], tuple[int, ...], list[str]]:
    """Decodes and hashes every file that was not decoded before.

    Returns:
      The files that can be read, the shape of an image, and the sha256 of each file's content.
    """
    halved = () if half is None else (half,)
    record = where / "jaxgan_decoded" / f"files-{digest(str(files[0].parent), *halved)[:16]}.json"
    known: dict[str, list] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(record.read_text())

    def check(file: Path) -> list:
        """[size, time, height, width, sha256, reason]; no reason for a readable file."""
        stat = list(stats_of(file))
        old = known.get(str(file))
        if old is not None and old[:2] == stat:
            return old
        result = _try(file, channels=channels, size=None, half=half)
        if isinstance(result, str):
            return [*stat, 0, 0, "", result]
        return [*stat, *result.shape[:2], hash_file(file), ""]

    checks = _in_threads(check, files)
    with contextlib.suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        with replacing(record) as part:
            part.write_text(json.dumps(dict(zip(map(str, files), checks, strict=True))))
    bad = [(file, v[5]) for file, v in zip(files, checks, strict=True) if v[5]]
    _refuse_bad(bad, len(files), unreadable)
    good = [(file, v) for file, v in zip(files, checks, strict=True) if not v[5]]
    if resolution is None:
        _check_one_size({(v[2], v[3], channels) for _, v in good})
    side = good[0][1]
    shape = (resolution or side[2], resolution or side[3], channels)
    return [file for file, _ in good], shape, [v[4] for _, v in good]


def _try(file: Path, *, channels: int, size: int | None, half: Half | None) -> np.ndarray | str:
    try:
        return decode(file, channels, size, half)
    except UnreadableError as error:
        return str(error) or "unreadable"


def _refuse_bad(bad: Sequence[tuple[Path, str]], total: int, unreadable: str) -> None:
    if not bad:
        return
    if unreadable == "refuse" or len(bad) == total:
        raise UserError(refusal(bad))


def say_what_is_skipped(skipped: Sequence[Path], total: int) -> None:
    """Says at every start which files are left out: fewer samples must never be a surprise."""
    if skipped:
        names = ", ".join(str(file) for file in skipped[:5])
        more = f" and {len(skipped) - 5} more" if len(skipped) > 5 else ""
        Console(stderr=True, soft_wrap=True).print(
            f"Skipped {len(skipped)} of {total} images that cannot be read: {names}{more}",
            markup=False,
        )


def refusal(bad: Sequence[tuple[Path, str]]) -> str:
    """The message about files that cannot be decoded, given as (file, reason)."""
    file, reason = bad[0]
    more = f", and {len(bad) - 1} more files like it" if len(bad) > 1 else ""
    return (
        f"{file} cannot be read ({reason}){more}. Repair or remove them, or leave them out with "
        "--unreadable skip."
    )


def _check_one_size(shapes: set[tuple[int, ...]]) -> None:
    if len(shapes) > 1:
        a, b = sorted(shapes)[:2]
        raise UserError(
            f"The images differ in size ({a[1]}x{a[0]} and {b[1]}x{b[0]}, for example). "
            "Give one with --resolution, e.g. --resolution 64."
        )


def _in_threads(function, files: Sequence[Path]) -> list:
    """``function`` of every file; Pillow decodes outside Python's lock."""
    console = Console(stderr=True)
    with (
        concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        results = pool.map(function, files)
        return list(progress.track(results, total=len(files), description="Decoding images"))
