"""Emoji: the pictures of Google and of Twitter, from npm's emoji-datasource packages."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jaxgan.data.prepare.npm import NpmPackages
from jaxgan.data.prepare.pairs import PairBuilder
from jaxgan.data.prepare.recipe import Loaded, Recipe, check_folder, divided
from jaxgan.data.sources.decode import UnreadableError, decode
from jaxgan.errors import UserError

PIXELS = 64

VENDORS = {"source": "google", "target": "twitter"}

PACKAGE = "emoji-datasource-{}"

SEED = 3
"""Of the split: groups have 1 to 104 pictures, and this one gives the test split a tenth of all."""

ALIKE = {
    # Men and women, boys and girls, as nobody in particular.
    **dict.fromkeys(("1F468", "1F469"), "1F9D1"),
    **dict.fromkeys(("1F466", "1F467"), "1F9D2"),
    **dict.fromkeys(("1F474", "1F475"), "1F9D3"),
    **dict.fromkeys(("1F934", "1F478"), "1FAC5"),  # prince and princess
    **dict.fromkeys(("1F385", "1F936"), "1F9D1-1F384"),  # Mr. and Mrs. Claus
    "1F46A": "1F9D1-1F9D2",  # a family
    **dict.fromkeys(("1F471", "1F9D4"), "1F9D1"),  # with blond hair, with a beard
    "1F483": "1F57A",  # dancing
    "1F470": "1F935",  # in a wedding's clothes
}
"""Codes of people that differ in gender or hair alone."""

LEFT_OUT = {
    *(f"1F3F{tone}" for tone in "BCDEF"),  # skin
    *(f"1F9B{hair}" for hair in "0123"),
    *("2640", "2642"),  # female and male
    "27A1",  # walking to the right, a mirror image
    *("200D", "FE0F"),  # what joins codes, and asks for a picture
}
"""Codes that change a base emoji's look, and not what it shows."""


class Emoji(PairBuilder):
    """TFDS's description of the data set."""

    def _info(self) -> Any:
        return self.pairs(PIXELS, 3, EMOJI.about, EMOJI.license)


def base_of(code: str) -> str:
    """The base emoji of a code such as ``1F469-1F3FB-200D-1F33E``, here ``1F9D1-1F33E``.

    Skin, hair, gender and direction are left out, and persons of one kind beside each other count
    once, so that all families are one.
    """
    parts: list[str] = []
    for part in code.split("-"):
        one = ALIKE.get(part, part)
        if one not in LEFT_OUT and parts[-1:] != [one]:
            parts.append(one)
    return "-".join(parts) or code


def grouped(codes: Iterable[str], variations: Iterable[Sequence[str]]) -> dict[str, str]:
    """Code -> the name of its group: what shows one base emoji, or is said to belong together.

    Args:
      codes: all codes.
      variations: further codes that belong together.
    """
    above: dict[str, str] = {}

    def group(base: str) -> str:
        while base in above:
            base = above[base]
        return base

    for together in variations:
        # The smallest names the group, so that no order matters.
        first, *others = sorted({group(base_of(code)) for code in together})
        above |= dict.fromkeys(others, first)
    return {code: group(base_of(code)) for code in codes}


def _find(folder: Path) -> dict[str, Path]:
    check_folder(folder)
    found = {}
    for key, vendor in VENDORS.items():
        part = Path("img", vendor, str(PIXELS))
        package = Path(PACKAGE.format(vendor))
        places = (folder / package, folder / "node_modules" / package, folder)
        place = next((place for place in places if (place / part).is_dir()), None)
        if place is None:
            raise UserError(
                f"{folder} has no folder {package / part}. Unpack {' and '.join(_PACKAGES)} there."
            )
        found[key] = place / part
        found.setdefault("list", place / "emoji.json")
    return found


def _load(builder: Any, paths: Mapping[str, Path]) -> Loaded:
    # Not the hidden "._1f600.png" that macOS leaves beside a file.
    files = {key: {file.stem: file for file in paths[key].glob("[!.]*.png")} for key in VENDORS}
    names = sorted(files["source"].keys() & files["target"].keys())
    codes = [name.upper() for name in names]
    together = _variations(paths["list"])
    rows = {"code": np.array(codes)}
    for key, found in files.items():
        rows[key] = np.stack([_picture(found[name]) for name in names])
        together += _equal(rows[key], codes)
    groups = grouped(codes, together)
    return divided(rows, [groups[code] for code in codes], SEED)


def _equal(images: np.ndarray, codes: Sequence[str]) -> list[list[str]]:
    """Codes that have one and the same picture, such as Norway's flag on two of its islands."""
    found: dict[bytes, list[str]] = {}
    for image, code in zip(images, codes, strict=True):
        found.setdefault(image.tobytes(), []).append(code)
    return list(found.values())


def _variations(file: Path) -> list[list[str]]:
    """Of each emoji of emoji.json, its code and those of its skin tones.

    Raises:
      UserError: the file is missing or damaged.
    """
    try:
        return [
            [
                one["unified"],
                *(other["unified"] for other in one.get("skin_variations", {}).values()),
            ]
            for one in json.loads(file.read_text())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file} is missing or damaged. Fetch it again.") from error


def _picture(file: Path) -> np.ndarray:
    """One picture on white, uint8 ``[64, 64, 3]``.

    Raises:
      UserError: it is damaged or of another size.
    """
    try:
        image = decode(file, 3, None)
    except UnreadableError as error:
        raise UserError(f"{file} is damaged ({error}). Fetch it again.") from error
    if image.shape[:2] != (PIXELS, PIXELS):
        raise UserError(f"{file} has {image.shape[1]}x{image.shape[0]} pixels, not {PIXELS}.")
    return image


_PACKAGES = tuple(PACKAGE.format(vendor) for vendor in VENDORS.values())

EMOJI = Recipe(
    about="3,786 emoji, 64 px in color on white: source by Google, target by Twitter",
    license="Google's Apache-2.0, Twitter's CC-BY-4.0",
    source=f"Google and Twitter, npm's {' and '.join(_PACKAGES)} 16.0.0",
    files=("emoji.json", *(f"img/{vendor}/{PIXELS}" for vendor in VENDORS.values())),
    find=_find,
    load=_load,
    counts={"train": 3397, "test": 389},
    packages=NpmPackages(
        names=_PACKAGES,
        version="16.0.0",
        parts=("emoji.json", *(f"img/{vendor}/{PIXELS}" for vendor in VENDORS.values())),
        size="136 MB",
        sha256="7ac0a992ba8944a94fab681c99ebccc9ba81984097e58f462a4b9a92118cae2d",
    ),
)
