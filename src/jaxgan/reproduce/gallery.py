"""The gallery: what each experiment drew, with the command, budget and hardware that belong to it.

Every record in ``experiments/trained`` is shown and none is selected by hand; what has no record is
listed as such. Numbers are those of the table of experiments, from the same files.
"""

import html
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jaxgan.reproduce.catalog import Row
from jaxgan.reproduce.trained import Trained
from jaxgan.viz.pictures import grid

HEAD = """\
# Gallery

What experiments drew after a training here: every record in `experiments/trained`, none selected,
the first samples of one fixed set of latents (seed 0). Most were trained for some minutes on a CPU
core, a part of their budget, to see that they learn; the caption says how far each came. It is a
look and no measurement, so most have no score. Written by `scripts/gallery`, from the records that
the table of experiments shows too.
"""

FIELDS = {
    "images": "Images",
    "pairs": "Images from images",
    "unpaired": "Images from images",
    "videos": "Clips",
    "sounds": "Sound",
    "tokens": "Text",
    "points": "Points in the plane",
}
"""Modality of the data -> the heading that it stands under, in their order."""

SHOWN = {
    ".png": '<img src="{}" alt="{}" loading="lazy">',
    ".gif": '<img src="{}" alt="{}" loading="lazy">',
    ".wav": '<audio controls preload="none" src="{}" title="{}"></audio>',
}
"""Suffixes of what may lie beside a record -> how a page shows it."""

HEIGHT = 128
"""Of a row of the strip, in pixels."""


def looks_of(rows: Sequence[Row]) -> Iterator[tuple[Row, str, Trained]]:
    """Every record of a training: its row, its name, and the record."""
    for row in rows:
        for name, look in row.looks.items():
            yield row, name, look


def field_of(row: Row) -> str:
    """The heading of an experiment: what its samples are."""
    return FIELDS[row.experiment.data.modality.name]


def page(rows: Sequence[Row], folder: Path) -> str:
    """The gallery as Markdown with figures in HTML; files are below ``trained/``.

    Args:
      rows: of the catalog.
      folder: of the experiment files, which has the folder ``trained``.
    """
    every = list(looks_of(rows))
    parts = [
        HEAD,
        f"{len(every)} trainings of {len({look[0].name for look in every})} experiments.",
    ]
    for field in dict.fromkeys(FIELDS.values()):
        here = [look for look in every if field_of(look[0]) == field]
        parts.append(f"## {field}")
        if here:
            figures = "\n".join(figure(*look, folder / "trained") for look in here)
            parts.append(f'<div class="gallery">\n{figures}\n</div>')
        left = [row.name for row in rows if field_of(row) == field and not row.looks]
        if left:
            parts.append(f"Not trained yet: {', '.join(f'`{name}`' for name in left)}.")
    return "\n\n".join(parts) + "\n"


def figure(row: Row, name: str, look: Trained, trained: Path) -> str:
    """A figure with its caption, in HTML.

    Args:
      row: of the experiment.
      name: of the record.
      look: the record.
      trained: the folder of the records.
    """
    title = html.escape(f"{row.name} {look.variant}".strip())
    files = [
        text.format(f"trained/{name}{suffix}", title)
        for suffix, text in SHOWN.items()
        if (trained / f"{name}{suffix}").is_file()
    ]
    sentences = trained / f"{name}.txt"
    if sentences.is_file():
        files.append(f"<pre>{html.escape(sentences.read_text('utf-8'))}</pre>")
    diverged = "diverged at " if look.outcome == "diverged" else ""
    minutes = "" if look.seconds is None else f", {max(1, round(look.seconds / 60))} min"
    score = f"Other runs: {html.escape(row.score)}." if row.measured else "Not scored."
    caption = [
        f"<strong>{title}</strong> ({html.escape(row.paper)}). {html.escape(row.title)}.",
        f"{diverged}step {look.step:,} of {look.steps:,}, seed 0{minutes} on "
        f"{html.escape(look.hardware)}, commit {look.commit[:7] or 'not known'}.",
        f"<code>{html.escape(look.command)}</code>",
        score,
    ]
    if look.seen:
        caption.insert(2, f"Seen: {html.escape(look.seen)}.")
    body = "<br>".join(caption)
    return f"<figure>{''.join(files)}<figcaption>{body}</figcaption></figure>"


def strip(rows: Sequence[Row], folder: Path) -> np.ndarray:
    """The left upper squares of all records' pictures, in two rows, uint8 ``[h, w, 3]``.

    One of each experiment file: the first that did not diverge.

    Args:
      rows: of the catalog.
      folder: of the experiment files.
    """
    order = list(dict.fromkeys(FIELDS.values()))
    chosen: dict[str, Image.Image] = {}
    for row, name, look in sorted(looks_of(rows), key=lambda one: order.index(field_of(one[0]))):
        path = folder / "trained" / f"{name}.png"
        if look.outcome == "trained" and path.is_file():
            chosen.setdefault(row.experiment.file.stem, Image.open(path).convert("RGB"))
    squares = np.stack([np.asarray(square_of(picture)) for picture in chosen.values()])
    return grid(squares, columns=-(-len(squares) // 2), gap=4)


def square_of(picture: Image.Image) -> Image.Image:
    """The left upper part, as wide as it is high, at the height of the strip's rows."""
    side = min(*picture.size, 2 * HEIGHT)
    return picture.crop((0, 0, side, side)).resize((HEIGHT, HEIGHT), Image.Resampling.LANCZOS)
