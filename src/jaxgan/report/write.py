"""Writing a report: the page, the Markdown and its pictures."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.report import document
from jaxgan.report.document import Document


def check_destination(out: Path) -> None:
    """Refuses a folder that holds something else, or cannot be written, before the work is done.

    Raises:
      UserError: saying so.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is not a folder; choose another --out.")
    others = [path for path in out.iterdir() if not _staged(path)] if out.is_dir() else []
    if others and not _is_report(out / "report.html"):
        raise UserError(f"{out} holds files but no report of jaxgan; choose another --out.")
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"Cannot write {out}: {there} is read-only. Choose another --out.")


def _staged(path: Path) -> bool:
    """Whether it is what a report left that was killed while it was written."""
    return path.name.startswith(".part-")


def _is_report(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(errors="replace") as file:
        return document.GENERATOR in file.read(1000)


def write(made: Document, out: Path) -> None:
    """Writes the page, the Markdown and its pictures, in the place of an earlier report.

    Everything is written beside its place first: if that fails, the earlier report stays.

    Raises:
      UserError: it cannot be written.
    """
    try:
        before = _shown(out / "report.md")
        out.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=out))
        try:
            for picture in made.pictures():
                (part / f"{picture.name}.png").write_bytes(picture.png())
            # A lone surrogate, which JSON can hold, is no text.
            for name, text in (
                ("report.md", document.to_markdown(made)),
                ("report.html", document.to_html(made)),
            ):
                (part / name).write_bytes(text.encode(errors="replace"))
            now = {path.name for path in part.iterdir()}
            for name in sorted(now, key=lambda name: (name.endswith(".html"), name)):
                (part / name).replace(out / name)
            for name in before - now:
                (out / name).unlink(missing_ok=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"Cannot write {out}: {error.strerror or error}. Choose another --out."
        ) from error


def _shown(markdown: Path) -> set[str]:
    """Names of the pictures that a report of ours shows."""
    if not markdown.is_file():
        return set()
    text = markdown.read_text(errors="replace")
    return set(re.findall(r"^!\[[a-z-]+\]\(([a-z-]+\.png)\)$", text, re.M))
