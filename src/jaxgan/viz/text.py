"""Pictures of text: lines of words, and colored squares where there are no words to draw."""

import functools

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 14
"""Height of the letters, in pixels."""

MISSING = "\U0010ffff"
"""A character that no font has, in whose place a font draws a box."""


@functools.cache
def drawable(characters: frozenset[str]) -> bool:
    """Whether the font that Pillow brings has all these characters."""
    font = ImageFont.load_default(SIZE)

    def drawn(character: str) -> bytes:
        return np.asarray(list(font.getmask(character))).tobytes()  # pyright: ignore

    box = drawn(MISSING)
    return all(drawn(one) != box for one in characters if not one.isspace())


def lines(sentences: list[str]) -> np.ndarray:
    """Sentences one below the other, black on white, uint8 ``[h, w, 3]``."""
    font, step = ImageFont.load_default(SIZE), SIZE + 6
    width = max(int(np.ceil(font.getlength(line))) for line in sentences) + 16
    picture = Image.new("RGB", (width, step * len(sentences) + 10), "white")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(sentences):
        draw.text((8, 5 + number * step), line, "black", font)
    return np.asarray(picture)


def squares(tokens: np.ndarray, size: int, side: int = 12) -> np.ndarray:
    """A square for each token, its color by the token's number, uint8 ``[h, w, 3]``.

    Args:
      tokens: integers ``[n, length]``: a row for each.
      size: of the vocabulary.
      side: of a square, in pixels.
    """
    # Neighbors in the vocabulary have nothing to do with each other, and get far colors.
    place = (tokens * 0.618033988749895) % 1.0
    colors = matplotlib.colormaps["turbo"](np.where(tokens < size, place, 0.0))[..., :3]
    picture = np.round(255 * colors).astype(np.uint8)
    return picture.repeat(side, 0).repeat(side, 1)
