"""Masks of what is to be completed of an image, as people paint them."""

from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.data.sources.decode import fit, opened, to_array, to_mode
from jaxgan.errors import UserError

ROUNDING = 2
"""Levels by which one color may differ from pixel to pixel, where a program multiplied it by its
opacity and divided it again."""


def read_mask(file: Path, resolution: int | None) -> np.ndarray:
    """A mask, bool ``[height, width]``, true where the image is to be completed.

    That is what is white or, in a file with transparency, what is painted in one color on a
    transparent ground: as much as is more than half opaque. Of black paint nobody can say whether
    it means what black means in a file without transparency, so it is refused. So are several
    colors, and paint along most of the image's edge, since the hole in it may be what somebody
    erased to have it completed.

    Args:
      file: path of the image file.
      resolution: see ``decode.fit``; the mask is cropped and resized as its image is.

    Raises:
      UnreadableError: it is not an image, or damaged.
      UserError: it has transparency, and may mean either.
    """
    with opened(file) as image:
        transparent = image.has_transparency_data
        painted = image.convert("RGBA") if transparent else to_mode(image, 1)
    if transparent:
        painted = _paint(painted, file)
    return to_array(painted if resolution is None else fit(painted, resolution))[..., 0] > 127


def _paint(image: Image.Image, file: Path) -> Image.Image:
    """The opacity of an ``RGBA`` image as gray, or its gray levels if all of it is opaque."""
    pixels = np.asarray(image)
    opacity = pixels[..., 3]
    if opacity.min() == 255:
        return to_mode(image, 1)
    paint = opacity > 127
    colors = pixels[paint, :3]
    if not len(colors):
        fault = "has nothing that is more than half opaque"
    elif np.ptp(colors, axis=0).max() > ROUNDING:
        fault = "has transparency and several colors"
    elif colors.max() < 128:
        fault = "is black on a transparent ground, which may mean either"
    elif _is_ground(paint):
        fault = "is opaque but for a hole, either of which may be meant"
    else:
        return image.getchannel("A")
    raise UserError(
        f"{file} {fault}. Paint what is to be completed in white, on black or on a transparent "
        "ground."
    )


def _is_ground(paint: np.ndarray) -> bool:
    """Whether paint, bool ``[height, width]``, is along most of the edge, and not everywhere."""
    edge = np.concatenate([paint[0], paint[-1], paint[:, 0], paint[:, -1]])
    return bool(edge.mean() > 0.5 and not paint.all())
