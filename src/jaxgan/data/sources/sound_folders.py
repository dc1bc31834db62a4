"""A folder of recordings: WAV, Ogg, FLAC and AIFF files."""

import dataclasses
import re
from pathlib import Path

import numpy as np

from jaxgan.data.sounds import sounds
from jaxgan.data.source import Rows, Source, digest, refuse_picture_flags
from jaxgan.data.sources.folder import list_files
from jaxgan.data.sources.image_files import labeled
from jaxgan.data.sources.long_files import decode_once, list_split
from jaxgan.data.sources.sound_files import SUFFIXES, rate_of, read_sound
from jaxgan.errors import UserError

SAMPLES = 16_384
"""Samples of a sound if no number is given: WaveGAN's."""

OTHERS = (".mp3", ".m4a", ".aac", ".opus", ".wma")
"""Suffixes of files that are named to a person who has no others."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What follows ``sounds:``.

    Attributes:
      folder: with the recordings.
      samples: of a sound.
      rate: samples a second; None for that of the files.
    """

    folder: Path
    samples: int = SAMPLES
    rate: int | None = None


def parse(words: str) -> Asked:
    """``DIR``, ``SAMPLES:DIR``, ``SAMPLES@RATE:DIR`` or ``@RATE:DIR``.

    Raises:
      UserError: no folder is named, or a number makes no sense.
    """
    found = re.fullmatch(r"(?:(\d+)?(?:@(\d+))?:)?(.+)", words)
    if not found:
        raise UserError(
            "sounds: names no folder; give sounds:DIR, or sounds:8192@16000:DIR for 8,192 samples "
            "at 16 kHz."
        )
    samples, rate, folder = found.groups()
    asked = Asked(Path(folder), int(samples or SAMPLES), int(rate) if rate else None)
    if asked.samples < 2 or (rate and not 1000 <= int(rate) <= 192_000):
        raise UserError(
            f"sounds:{words}: a sound has 2 samples or more, 1,000 to 192,000 a second."
        )
    return asked


def open_sounds(
    words: str,
    split: str = "train",
    *,
    resolution: int | None = None,
    channels: int | None = None,
) -> Source:
    """Opens a folder of recordings as sounds, int16 ``[samples]``.

    A recording gives as many sounds as fit into it one after another; a shorter one gives one that
    is followed by silence. Several channels become their mean. Subfolders are splits and classes,
    see ``list_split``.

    Args:
      words: see ``parse``.
      split: TFDS's split syntax.
      resolution: refused.
      channels: refused.

    Raises:
      UserError: no such folder or split, no recordings, unreadable ones, or of several rates.
    """
    refuse_picture_flags(f"sounds:{words}", "sounds", resolution, channels)
    asked = parse(words)
    folder, samples = asked.folder.expanduser(), asked.samples
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Check its path after sounds:.")
    listed = list_split(folder, split, lambda root: list_files(root, SUFFIXES), _nothing)
    rate = asked.rate or _shared_rate(listed.files, asked)
    recordings = decode_once(
        listed.files, lambda path: read_sound(path, rate)[0], lambda path: [path]
    )
    places = [
        (number, start)
        for number, (length,) in enumerate(recordings.shapes)
        for start in range(0, max(1, length - samples + 1), samples)
    ]
    files = np.array([number for number, _ in places])
    labels = None if listed.labels is None else listed.labels[files]

    def read(indices: np.ndarray) -> Rows:
        found = np.zeros((len(indices), samples), np.int16)
        for row, index in enumerate(indices):
            number, start = places[index]
            part = recordings.read(number)[start : start + samples]
            found[row, : len(part)] = part
        return labeled({"sound": found}, None if labels is None else labels[indices])

    return Source(
        name=f"sounds:{folder.resolve().name}",
        split=split,
        size=len(places),
        shape=(samples,),
        read=read,
        fingerprint=digest(recordings.hashes, places, samples, rate, listed.class_names),
        classes=len(listed.class_names) or None,
        class_names=listed.class_names,
        dtype=np.int16,
        modality=sounds(rate),
    )


def _shared_rate(files: list[Path], asked: Asked) -> int:
    """The rate of all files.

    Raises:
      UserError: they have several, or one is unreadable.
    """
    rates = {rate_of(file) for file in files}
    if len(rates) > 1:
        raise UserError(
            f"The recordings have several rates, from {min(rates)} to {max(rates)} samples a "
            f"second; give one: sounds:{asked.samples}@{min(rates)}:{asked.folder}."
        )
    return rates.pop()


def _nothing(folder: Path) -> str:
    """What is wrong with a folder without recordings."""
    others = [path for path in folder.rglob("*") if path.suffix.lower() in OTHERS]
    if others:
        return (
            f"{folder} holds {others[0].name}, which is not read. Turn it into WAV: ffmpeg -i "
            f"{others[0].name} {others[0].stem}.wav"
        )
    return f"{folder} holds no recordings. Put WAV, Ogg or FLAC files there."
