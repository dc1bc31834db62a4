"""``scripts/gallery``: writes the gallery, and the strip of its pictures that the README shows."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import tyro

from jaxgan.cli.exit import exit_code_of
from jaxgan.files import writing
from jaxgan.reproduce.catalog import catalog
from jaxgan.reproduce.gallery import page, strip
from jaxgan.viz.pictures import save_image


@dataclasses.dataclass(frozen=True)
class Gallery:
    """Write the gallery of what experiments drew, gallery.md, and a strip across it."""

    out: Path = Path("build/gallery")
    """Folder of gallery.md; its pictures are linked to."""
    folder: Path = Path("experiments")
    """Folder of the experiment files, whose subfolder trained has the records."""
    strip: Path = Path("experiments/figures/strip.png")
    """The strip, which the README shows."""


def gallery(arguments: Sequence[str] | None = None) -> int:
    """Writes the gallery; returns the exit code.

    Raises:
      UserError: a record is damaged, or the folder cannot be written.
    """
    asked = tyro.cli(Gallery, prog="scripts/gallery", args=arguments)
    rows = catalog(asked.folder)
    with writing(asked.out, "Choose another --out."):
        asked.out.mkdir(parents=True, exist_ok=True)
        link = asked.out / "trained"
        if not link.exists():
            link.symlink_to((asked.folder / "trained").resolve())
        (asked.out / "gallery.md").write_text(page(rows, asked.folder))
        save_image(asked.strip, strip(rows, asked.folder))
    print(f"{asked.out / 'gallery.md'} shows {sum(len(row.looks) for row in rows)} trainings.")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(gallery))
