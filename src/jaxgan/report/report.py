"""The report of a run: which sections it has, in which order.

Nothing is shown that was not measured: what cannot be made is left out, with a sentence that says
why and which command makes it.
"""

import sys
from collections.abc import Callable, Mapping

from jaxgan.report.context import ReportedRun, attempt
from jaxgan.report.document import Block, Document, Section, Text
from jaxgan.report.heard import heard_samples
from jaxgan.report.modes import class_modes, mixture_modes
from jaxgan.report.moving import moving_samples
from jaxgan.report.neighbors import neighbors
from jaxgan.report.overview import curves, the_run
from jaxgan.report.read import read_samples
from jaxgan.report.samples import density, during_training, each_class, interpolation, samples
from jaxgan.report.scores import scores
from jaxgan.report.truncation import truncation

Build = Callable[[ReportedRun], list[Block]]
"""Makes a section's blocks; without any the section does not apply and is not shown."""

OF_MODALITY: Mapping[str, Mapping[str, Build]] = {
    "images": {
        "Samples of each class": each_class,
        "Interpolation": interpolation,
        "Modes": class_modes,
        "Nearest neighbors": neighbors,
        "Truncation": truncation,
    },
    "points": {"Density": density, "Modes": mixture_modes},
}
"""Further sections, by the modality that they fit; other modalities have none."""

SAMPLES: Mapping[str, Build] = {
    "videos": moving_samples,
    "sounds": heard_samples,
    "tokens": read_samples,
}
"""How the samples of a modality are shown, where pictures are not enough."""

RECORDED: Mapping[str, Build] = {"Curves": curves, "The run": the_run}
"""The last sections, which need no checkpoint."""


def compose(run: ReportedRun) -> Document:
    """The report of a run: samples and scores first, settings last."""
    parts: dict[str, Build] = {"Scores": scores, **RECORDED}
    if run.sampler is not None:
        parts = {
            "Samples": SAMPLES.get(run.modality.name, samples),
            "Scores": scores,
            **OF_MODALITY.get(run.modality.name, {}),
            "Samples during training": during_training,
            **RECORDED,
        }
    sections = []
    for number, (title, build) in enumerate(parts.items(), 1):
        print(f"report {number}/{len(parts)}: {title.lower()}", file=sys.stderr)
        if blocks := attempt(build, run):
            sections.append(Section(title, blocks))
    title = f"{run.description['experiment']} on {run.description['data'].get('name')}"
    return Document(title, lead(run), sections)


def lead(run: ReportedRun) -> list[Block]:
    """A warning if the run did not finish, and the first paragraphs of its experiment file."""
    outcome, note = str(run.status.get("outcome")), run.status.get("note", "")
    shown = "It has no checkpoint, so there are no samples."
    if run.sampler is not None:
        shown = f"Samples are of the checkpoint of step {run.sampler.step}."
    warnings = {
        "diverged": f"This run diverged: {note}.",
        "interrupted": f"This run was interrupted: {note}.",
        "failed": f"This run failed at step {run.status.get('step', '?')}: {note}.",
        "running": "This run had not ended when the report was made: it was training, or was "
        "killed.",
    }
    blocks: list[Block] = []
    if outcome != "finished":
        warning = warnings.get(outcome, "How this run ended is not recorded.")
        blocks.append(Text(f"{warning} {shown}", "warning"))
    paragraphs = run.trained.experiment.doc.split("\n\n")[:2]
    return [*blocks, *(Text(part) for part in paragraphs if part.strip())]
