"""Prompts: what a telephone exchange says, from Debian's asterisk-core-sounds-en-wav.

One voice, recorded in a studio. Recordings are cut into parts of 8,192 samples (1.02 s at 8 kHz),
one after another; what is left at the end of one is dropped, and recordings that are shorter are
followed by silence.
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

RATE = 8000
SAMPLES = 8192

VOICE = "en_US_f_Allison"
"""The folder of the recordings."""

NOT_SPOKEN = {
    "ascending-2tone",
    "beep",
    "beeperr",
    "confbridge-join",
    "confbridge-leave",
    "descending-2tone",
    "tt-monkeys",
}
"""Recordings of tones and monkeys, left out like the folder of silence."""


class Prompts(SoundBuilder):
    """TFDS's description of the data set; ``prompt`` is the file that a part was cut from."""

    def _info(self) -> Any:
        known = {"prompt": tfds.features.Text()}
        return self.sounds(SAMPLES, PROMPTS.about, PROMPTS.license, known)


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    root = folder / VOICE if (folder / VOICE).is_dir() else folder
    files = {file.relative_to(root).with_suffix(""): file for file in root.rglob("*.wav")}
    named = {name.as_posix(): file for name, file in files.items()}
    spoken = {name for name in named if not name.startswith("silence/")} - NOT_SPOKEN
    found = {name: named[name] for name in sorted(spoken)}
    if not found:
        raise UserError(f"{folder} has no folder {VOICE} with WAV files in it.")
    return found


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    del builder
    parts = {name: segments(recording(path, RATE), SAMPLES) for name, path in paths.items()}
    sounds = [part for some in parts.values() for part in some]
    prompts = [name for name, some in parts.items() for _ in some]
    return divided({**rows(sounds, RATE), "prompt": np.array(prompts)}, prompts)


PROMPTS = Recipe(
    about="1,309 parts of what a studio voice says, 8 kHz, 1 s; test has other prompts than train",
    license="CC-BY-SA-3.0",
    source="Allison Smith and Digium, Debian's asterisk-core-sounds-en-wav 1.6.1-1",
    files=(f"{VOICE}/**/*.wav",),
    find=_find,
    load=_load,
    counts={"train": 1179, "test": 130},
    packages=DebianPackages(
        names=("asterisk-core-sounds-en-wav",),
        folder=Path("/usr/share/asterisk/sounds"),
        files={VOICE: "c028acbc62c9605fa7f718fa1a749732896e3796bb30373c699b4b9376d1760d"},
        size="18 MB",
    ),
)
