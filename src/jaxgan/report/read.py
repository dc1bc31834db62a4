"""Samples that are read."""

import numpy as np

from jaxgan.metrics.edit_distance import edit_distances
from jaxgan.report.context import LeftOutError, ReportedRun
from jaxgan.report.document import Block, Table, Text
from jaxgan.report.samples import samples

SHOWN = 20
"""Sentences of the table."""

SEARCHED = 20_000
"""Training sentences among which the nearest is looked for."""


def read_samples(run: ReportedRun) -> list[Block]:
    """The first sentences of the seed, and the training sentence that is nearest to each."""
    vocabulary, shown = run.modality.vocabulary, run.samples[:SHOWN]
    if vocabulary is None:  # tokens of an experiment's own kind
        return samples(run)
    written = vocabulary.sentences(shown)
    sampler = run.drawer
    about = f"step {sampler.step}, seed {run.asked.seed}"
    text = f"Sentences that were not selected, in the order drawn: {about}."
    try:
        training = run.source.read(np.arange(min(SEARCHED, run.source.size)))["tokens"]
    except LeftOutError:
        return [Text(text), Table([(one,) for one in written], ("sentence",))]
    lengths = np.array([vocabulary.length(row) for row in training])
    rows = []
    for sentence, words in zip(vocabulary.cut(shown), written, strict=True):
        distances = edit_distances(sentence, training, lengths)
        nearest = training[distances.argmin()]
        rows.append((words, vocabulary.sentence(nearest), str(distances.min())))
    text += (
        f" Beside each the nearest of {len(training):,} training sentences, by the number of "
        "tokens that are put in, taken out or replaced: 0 is a copy."
    )
    return [Text(text), Table(rows, ("sentence", "nearest training sentence", "edits"))]
