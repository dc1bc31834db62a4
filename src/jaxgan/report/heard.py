"""Samples that are heard."""

from jaxgan.report.context import ReportedRun
from jaxgan.report.document import Block, Sound
from jaxgan.report.samples import samples
from jaxgan.viz.sound import in_turn


def heard_samples(run: ReportedRun) -> list[Block]:
    """The first sounds of the seed one after another, and their spectrograms."""
    modality = run.modality
    assert modality.rate is not None, "sounds have a rate"
    shown = run.samples[: modality.preview_size]
    caption = f"{len(shown)} samples one after another, {modality.rate:,} Hz."
    return [Sound("heard", in_turn(shown, modality.rate), modality.rate, caption), *samples(run)]
