"""Poems: Chinese quatrains of four lines of five characters, from npm's chinese-poetry."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxgan.data.prepare.npm import NpmPackages
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder
from jaxgan.data.prepare.text import TextBuilder, sentences_of
from jaxgan.errors import UserError

FOLDER = Path("dist", "quantangshi")
PACKAGE = "chinese-poetry"

LINE = "[\u3400-\u9fff]{5}"
QUATRAIN = re.compile(f"{LINE}，{LINE}。{LINE}，{LINE}。")
"""Four lines of five characters, with their punctuation."""


class Poems(TextBuilder):
    """TFDS's description of the data set."""

    def _info(self) -> Any:
        return self.sentences(POEMS.about, POEMS.license)


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    places = (folder / PACKAGE, folder / "node_modules" / PACKAGE, folder)
    for place in places:
        if files := sorted((place / FOLDER).glob("poet.*.json")):
            return {file.name: file for file in files}
    raise UserError(f"{folder} has no folder {PACKAGE / FOLDER}. Unpack npm's {PACKAGE} there.")


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    del builder
    found = []
    for name, path in sorted(paths.items()):
        try:
            poems = json.loads(path.read_text("utf-8"))
            found += ["".join(poem["paragraphs"]) for poem in poems]
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{name} is damaged ({error}). Fetch it again.") from error
    kept = [re.sub("[，。]", "", poem) for poem in found if QUATRAIN.fullmatch(poem)]
    return sentences_of(kept, "characters")


POEMS = Recipe(
    about="Chinese quatrains of the Tang and the Song, four lines of five characters",
    license="MIT",
    source="the authors of chinese-poetry; npm's chinese-poetry 2.0.1",
    files=(f"{PACKAGE}/dist/quantangshi/poet.*.json",),
    find=_find,
    load=_load,
    counts={"train": 15_108, "test": 1638},
    packages=NpmPackages(
        names=(PACKAGE,),
        version="2.0.1",
        parts=(str(FOLDER),),
        size="85 MB",
        sha256="00a65b4027a560914b2aceff7cf8590e16d1885883cdbf5a81105fd8025f6e95",
    ),
)
