"""A report as data: sections of text, tables and pictures, as one HTML page or as Markdown.

The page is self-contained: pictures and style are part of it, and it makes the browser load and
run nothing. Whatever comes from a file is escaped, in both forms.
"""

import base64
import dataclasses
import functools
import html
import io
import re
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np

from jaxgan.viz.moving import gif_bytes
from jaxgan.viz.pictures import to_pillow
from jaxgan.viz.sound import wav_bytes

GENERATOR = '<meta name="generator" content="jaxgan report">'
"""Marks a page as a report of jaxgan."""


@dataclasses.dataclass(frozen=True)
class Text:
    """A paragraph: plain, a note of what was left out, or a warning."""

    text: str
    kind: Literal["plain", "note", "warning"] = "plain"

    def html(self) -> str:
        """As HTML."""
        return f'<p class="{self.kind}">{html.escape(self.text)}</p>'

    def markdown(self) -> str:
        """As Markdown."""
        text = escape_markdown(self.text)
        return {"plain": text, "note": f"*{text}*", "warning": f"> **{text}**"}[self.kind]


@dataclasses.dataclass(frozen=True)
class Code:
    """Preformatted lines."""

    text: str

    def html(self) -> str:
        """As HTML."""
        return f"<pre>{html.escape(self.text)}</pre>"

    def markdown(self) -> str:
        """As Markdown, in a fence that the text cannot close."""
        longest = max(map(len, re.findall("`+", self.text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}text\n{self.text}\n{fence}"


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells. Without a head, the first column holds the names of the rows."""

    rows: Sequence[Sequence[str]]
    head: Sequence[str] = ()

    def html(self) -> str:
        """As HTML."""
        first = "td" if self.head else "th"
        head = f"<thead>{_row(self.head, 'th', 'th')}</thead>" if self.head else ""
        body = "\n".join(_row(row, first, "td") for row in self.rows)
        kind = "columns" if self.head else "facts"
        table = f'<table class="{kind}">{head}<tbody>\n{body}\n</tbody></table>'
        return f'<div class="wide">{table}</div>'

    def markdown(self) -> str:
        """As Markdown."""
        width = max(map(len, (self.head, *self.rows)))
        cells = [self.head or [""] * width, *self.rows]
        head, *rows = ["| " + " | ".join(map(escape_markdown, row)) + " |" for row in cells]
        return "\n".join([head, "|" + "---|" * width, *rows])


def _row(cells: Sequence[str], first: str, rest: str) -> str:
    tags = [first, *[rest] * len(cells)]
    parts = [f"<{tag}>{html.escape(cell)}</{tag}>" for tag, cell in zip(tags, cells, strict=False)]
    return f"<tr>{''.join(parts)}</tr>"


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """An image uint8 ``[h, w, c]``, gray or RGB, with a caption.

    ``name`` is that of its file, without .png.
    """

    name: str
    image: np.ndarray
    caption: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.png"

    @functools.cached_property
    def data(self) -> bytes:
        """The image as a PNG file."""
        file = io.BytesIO()
        to_pillow(self.image).save(file, format="PNG", optimize=True)
        return file.getvalue()

    def html(self) -> str:
        """As HTML, with the file in it."""
        return _figure(self, "image/png", self.image.shape[:2])

    def markdown(self) -> str:
        """As Markdown, with a link to the file beside it."""
        return _link(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Movie:
    """Frames uint8 ``[t, h, w, c]`` that play again and again, with a caption.

    ``name`` is that of its file, without .gif.
    """

    name: str
    frames: np.ndarray
    caption: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.gif"

    @functools.cached_property
    def data(self) -> bytes:
        """The frames as a GIF file."""
        return gif_bytes(self.frames)

    def html(self) -> str:
        """As HTML, with the file in it."""
        return _figure(self, "image/gif", self.frames.shape[1:3])

    def markdown(self) -> str:
        """As Markdown, with a link to the file beside it."""
        return _link(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Sound:
    """Sound int16 ``[samples]`` at its rate, with a caption.

    ``name`` is that of its file, without .wav.
    """

    name: str
    samples: np.ndarray
    rate: int
    caption: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.wav"

    @functools.cached_property
    def data(self) -> bytes:
        """The samples as a WAV file."""
        return wav_bytes(self.samples, self.rate)

    def html(self) -> str:
        """As HTML, with the file in it, which plays when asked."""
        data, caption = base64.b64encode(self.data).decode(), html.escape(self.caption)
        player = f'<audio controls src="data:audio/wav;base64,{data}"></audio>'
        return f"<figure>{player}<figcaption>{caption}</figcaption></figure>"

    def markdown(self) -> str:
        """As Markdown, with a link to the file beside it."""
        return f"[{self.file}]({self.file})\n\n{escape_markdown(self.caption)}"


Attachment: TypeAlias = Picture | Movie | Sound
"""A block whose content is a file of its own beside the Markdown version."""


def _figure(attached: Picture | Movie, mime: str, sides: Sequence[int]) -> str:
    """An image file with its caption as HTML; ``sides`` are height and width in pixels."""
    data, name = base64.b64encode(attached.data).decode(), html.escape(attached.name)
    size = f'width="{sides[1]}" height="{sides[0]}"'
    image = f'<img src="data:{mime};base64,{data}" {size} alt="{name}">'
    return f"<figure>{image}<figcaption>{html.escape(attached.caption)}</figcaption></figure>"


def _link(attached: Picture | Movie) -> str:
    """A link to an image file, and its caption, as Markdown."""
    return f"![{attached.name}]({attached.file})\n\n{escape_markdown(attached.caption)}"


@dataclasses.dataclass(frozen=True)
class Gallery:
    """Pictures of one kind, side by side where the page is wide enough."""

    pictures: Sequence[Picture]

    def html(self) -> str:
        """As HTML."""
        inside = "\n".join(picture.html() for picture in self.pictures)
        return f'<div class="gallery">\n{inside}\n</div>'

    def markdown(self) -> str:
        """As Markdown, one below the other."""
        return "\n\n".join(picture.markdown() for picture in self.pictures)


@dataclasses.dataclass(frozen=True)
class Details:
    """Blocks that are shown after a click on their summary."""

    summary: str
    blocks: "Sequence[Block]"

    def html(self) -> str:
        """As HTML."""
        inside = "\n".join(block.html() for block in self.blocks)
        return f"<details><summary>{html.escape(self.summary)}</summary>\n{inside}\n</details>"

    def markdown(self) -> str:
        """As Markdown, which takes this HTML."""
        inside = "\n\n".join(block.markdown() for block in self.blocks)
        summary = html.escape(self.summary)
        return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


@dataclasses.dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str

    def html(self) -> str:
        """As HTML."""
        return f"<h3>{html.escape(self.text)}</h3>"

    def markdown(self) -> str:
        """As Markdown."""
        return f"### {escape_markdown(self.text)}"


Block: TypeAlias = Text | Code | Table | Attachment | Gallery | Details | Heading


@dataclasses.dataclass(frozen=True)
class Section:
    """A part with a title, whose words make its address within the page."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """The address, made of the title as GitHub does."""
        return re.sub(r"[^a-z0-9-]", "", self.title.lower().replace(" ", "-"))


@dataclasses.dataclass(frozen=True)
class Document:
    """A report."""

    title: str
    lead: Sequence[Block]
    sections: Sequence[Section]

    def attachments(self) -> Iterator[Attachment]:
        """Every picture and the like, those within galleries and details included."""
        for blocks in (self.lead, *(section.blocks for section in self.sections)):
            yield from _attachments(blocks)


def _attachments(blocks: Sequence[Block]) -> Iterator[Attachment]:
    for block in blocks:
        if isinstance(block, Attachment):
            yield block
        elif isinstance(block, Gallery):
            yield from block.pictures
        elif isinstance(block, Details):
            yield from _attachments(block.blocks)


def to_html(document: Document) -> str:
    """The report as one HTML page."""
    contents = "\n".join(
        f'<li><a href="#{section.anchor}">{html.escape(section.title)}</a></li>'
        for section in document.sections
    )
    sections = "\n".join(
        f'<section id="{section.anchor}">\n<h2>{html.escape(section.title)}</h2>\n'
        + "\n".join(block.html() for block in section.blocks)
        + "\n</section>"
        for section in document.sections
    )
    lead = "\n".join(block.html() for block in document.lead)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{GENERATOR}
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(document.title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{html.escape(document.title)}</h1>
{lead}
<nav aria-label="Contents">
<ol>
{contents}
</ol>
</nav>
{sections}
</body>
</html>
"""


def to_markdown(document: Document) -> str:
    """The report as Markdown, with links to pictures beside it."""
    contents = "\n".join(f"- [{section.title}](#{section.anchor})" for section in document.sections)
    parts = [f"# {escape_markdown(document.title)}"]
    parts += [block.markdown() for block in document.lead]
    parts.append(contents)
    for section in document.sections:
        parts.append(f"## {escape_markdown(section.title)}")
        parts += [block.markdown() for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def number(value: float) -> str:
    """A number with four significant digits."""
    return f"{float(value):.4g}"


def escape_markdown(text: str) -> str:
    """The text in one line; no character of it means something in Markdown or HTML."""
    line = re.sub(r"([\\`*_\[\]<>|#&~$])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^([-+]|\d+[.)])(?= |$)", r"\\\1", line)


STYLE = """
:root { color-scheme: light dark; --text: #1a1a1a; --page: #fff; --faint: #6a6a6a;
  --line: #ddd; --shade: #f5f5f4; --alert: #fdecea; --alert-line: #c0392b; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --page: #16181b;
  --faint: #a0a4aa; --line: #3a3e44; --shade: #202328; --alert: #3b1d1b;
  --alert-line: #e57368; --link: #7db8f0; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .4rem; }
h2 { margin-top: 2.6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { margin: 1.8rem 0 .5rem; }
a { color: var(--link); }
nav ol { columns: 16rem; padding-left: 1.4rem; }
p.note { color: var(--faint); font-style: italic; }
p.warning { background: var(--alert); border-left: 4px solid var(--alert-line);
  padding: .6rem .9rem; font-weight: 600; }
figure { margin: 1.2rem 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 3px; }
figcaption { color: var(--faint); font-size: .9rem; max-width: 46rem; }
.gallery { display: grid; gap: 0 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0;
  border-bottom: 1px solid var(--line); }
tbody th { font-weight: 500; color: var(--faint); white-space: nowrap; }
table.columns { white-space: nowrap; }  /* wide ones scroll */
table.columns th, table.columns td:first-child { white-space: normal; overflow-wrap: normal; }
table.columns th { vertical-align: bottom; }
table.columns td:first-child { min-width: 8rem; }
details { margin: .8rem 0; }
summary { cursor: pointer; color: var(--faint); }
pre { background: var(--shade); padding: .8rem; border-radius: 3px; overflow-x: auto;
  font-size: .82rem; white-space: pre-wrap; }
"""
