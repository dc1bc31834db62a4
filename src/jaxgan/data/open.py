"""Opens a data set by the name that the command line takes."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from jaxgan.data.modality import PAIRS, UNPAIRED, Modality
from jaxgan.data.source import Source, refuse_picture_flags
from jaxgan.errors import NoSplitError, UserError

Unreadable = Literal["refuse", "skip"]


def open_source(
    spec: str,
    split: str = "train",
    *,
    data_dir: str | None = None,
    resolution: int | None = None,
    channels: int | None = None,
    unreadable: Unreadable = "refuse",
    modality: Modality | None = None,
) -> Source:
    """Opens a data set by its name.

    Args:
      spec: a TFDS name (``fashion_mnist``, ``my_set/config:1.0.0``), ``folder:PATH`` or an existing
        folder, ``zip:FILE`` (``open_zip``), ``npz:PATH`` or a path that ends in ``.npz``, or a toy:
        ``ring``, ``grid``, ``swiss_roll``; or ``stacked_mnist`` (``stacked_mnist:COUNT``), digits
        as channels. Of clips: ``shape_motion`` (``shape_motion:FRAMES``), ``moving_mnist``
        (``moving_mnist:FRAMES``), or ``clips:PATH`` (``open_clips``). Of text: ``oracle``
        (``open_oracle``), a TFDS name (``sentences``, ``sentences:WORDS``), or ``text:FILE`` and
        ``characters:FILE`` (``open_text``). Of sounds: a TFDS name (``syllables``,
        ``syllables:SAMPLES``), or ``sounds:PATH`` (``open_sounds``). Of pairs of images: a TFDS
        name (``glyphs/32``), or ``pairs:PATH`` (``open_pairs``); of images of two kinds:
        ``unpaired:PATH_A,PATH_B`` or ``unpaired:PATH`` (``open_unpaired``), or ``unpaired:`` before
        pairs: ``unpaired:glyphs/32``, of which ``train`` (and its parts) is ``without_partners``,
        and every other split keeps its true pairs, for scores. ``backward:`` before any of them
        swaps source and target.
      split: TFDS's split syntax, on every route: ``train``, ``test``, ``train[:90%]``.
      data_dir: TFDS's data folder; by default ``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``.
      resolution: center crop to a square and resize to this side, with Lanczos filtering; None
        keeps the size that the images have.
      channels: 1 or 3; None for what the data have (folders: 3).
      unreadable: for images of a folder that cannot be decoded: ``refuse`` the folder, or ``skip``
        them.
      modality: what the samples of an npz file are; None for images or points.

    Raises:
      UserError: the data are unknown, missing or damaged; the message says what to do.
    """
    if resolution is not None and resolution < 1:
        raise UserError(f"The resolution {resolution} is not a positive number of pixels.")
    if channels not in (None, 1, 3):
        raise UserError(f"Images can have 1 or 3 channels, not {channels}.")
    source = _opened(spec, split, data_dir, resolution, channels, unreadable, modality)
    if resolution is None or source.preparation != "none":
        return source
    return dataclasses.replace(source, preparation=f"center crop, Lanczos to {resolution}, uint8")


def optional_split(opened: Callable[[str], Source], split: str) -> Source | None:
    """The split, or None if the data have none of this name."""
    try:
        return opened(split)
    except UserError:
        return None


def held_out_rows(opened: Callable[[str], Source], trained: str) -> Source:
    """The rows that samples are made from where they are made from data.

    The split ``test`` where there is one, or ``validation`` or ``val``, else that of the training.

    Raises:
      UserError: such a split is there, and cannot be read.
    """
    for split in ("test", "validation", "val"):
        with contextlib.suppress(NoSplitError):
            return opened(split)
    return opened(trained)


def path_of(spec: str) -> tuple[Literal["folder", "npz"], Path] | None:
    """The format and the path of images that are named by their path; None for all other data.

    A TFDS name never has a leading dot or slash; a folder that happens to be called like a data set
    needs ``./`` or ``folder:`` before it.
    """
    kind, colon, path = spec.partition(":")
    if colon and kind == "folder":
        return "folder", Path(path)
    if colon and kind == "npz":
        return "npz", Path(path)
    if spec.endswith(".npz"):
        return "npz", Path(spec)
    if _is_path(spec) or ("/" in spec and Path(spec).is_dir()):
        return "folder", Path(spec)
    return None


def folders_of(words: str) -> list[Path] | None:
    """The folders that ``unpaired:WORDS`` names, two or one; None if the words name data.

    Raises:
      UserError: there are more than two.
    """
    paths = words.split(",")
    if len(paths) > 2 or not all(paths):
        raise UserError(f"unpaired:{words}: give two folders, with one comma between them.")
    if len(paths) == 2 or _is_path(words) or Path(words, "trainA").is_dir():
        return [Path(path) for path in paths]
    return None


def absolute(spec: str) -> str:
    """The words that name the data, with paths as they are from anywhere."""

    def resolved(path: Path) -> str:
        return str(path.expanduser().resolve())

    match spec.partition(":"):
        case "backward", ":", rest:
            return f"backward:{absolute(rest)}"
        case "pairs" | "zip" as kind, ":", path:
            return f"{kind}:{resolved(Path(path))}"
        case "clips" | "sounds" | "text" | "characters" as kind, ":", words:
            form, _, path = words.rpartition(":")
            return f"{kind}:{form}{':' if form else ''}{resolved(Path(path))}"
        case "oracle", ":", words if words.endswith(".npz"):
            form, _, path = words.rpartition(":")
            return f"oracle:{form}{':' if form else ''}{resolved(Path(path))}"
        case "unpaired", ":", rest:
            folders = folders_of(rest)
            words = absolute(rest) if folders is None else ",".join(map(resolved, folders))
            return f"unpaired:{words}"
    found = path_of(spec)
    return spec if found is None else f"{found[0]}:{resolved(found[1])}"


def _is_path(words: str) -> bool:
    return words.startswith((".", "/", "~"))


def _opened(
    spec: str,
    split: str,
    data_dir: str | None,
    resolution: int | None,
    channels: int | None,
    unreadable: Unreadable,
    modality: Modality | None,
) -> Source:
    resized: dict[str, Any] = {"resolution": resolution, "channels": channels}
    of_files = resized | {"unreadable": unreadable, "data_dir": data_dir}
    match spec.partition(":"):
        case "backward" | "unpaired" | "pairs", ":", "":
            raise UserError(f"{spec} names no data. Name them after the colon.")
        case "backward" | "unpaired" as kind, ":", words:
            return _of_pairs(kind, words, split, of_files)
        case "pairs", ":", path:
            from jaxgan.data.sources.pair_folders import open_pairs

            return open_pairs(Path(path), split, **of_files)
        case "zip", ":", path:
            from jaxgan.data.sources.zips import open_zip

            return open_zip(Path(path), split, **of_files)
        case "clips", ":", words:
            from jaxgan.data.sources.clip_folders import open_clips

            return open_clips(words, split, **resized)
        case "oracle", _, words:
            from jaxgan.data.sources.oracle import open_oracle

            refuse_picture_flags(spec, "sentences", resolution, channels)
            return open_oracle(words, split, data_dir)
        case "text" | "characters" as kind, ":", words:
            from jaxgan.data.sources.text import open_text

            refuse_picture_flags(spec, "sentences", resolution, channels)
            return open_text(kind, words, split)
        case "sounds", ":", words:
            from jaxgan.data.sources.sound_folders import open_sounds

            return open_sounds(words, split, **resized)
        case "shape_motion" | "moving_mnist" as name, _, words:
            return _of_clips(name, words, split, data_dir, resolution, channels)
        case "stacked_mnist", _, count:
            from jaxgan.data.sources.stacked import open_stacked

            if channels not in (None, 3):
                raise UserError("stacked_mnist has 3 channels; leave out --channels.")
            if count and not count.isdecimal():
                raise UserError(f"stacked_mnist:{count}: give a number of triples, or none.")
            number = int(count) if count else None
            return open_stacked(number, split, data_dir, resolution=resolution)
    match path_of(spec):
        case "folder", path:
            from jaxgan.data.sources.folder import open_folder

            return open_folder(path, split, **of_files)
        case "npz", path:
            from jaxgan.data.sources.npz import open_npz

            return open_npz(path, split, modality=modality, **resized)
    from jaxgan.data.sources.toy import TOYS, open_toy

    if spec in TOYS:
        refuse_picture_flags(spec, "points", resolution, channels)
        return open_toy(spec, split)
    if not spec:
        raise UserError("No data set is named. Give a TFDS name, folder:PATH, npz:PATH or ring.")
    from jaxgan.data.sources.prepared import open_prepared

    return open_prepared(spec, split, data_dir, **resized)


def _of_clips(
    name: Literal["shape_motion", "moving_mnist"],
    words: str,
    split: str,
    data_dir: str | None,
    resolution: int | None,
    channels: int | None,
) -> Source:
    """What ``NAME:WORDS`` names."""
    if channels is not None:
        raise UserError(f"{name} has the channels that it has; leave out --channels.")
    if name == "shape_motion":
        from jaxgan.data.sources.shape_motion import open_shape_motion

        return open_shape_motion(words, split, resolution)
    from jaxgan.data.sources.moving_mnist import open_moving_mnist

    return open_moving_mnist(words, split, data_dir, resolution)


def _of_pairs(
    kind: Literal["backward", "unpaired"], words: str, split: str, options: dict[str, Any]
) -> Source:
    """What ``backward:WORDS`` or ``unpaired:WORDS`` names."""
    from jaxgan.data.sources.pairs import swapped, without_partners

    folders = folders_of(words) if kind == "unpaired" else None
    if folders is not None:
        from jaxgan.data.sources.pair_folders import open_unpaired

        return open_unpaired(folders, split, **options)
    pairs = open_source(words, split, **options)
    if pairs.modality not in (PAIRS, UNPAIRED):
        raise UserError(
            f"{kind}:{words}: {words} has {pairs.modality.name}, not pairs. Give pairs:DIR, "
            "unpaired:DIR_A,DIR_B or a data set of pairs such as glyphs."
        )
    if kind == "backward":
        return swapped(pairs)
    # A part of train is for training too.
    names = {part.strip().partition("[")[0] for part in split.split("+")}
    if "train" in names and pairs.modality is PAIRS:
        return without_partners(pairs)
    # Pairs still, so that what was made without them can be compared with the true images.
    return dataclasses.replace(pairs, name=f"unpaired:{pairs.name}")
