"""Sentences: examples of how words are used, from WordNet."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxgan.data.prepare.debian import DebianPackages
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder
from jaxgan.data.prepare.text import TextBuilder, sentences_of
from jaxgan.data.sources.text import words_of
from jaxgan.errors import UserError

PARTS = ("noun", "verb", "adj", "adv")
"""WordNet's files, by part of speech."""

SHORTEST, LONGEST = 5, 20
"""Words and punctuation marks of a sentence."""


class Sentences(TextBuilder):
    """TFDS's description of the data set."""

    def _info(self) -> Any:
        return self.sentences(SENTENCES.about, SENTENCES.license)


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    found = {part: folder / f"data.{part}" for part in PARTS}
    missing = [path.name for path in found.values() if not path.is_file()]
    if missing:
        raise UserError(f"{folder} has no {' and '.join(missing)}. Give WordNet's folder.")
    return found


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    del builder
    texts = []
    for path in paths.values():
        for line in path.read_text("latin-1").splitlines():
            # After the bar is what a word means, and between quotation marks how it is used.
            meaning = line.partition("|")[2]
            texts += [example.strip() for example in re.findall(r'"([^"]+)"', meaning)]
    kept = [text for text in texts if SHORTEST <= len(words_of(text)) <= LONGEST]
    return sentences_of(kept, "text")


SENTENCES = Recipe(
    about="English sentences of 5 to 20 words and punctuation marks: WordNet's examples of use",
    license="WordNet 3.0 license",
    source="Princeton University, WordNet 3.0; Debian's wordnet-base 1:3.0-37",
    files=tuple(f"data.{part}" for part in PARTS),
    find=_find,
    load=_load,
    counts={"train": 26_764, "test": 2963},
    packages=DebianPackages(
        names=("wordnet-base",),
        folder=Path("/usr/share/wordnet"),
        files={
            "data.noun": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
            "data.verb": "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
            "data.adj": "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
            "data.adv": "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
        },
        size="6 MB",
    ),
)
