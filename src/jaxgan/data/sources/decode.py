"""Image files to arrays: decoding, conversion of channels, center crop and resize."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from jaxgan.viz.pictures import to_pillow

Half = Literal["left", "right"]
"""A part of a file that shows two images side by side."""


class UnreadableError(Exception):
    """An image that cannot be decoded; the message says why, in a few words."""


def decode(
    file: Path | bytes, channels: int | None, resolution: int | None, half: Half | None = None
) -> np.ndarray:
    """Decodes one image file of any kind that Pillow reads.

    The orientation in its EXIF data is applied. Transparent images are laid on white. Images of
    16 bits or more are reduced to 8 by dropping the low bits of 16.

    Args:
      file: path or content.
      channels: 1 (gray) or 3 (RGB); None keeps what the file has, gray or RGB.
      resolution: side of the square result (see ``fit``); None keeps the size.
      half: the part of the file that is decoded; None for all of it.

    Returns:
      uint8 ``[height, width, channels]``.

    Raises:
      UnreadableError: it is not an image, or damaged, or has no halves.
    """
    with opened(file) as image:
        plain = to_mode(image if half is None else halved(image, half), channels)
        return to_array(plain if resolution is None else fit(plain, resolution))


@contextlib.contextmanager
def opened(file: Path | bytes) -> Iterator[Image.Image]:
    """An image file, decoded and upright, for a block in which every fault is the file's.

    Raises:
      UnreadableError: what is raised within, and what Pillow raises.
    """
    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            image.load()
            yield image if isinstance(file, bytes) else ImageOps.exif_transpose(image)
    except Exception as error:  # Pillow's plug-ins raise nearly anything on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if isinstance(error, Image.UnidentifiedImageError):
            reason = "not an image"  # Pillow's own words repeat the path
        raise UnreadableError(reason) from error


def halved(image: Image.Image, half: Half) -> Image.Image:
    """The left or the right half of an image.

    Raises:
      ValueError: its width is odd.
    """
    middle, odd = divmod(image.width, 2)
    if odd:
        raise ValueError(f"its width of {image.width} pixels is odd, so that it has no two halves")
    left = 0 if half == "left" else middle
    return image.crop((left, 0, left + middle, image.height))


def to_mode(image: Image.Image, channels: int | None) -> Image.Image:
    """Converts to gray (``L``) or ``RGB``; see ``decode``."""
    if image.mode in ("L", "RGB"):
        plain = image
    elif image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        if image.mode == "F":
            raise ValueError("floating-point pixels, of which the range is unknown")
        plain = Image.fromarray((np.clip(values, 0, 65535).astype(np.uint16) >> 8).astype(np.uint8))
    elif image.has_transparency_data:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        gray = image.mode in ("LA", "La")
        plain = Image.alpha_composite(white, over).convert("L" if gray else "RGB")
    else:
        plain = image.convert("L" if image.mode == "1" else "RGB")
    if channels is None:
        return plain
    return plain.convert("L" if channels == 1 else "RGB")


def fit(image: Image.Image, resolution: int) -> Image.Image:
    """Center crop to a square, then resize to ``resolution`` with Pillow's Lanczos filter.

    Pillow widens the filter when it shrinks an image, which is what prevents aliasing.
    """
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    if (width, height) != (side, side):
        image = image.crop((left, top, left + side, top + side))
    if side != resolution:
        image = image.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return image


def fit_array(image: np.ndarray, channels: int | None, resolution: int | None) -> np.ndarray:
    """``to_mode`` and ``fit`` of an array, uint8 ``[height, width, 1 or 3]``."""
    same = channels in (None, image.shape[-1]) and resolution in (None, image.shape[0])
    if same and (resolution is None or image.shape[0] == image.shape[1]):
        return image
    plain = to_mode(to_pillow(image), channels)
    return to_array(plain if resolution is None else fit(plain, resolution))


def to_array(image: Image.Image) -> np.ndarray:
    """uint8 ``[height, width, channels]`` of an ``L`` or ``RGB`` image."""
    array = np.asarray(image)
    return array[..., None] if array.ndim == 2 else array
