"""Glyphs: Chinese characters in Ming and in Kai type, from Debian's two Arphic fonts.

Ming is the upright type of books, Kai imitates the brush. FreeType draws each character at four
times the size, where hints and embedded bitmaps for small sizes play no part, and the mean of 4x4
pixels is kept.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image, ImageDraw, ImageFont

from jaxgan.data.prepare.debian import DebianPackages
from jaxgan.data.prepare.pairs import PairBuilder
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder, divided
from jaxgan.errors import UserError

FONTS = {"source": "uming.ttc", "target": "ukai.ttc"}
"""Each file holds the fonts of four regions; the first is used, that of the mainland (CN)."""

FINER = 4
"""How many times finer than the result a character is drawn, along each side."""

EM = 0.875
"""Side of the em square, in which both fonts design their characters, in parts of the image's."""

BASELINE = 0.828125
"""The baseline's distance from the top, in parts of the image's side.

The mean ink of either font is then in the middle, and none is cut off: that of all characters lies
between 0.89 above the baseline and 0.13 below it, in parts of the em square's side.
"""

BLOCK = range(0x4E00, 0xA000)
"""Unicode's block of CJK unified ideographs: the fonts share 18,366 of it, no two alike.

Other blocks are left out. In that of compatibility are second codes for the same characters, and
of the rarest ideographs ukai has only empty pictures.
"""


class Glyphs(PairBuilder):
    """TFDS's description of the data set; its configurations are the sides in pixels."""

    BUILDER_CONFIGS = [  # noqa: RUF012  # as TFDS declares it
        tfds.core.BuilderConfig(name=name, description=f"{name}x{name} pixels.")
        for name in ("64", "32")
    ]

    def _info(self) -> Any:
        return self.pairs(_pixels(self), 1, GLYPHS.about, GLYPHS.license)


def font_of(path: Path, pixels: int) -> ImageFont.FreeTypeFont:
    """The font for ``draw``.

    Raises:
      UserError: the file is no font.
    """
    try:
        # Not the layout by Raqm, which not every Pillow has.
        layout = ImageFont.Layout.BASIC
        return ImageFont.truetype(path, round(FINER * EM * pixels), layout_engine=layout)
    except OSError as error:
        raise UserError(f"{path} is damaged or no font ({error}). Fetch it again.") from error


def draw(font: ImageFont.FreeTypeFont, character: str, pixels: int) -> np.ndarray:
    """A character in white on black, uint8 ``[pixels, pixels, 1]``.

    The em square is in the middle, in the same place for every character and font.
    """
    side = FINER * pixels
    canvas = Image.new("L", (side, side))
    corner = (side * (1 - EM) / 2, side * BASELINE)
    ImageDraw.Draw(canvas).text(corner, character, 255, font, anchor="ls")
    return np.asarray(canvas.reduce(FINER))[..., None]


def ideographs(fonts: Sequence[Path]) -> list[str]:
    """The characters of ``BLOCK`` that all fonts have, in the order of their codes.

    Raises:
      UserError: a file is no font.
    """
    from fontTools.ttLib import TTFont

    shared = set(BLOCK)
    for path in fonts:
        try:
            with path.open("rb") as file, TTFont(file, fontNumber=0, lazy=True) as font:
                shared &= {*(font.getBestCmap() or ())}
        except Exception as error:  # fontTools raises nearly anything on damaged files
            raise UserError(f"{path} is damaged or no font ({error}). Fetch it again.") from error
    return [chr(code) for code in sorted(shared)]


def _pixels(builder: Any) -> int:
    return int(builder.builder_config.name)


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    found = {key: folder / name for key, name in FONTS.items()}
    for path in found.values():
        if not path.is_file():
            raise UserError(f"{folder} has no file {path.name}. Put {_BOTH} there.")
    return found


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    pixels = _pixels(builder)
    characters = ideographs(list(paths.values()))
    rows = {"code": np.array([f"{ord(one):04X}" for one in characters])}
    for key, path in paths.items():
        font = font_of(path, pixels)
        rows[key] = np.stack([draw(font, one, pixels) for one in characters])
    return divided(rows, characters)


_BOTH = " and ".join(FONTS.values())

GLYPHS = Recipe(
    about="18,366 Chinese characters, gray: source in Ming type, target in Kai type; 64 px, or "
    "glyphs/32",
    license="Arphic Public License",
    source="Arphic Technology, Debian's fonts-arphic-uming and fonts-arphic-ukai 0.2.20080216.2",
    files=tuple(FONTS.values()),
    find=_find,
    load=_load,
    counts={"train": 16531, "test": 1835},
    packages=DebianPackages(
        names=("fonts-arphic-uming", "fonts-arphic-ukai"),
        folder=Path("/usr/share/fonts/truetype/arphic"),
        files={
            "uming.ttc": "fe952e55617275142d9cefd4d79eade4df446517b0478b2567d9bc7df49f70e2",
            "ukai.ttc": "cfc758e69386a21bade8cb3b373fda20d7f2fac6e8904ced2ded98588b63e274",
        },
        size="16 MB",
    ),
)
