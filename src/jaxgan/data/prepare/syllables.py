"""Syllables: spoken Mandarin, from Debian's gcin-voice.

Two speakers say the syllables of Mandarin one by one. Here they have 16 kHz and 8,192 samples
(0.51 s): shorter recordings are followed by silence, of longer ones the end is lost.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from jaxgan.data.prepare.debian import DebianPackages
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder, divided
from jaxgan.data.prepare.recordings import SoundBuilder, recording, rows, segments
from jaxgan.errors import UserError

RATE = 16_000
SAMPLES = 8192

TONES = {"": "first", "2": "second", "3": "third", "4": "fourth", "1": "neutral"}
"""What follows a syllable in a folder's name -> its tone."""

SPEAKERS = ("3", "5")
"""As gcin-voice names its files. The first one's recordings have more noise."""


class Syllables(SoundBuilder):
    """TFDS's description of the data set; the label is the pair of tone and speaker."""

    def _info(self) -> Any:
        tones = list(TONES.values())
        pairs = [f"{tone} tone, speaker {speaker}" for tone in tones for speaker in SPEAKERS]
        known = {
            "label": tfds.features.ClassLabel(names=pairs),
            "tone": tfds.features.ClassLabel(names=tones),
            "speaker": tfds.features.ClassLabel(names=list(SPEAKERS)),
            "syllable": tfds.features.Text(),
        }
        return self.sounds(SAMPLES, SYLLABLES.about, SYLLABLES.license, known)


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    root = folder / "ogg" if (folder / "ogg").is_dir() else folder
    found = {
        f"{path.parent.name}/{speaker}": path
        for speaker in SPEAKERS
        for path in root.glob(f"*/{speaker}.ogg")
    }
    if not found:
        raise UserError(f"{folder} has no files such as ogg/ㄊㄢ3/3.ogg in it.")
    return dict(sorted(found.items()))


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    del builder
    sounds = [segments(recording(path, RATE), SAMPLES)[0] for path in paths.values()]
    said, speakers = zip(*(name.split("/") for name in paths), strict=True)
    marks = [one[-1] if one[-1] in TONES else "" for one in said]
    syllables = [one.removesuffix(mark) for one, mark in zip(said, marks, strict=True)]
    tone = np.array([list(TONES).index(mark) for mark in marks])
    speaker = np.array([SPEAKERS.index(one) for one in speakers])
    known = {"label": len(SPEAKERS) * tone + speaker, "tone": tone, "speaker": speaker}
    return divided({**rows(sounds, RATE), **known, "syllable": np.array(syllables)}, syllables)


SYLLABLES = Recipe(
    about="2,358 spoken Mandarin syllables, 16 kHz, 0.5 s: five tones by two speakers; test has "
    "other syllables than train",
    license="speaker 3: GPL-3 or LGPL-3; speaker 5: CC-BY-3.0",
    source="Edward Der-Hua Liu, and ChionMeilin with Chu Lo's voice; Debian's gcin-voice "
    "0~20170223-3",
    files=("ogg/*/3.ogg", "ogg/*/5.ogg"),
    find=_find,
    load=_load,
    counts={"train": 2147, "test": 211},
    packages=DebianPackages(
        names=("gcin-voice",),
        folder=Path("/usr/share/gcin-voice"),
        files={"ogg": "ddbc763637a1b05a6723bf09ddf583640eaaccc47a8f67df52c936f6efbfa3b1"},
        size="8 MB",
    ),
)
