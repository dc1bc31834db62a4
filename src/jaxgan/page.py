"""``jaxgan report``: what a run is and what it makes, on one page."""

import dataclasses
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import tyro

from jaxgan import document, runs
from jaxgan.document import Document
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
from jaxgan.game import Gan
from jaxgan.progress import Counting
from jaxgan.sampling import Sampler, load_state, sampler_of
from jaxgan.sections import EXTRACTOR, Choices, Subject, compose


@dataclasses.dataclass(frozen=True)
class Report:
    """Write what a run is and what it makes as one HTML page, and as Markdown with pictures."""

    run: tyro.conf.Positional[Path]
    """The run folder."""
    out: Path | None = None
    """A new folder, or that of an earlier report, which is replaced; RUN/report if not given."""
    weights: Literal["ema", "raw"] = "ema"
    """The averaged generator, or the one last trained."""
    step: int | Literal["best"] | None = None
    """Step of the checkpoint, or best (of a run with --best); the newest if not given."""
    seed: int = 0
    """Seed of the latents."""
    num: int | None = None
    """Samples to measure with; 1000 images, or 2500 points, if not given."""
    data_dir: str | None = None
    """Where TFDS keeps data; $TFDS_DATA_DIR or ~/tensorflow_datasets if not given."""
    truncations: str = "0.3,0.5,0.7,1.0"
    """Of the truncation sweep, with commas; an empty text for none."""
    extractor: str = EXTRACTOR
    """Features of nearest neighbours and of the truncation sweep, as jaxgan evaluate takes it."""
    extractor_weights: Path | None = None
    """Weights of inception or dinov2, which you download yourself."""


def report_command(arguments: Sequence[str]) -> int:
    """``jaxgan report RUN``."""
    asked = tyro.cli(Report, prog="jaxgan report", args=list(arguments))
    check(asked)
    folder = runs.RunFolder(asked.run)
    out = asked.out or folder.path / "report"
    experiment, gan, sampler, description = read_run(asked)
    check_destination(out)
    with Counting() as counting:
        choices = Choices(
            asked.step,
            asked.seed,
            asked.num,
            asked.data_dir,
            parse_truncations(asked.truncations),
            asked.extractor,
            asked.extractor_weights,
        )
        subject = Subject(folder, experiment, gan, sampler, description, choices, counting)
        if sampler and subject.images and (asked.extractor != EXTRACTOR or asked.extractor_weights):
            _ = subject.extractor  # what was asked for by name is not left out in silence
        made = compose(subject)
    write(made, out)
    of = f"step {sampler.step}, {asked.weights}" if sampler else "no checkpoint"
    print(f"Report of {asked.run} ({of}): {out / 'report.html'}")
    return 0


def read_run(asked: Report) -> tuple[Experiment, Gan, Sampler | None, dict[str, Any]]:
    """The run, and what draws from its checkpoint: nothing, if it ended badly before the first.

    Raises:
      UserError: there is no run, or no such checkpoint of one that went well.
    """
    folder = runs.RunFolder(asked.run)
    if ended_badly(folder) and asked.step is None and not any(folder.checkpoints.glob("[0-9]*")):
        experiment, config, data, description = runs.rebuild(folder)
        gan = experiment.game(config, data, description["identity"].get("steps", 0))
        return experiment, gan, None, description
    experiment, gan, state, data, description = load_state(asked.run, asked.step)
    return experiment, gan, sampler_of(gan, state, data, asked.weights), description


def ended_badly(folder: runs.RunFolder) -> bool:
    """Whether the run says that it diverged or failed."""
    try:
        return json.loads(folder.status.read_text())["outcome"] in ("diverged", "failed")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check(asked: Report) -> None:
    """Refuses numbers that make no sense.

    Raises:
      UserError: naming the flag.
    """
    if asked.num is not None and asked.num < 10:
        raise UserError(f"--num {asked.num}: must be at least 10.")
    if not 0 <= asked.seed < 2**32:
        raise UserError(f"--seed {asked.seed}: use 0 to {2**32 - 1}.")
    parse_truncations(asked.truncations)


def parse_truncations(words: str) -> tuple[float, ...]:
    """Truncations from a list with commas.

    Raises:
      UserError: one is no number, or out of range.
    """
    found = []
    for word in filter(None, (word.strip() for word in words.split(","))):
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not 0 < value <= 10:
            raise UserError(
                f"--truncations {words}: {word} is not above 0 and at most 10; use e.g. 0.5,1.0"
            )
        found.append(value)
    return tuple(found)


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
