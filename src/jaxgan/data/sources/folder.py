"""A folder of image files, with class subfolders as labels."""

import concurrent.futures
import contextlib
import functools
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console
from rich.progress import Progress

from jaxgan.data.cache import CACHE_BYTES, cached
from jaxgan.data.source import Rows, Source, digest
from jaxgan.data.sources.decode import UnreadableError, decode
from jaxgan.data.splits import split_places
from jaxgan.errors import UserError
from jaxgan.files import replacing

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SPLITS = ("train", "test", "validation", "val")


def open_folder(
    folder: Path,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Literal["refuse", "skip"] = "refuse",
    data_dir: str | None = None,
) -> Source:
    """Opens a folder of jpg, png, webp and bmp files.

    Subfolders named ``train``, ``test``, ``validation`` or ``val`` are splits; without them all
    files are the split ``train``. Below that, the first level of subfolders are the classes, in
    sorted order; files directly in the folder, or in a single subfolder, have no labels.

    Every file is decoded once when the folder is opened, so that an unreadable one is found then
    and not hours into training. Up to 1 GiB the decoded images are kept (in memory, and under the
    data folder for the next start); beyond, only the verdict on each file is.

    Args:
      folder: the folder.
      split: TFDS's split syntax.
      resolution: see ``images.fit``.
      channels: 1 or 3, which is the default.
      unreadable: ``refuse`` the folder, or ``skip`` the files and say so.
      data_dir: where the results of decoding are kept.

    Raises:
      UserError: no such folder or split, no images, unreadable files, or images of several sizes
        without a resolution.
    """
    from jaxgan.data.sources.tfds import resolve_data_dir

    if unreadable not in ("refuse", "skip"):
        raise UserError(f"Unreadable images can be refused or skipped, not: {unreadable}.")
    folder = folder.expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Check the path after folder:.")
    names = [name for name in SPLITS if (folder / name).is_dir()]
    roots = {name: folder / name for name in names} if "train" in names else {"train": folder}
    listed = {name: _list(root) for name, root in roots.items()}
    depth = 1 if len(roots) > 1 or roots["train"] != folder else 0
    parts = (
        split_places(split, {name: len(files) for name, files in listed.items()})
        if any(listed.values())
        else []
    )
    if not parts:
        raise UserError(
            f"{folder} holds no images. Put {', '.join(s[1:] for s in SUFFIXES)} files there."
        )
    class_names = _classes(folder, [f for files in listed.values() for f in files], depth, roots)
    asked = [listed[name][place] for name, places in parts for place in places]
    channels = channels or 3
    where = resolve_data_dir(data_dir)

    first = _first_shape(asked, resolution, channels)
    nbytes = len(asked) * math.prod(first) if first else 0
    if nbytes <= CACHE_BYTES:
        files, image = _decoded(asked, nbytes, resolution, channels, unreadable, where)
        shape, content = image.shape[1:], [image]

        def read(places: np.ndarray) -> Rows:
            return _labelled({"image": image[places]}, labels, places)

    else:
        files, shape = _verified(asked, resolution, channels, unreadable, where)
        content = []  # too much to read at every start: names and sizes must do

        def read(places: np.ndarray) -> Rows:
            images = np.empty((len(places), *shape), np.uint8)
            for i, place in enumerate(places):
                try:
                    images[i] = decode(files[place], channels, resolution)
                except UnreadableError as error:
                    raise UserError(_refusal([(files[place], str(error))])) from error
            return _labelled({"image": images}, labels, places)

    kept = set(files)
    _tell([file for file in asked if file not in kept], len(asked))
    labels = _labels(files, class_names, depth, folder)
    sizes = [(file.relative_to(folder).as_posix(), file.stat().st_size) for file in files]
    return Source(
        name=f"folder:{folder.resolve().name}",
        split=split,
        size=len(files),
        shape=shape,
        read=read,
        fingerprint=digest(sizes, resolution, channels, "lanczos", *content),
        classes=len(class_names) if class_names else None,
        class_names=class_names,
    )


def _list(root: Path) -> list[Path]:
    """Image files below ``root`` in the order of their paths; hidden ones are left out."""
    found: list[Path] = []
    seen: set[str] = set()
    # Linked folders are followed (data are often linked together), each only once.
    for path, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(path)
        folders[:] = [f for f in folders if not f.startswith(".")] if real not in seen else []
        if real in seen:
            continue
        seen.add(real)
        found += [
            Path(path, name)
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    return sorted(found, key=lambda file: file.relative_to(root).as_posix())


def _classes(
    folder: Path, files: Sequence[Path], depth: int, roots: dict[str, Path]
) -> tuple[str, ...]:
    names = {_class_of(file, depth, folder) for file in files}
    if None in names and len(names) > 1:
        loose = next(file for file in files if _class_of(file, depth, folder) is None)
        raise UserError(
            f"{folder} has class subfolders, but {loose.name} lies beside them. Move such files "
            "into a class, or out of the folder."
        )
    known = sorted(name for name in names if name is not None)
    return tuple(known) if len(known) > 1 else ()


def _class_of(file: Path, depth: int, folder: Path) -> str | None:
    parts = file.relative_to(folder).parts[depth:]
    return parts[0] if len(parts) > 1 else None


def _labels(
    files: Sequence[Path], classes: tuple[str, ...], depth: int, folder: Path
) -> np.ndarray | None:
    if not classes:
        return None
    numbers = {name: i for i, name in enumerate(classes)}
    return np.array([numbers[str(_class_of(file, depth, folder))] for file in files], np.int32)


def _labelled(rows: Rows, labels: np.ndarray | None, places: np.ndarray) -> Rows:
    return rows if labels is None else {**rows, "label": labels[places]}


def _first_shape(
    files: Sequence[Path], resolution: int | None, channels: int
) -> tuple[int, int, int] | None:
    """The shape of the first file that can be decoded; it decides about keeping or streaming."""
    if resolution is not None:
        return (resolution, resolution, channels)
    for file in files:
        with contextlib.suppress(UnreadableError):
            height, width, _ = decode(file, channels, None).shape
            return (height, width, channels)
    return None


def _decoded(
    files: Sequence[Path],
    nbytes: int,
    resolution: int | None,
    channels: int,
    unreadable: str,
    where: Path,
) -> tuple[list[Path], np.ndarray]:
    """All images in memory: the files that could be read, and their images."""

    def make() -> Rows:
        results = _in_threads(functools.partial(_try, channels=channels, size=resolution), files)
        bad = [
            (file, result)
            for file, result in zip(files, results, strict=True)
            if isinstance(result, str)
        ]
        _judge(bad, len(files), unreadable)
        good = [i for i, result in enumerate(results) if not isinstance(result, str)]
        shapes = {results[i].shape for i in good}
        _one_size(shapes)
        return {
            "image": np.stack([results[i] for i in good]),
            "kept": np.array(good, np.int64),  # places in ``files``
        }

    stats = [(str(file), *_stat(file)) for file in files]
    key = digest(stats, resolution, channels, unreadable, "lanczos")
    rows = cached(where, key, nbytes, make)
    return [files[i] for i in rows["kept"]], rows["image"]


def _verified(
    files: Sequence[Path],
    resolution: int | None,
    channels: int,
    unreadable: str,
    where: Path,
) -> tuple[list[Path], tuple[int, ...]]:
    """Decodes every file that was not decoded before: the good ones, and their shape."""
    record = where / "jaxgan_decoded" / f"verdicts-{digest(str(files[0].parent))[:16]}.json"
    known: dict[str, list] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(record.read_text())

    def verdict(file: Path) -> list:
        """[size, time, height, width, reason]; the reason is empty for a readable file."""
        stat = list(_stat(file))
        old = known.get(str(file))
        if old is not None and old[:2] == stat:
            return old
        result = _try(file, channels=channels, size=None)
        return [*stat, 0, 0, result] if isinstance(result, str) else [*stat, *result.shape[:2], ""]

    verdicts = _in_threads(verdict, files)
    with contextlib.suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        with replacing(record) as part:
            part.write_text(json.dumps(dict(zip(map(str, files), verdicts, strict=True))))
    bad = [(file, v[4]) for file, v in zip(files, verdicts, strict=True) if v[4]]
    _judge(bad, len(files), unreadable)
    good = [(file, v) for file, v in zip(files, verdicts, strict=True) if not v[4]]
    if resolution is None:
        _one_size({(v[2], v[3], channels) for _, v in good})
    side = good[0][1]
    return [f for f, _ in good], (resolution or side[2], resolution or side[3], channels)


def _try(file: Path, *, channels: int, size: int | None) -> np.ndarray | str:
    try:
        return decode(file, channels, size)
    except UnreadableError as error:
        return str(error) or "unreadable"


def _stat(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return (0, 0)  # a broken link: decoding says so
    return (stat.st_size, stat.st_mtime_ns)


def _judge(bad: Sequence[tuple[Path, str]], total: int, unreadable: str) -> None:
    if not bad:
        return
    if unreadable == "refuse" or len(bad) == total:
        raise UserError(_refusal(bad))


def _tell(skipped: Sequence[Path], total: int) -> None:
    """Says at every start which files are left out: fewer samples must never be a surprise."""
    if skipped:
        names = ", ".join(str(file) for file in skipped[:5])
        more = f" and {len(skipped) - 5} more" if len(skipped) > 5 else ""
        Console(stderr=True, soft_wrap=True).print(
            f"Skipped {len(skipped)} of {total} images that cannot be read: {names}{more}",
            markup=False,
        )


def _refusal(bad: Sequence[tuple[Path, str]]) -> str:
    file, reason = bad[0]
    more = f", and {len(bad) - 1} more files like it" if len(bad) > 1 else ""
    return (
        f"{file} cannot be read ({reason}){more}. Repair or remove them, or leave them out with "
        "--unreadable skip."
    )


def _one_size(shapes: set[tuple[int, ...]]) -> None:
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
