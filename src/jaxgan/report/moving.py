"""Samples that move."""

from jaxgan.report.context import ReportedRun
from jaxgan.report.document import Block, Movie
from jaxgan.report.samples import samples
from jaxgan.viz.moving import moving_grid


def moving_samples(run: ReportedRun) -> list[Block]:
    """The first clips of the seed as they play, and as strips of frames."""
    shown = moving_grid(run.samples[: run.modality.preview_size])
    caption = f"{len(shown)} frames, again and again."
    return [Movie("moving", shown, caption), *samples(run)]
