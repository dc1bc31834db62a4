"""SC09: the digits of the Speech Commands data set, which WaveGAN was made for.

Warden, "Speech commands: a data set for limited-vocabulary speech recognition", 2018,
arXiv:1804.03209. The second version of the data, of which the lists in its archive tell what is for
validation and for testing. TFDS's own ``speech_commands`` needs TensorFlow, even to be read.
"""

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.core.utils import Size

from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder
from jaxgan.data.prepare.recordings import SoundBuilder, recording, rows, segments
from jaxgan.errors import UserError

RATE = 16_000
SAMPLES = 16_384

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

ARCHIVE = "speech_commands_v0.02.tar.gz"
URL = f"http://download.tensorflow.org/data/{ARCHIVE}"

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
"""Split -> the list of its files; all other files are for training."""


class Sc09(SoundBuilder):
    """TFDS's description of the data set."""

    url_infos = {  # noqa: RUF012  # as TFDS declares it, with the checksum of its speech_commands
        URL: UrlInfo(
            size=Size(2_428_923_189),
            checksum="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            filename=ARCHIVE,
        )
    }

    def _info(self) -> Any:
        known = {"label": tfds.features.ClassLabel(names=list(DIGITS))}
        return self.sounds(SAMPLES, SC09.about, SC09.license, known)


def _find(folder: Path) -> dict[str, Path]:
    archive = folder if folder.is_file() else folder / ARCHIVE
    if archive.is_file():
        return {"archive": archive}
    check_folder(folder)
    missing = [name for name in (*DIGITS, *LISTS.values()) if not (folder / name).exists()]
    if missing:
        raise UserError(f"{folder} has neither {ARCHIVE} nor, unpacked, {', '.join(missing)}.")
    return {"folder": folder}


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    del builder
    (place,) = paths.values()
    files = dict(_unpacked(place) if place.is_dir() else _archived(place))
    if missing := [name for name in LISTS.values() if name not in files]:
        raise UserError(f"{place} has no {' and no '.join(missing)}. Fetch it again.")
    split_of = {
        name: split for split, file in LISTS.items() for name in files.pop(file).decode().split()
    }
    splits: dict[str, dict[str, np.ndarray]] = {}
    for split in ("train", *LISTS):
        names = sorted(name for name in files if split_of.get(name, "train") == split)
        sounds = [
            segments(recording(io.BytesIO(files[name]), RATE, name), SAMPLES)[0] for name in names
        ]
        labels = [DIGITS.index(name.partition("/")[0]) for name in names]
        if names:
            splits[split] = {**rows(sounds, RATE), "label": np.array(labels)}
    return Loaded(splits)


def _wanted(name: str) -> bool:
    return name in LISTS.values() or (name.endswith(".wav") and name.partition("/")[0] in DIGITS)


def _unpacked(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if _wanted(name):
            yield name, path.read_bytes()


def _archived(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the wanted files in the archive.

    Raises:
      UserError: it is damaged.
    """
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                content = tar.extractfile(member) if _wanted(name) else None
                if content is not None:
                    yield name, content.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise UserError(f"{archive} is damaged ({error}). Fetch it again.") from error


SC09 = Recipe(
    about="spoken digits, zero to nine, of many speakers, 16 kHz, 1 s",
    license="CC-BY-4.0",
    source="Speech Commands, version 2, Pete Warden and Google",
    files=(ARCHIVE,),
    find=_find,
    load=_load,
    # How many of the archive's files are digits is told nowhere; its checksum is known.
    counts={},
    urls=lambda builder: {"archive": URL},
)
