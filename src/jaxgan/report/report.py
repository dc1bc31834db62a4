"""The report of a run: its sections in order.

Nothing is shown that was not measured: what cannot be made is left out, with a sentence that says
why and which command makes it.
"""

import sys
from collections.abc import Callable, Mapping

from jaxgan.report.context import ReportedRun, attempt
from jaxgan.report.document import Block, Document, Section, Text
from jaxgan.report.modes import modes
from jaxgan.report.neighbors import neighbors
from jaxgan.report.overview import curves, the_run
from jaxgan.report.samples import density, during_training, each_class, interpolation, samples
from jaxgan.report.scores import scores
from jaxgan.report.truncation import truncation


def compose(subject: ReportedRun) -> Document:
    """The report of a run."""
    parts: dict[str, Callable[[ReportedRun], list[Block]]]
    parts = {"The run": the_run, "Curves": curves}
    if subject.sampler is None:  # nothing can be drawn
        return _document(subject, parts | {"Scores": scores})
    parts |= {"Samples": samples, "Samples during training": during_training}
    if subject.images:
        if subject.drawer.labelled:
            parts["Samples of each class"] = each_class
        parts["Interpolation"] = interpolation
    else:
        parts["Density"] = density
    parts |= {"Modes": modes, "Scores": scores}
    if subject.images:
        parts |= {"Nearest neighbours": neighbors, "Truncation": truncation}
    if subject.images and subject.drawer.data.classes is None:
        del parts["Modes"]  # there are none to count
    return _document(subject, parts)


def _document(
    subject: ReportedRun, parts: Mapping[str, Callable[[ReportedRun], list[Block]]]
) -> Document:
    sections = []
    for number, (title, build) in enumerate(parts.items(), 1):
        print(f"report {number}/{len(parts)}: {title.lower()}", file=sys.stderr)
        sections.append(Section(title, attempt(build, subject)))
    name = f"{subject.description['experiment']} on {subject.description['data'].get('name')}"
    return Document(name, lead(subject), sections)


def lead(subject: ReportedRun) -> list[Block]:
    """How the run ended, if not well, and what it is."""
    status = subject.status
    outcome, reached = str(status.get("outcome")), status.get("step", "?")
    note = status.get("note", "")
    shown = "It has no checkpoint, so nothing can be drawn."
    if subject.sampler is not None:
        shown = f"What follows is of the checkpoint of step {subject.sampler.step}."
    warnings = {
        "diverged": f"This run diverged: {note}. {shown}",
        "interrupted": f"This run was interrupted: {note}. {shown}",
        "failed": f"This run failed at step {reached}: {note}. {shown}",
        "running": "This run had not ended when the report was made: it was training, or was "
        f"killed. {shown}",
    }
    blocks: list[Block] = []
    if outcome in warnings:
        blocks.append(Text(warnings[outcome], "warning"))
    elif outcome != "finished":
        blocks.append(Text(f"How this run ended is not recorded. {shown}", "warning"))
    blocks += [Text(part) for part in subject.experiment.doc.split("\n\n")[:2] if part.strip()]
    return blocks
