"""Writing a report: the page, its Markdown version and the pictures of the latter."""

import os
import re
from pathlib import Path

from jaxgan.errors import UserError
from jaxgan.files import is_part, replacing_folder, writing
from jaxgan.report.document import GENERATOR, Document, to_html, to_markdown


def check_destination(out: Path) -> None:
    """Checks, before the work is done, that a report can be written to ``out``.

    Raises:
      UserError: it is a file, holds something that is no report, or is read-only.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is not a folder; choose another --out.")
    others = [path for path in out.iterdir() if not is_part(path)] if out.is_dir() else []
    if others and not _is_report(out / "report.html"):
        raise UserError(f"{out} holds files but no report of jaxgan; choose another --out.")
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"Cannot write {out}: {there} is read-only. Choose another --out.")


def write(made: Document, out: Path) -> None:
    """Writes ``report.html``, ``report.md`` and its pictures; an earlier report is replaced.

    On an error the earlier report stays. Files of other origin in the folder always stay.

    Raises:
      UserError: it cannot be written.
    """
    with writing(out, "Choose another --out."):
        before = _attachments_of(out / "report.md")
        with replacing_folder(out) as part:
            for attached in made.attachments():
                (part / attached.file).write_bytes(attached.data)
            # JSON can hold lone surrogates, which UTF-8 cannot encode.
            for name, text in (("report.md", to_markdown(made)), ("report.html", to_html(made))):
                (part / name).write_bytes(text.encode(errors="replace"))
            now = {path.name for path in part.iterdir()}
        for name in before - now:
            (out / name).unlink(missing_ok=True)


def _is_report(page: Path) -> bool:
    if not page.is_file():
        return False
    with page.open(errors="replace") as file:
        return GENERATOR in file.read(1000)


def _attachments_of(markdown: Path) -> set[str]:
    """File names of the pictures and the like that an earlier report shows."""
    if not markdown.is_file():
        return set()
    text = markdown.read_text(errors="replace")
    return set(re.findall(r"^!\[[a-z-]+\]\(([a-z-]+\.(?:png|gif))\)$", text, re.M))
