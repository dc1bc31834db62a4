"""The data of a run: where samples come from, and how they reach the compiled step."""

from collections.abc import Callable

import jax
import numpy as np

from jaxgan.data.datasets import rows_of_noise
from jaxgan.data.feed import Feed, make_feed
from jaxgan.data.modality import IMAGES, PAIRS, UNPAIRED, Modality, Range
from jaxgan.data.source import RowSpec, Source, from_arrays
from jaxgan.data.videos import VIDEOS
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment, open_of
from jaxgan.rng import Rng
from jaxgan.runs.settings import Reading, Training
from jaxgan.types import Batch


def open_data(experiment: Experiment, training: Training, reading: Reading, smoke: bool) -> Source:
    """The data that the flags name, or noise of their shape for ``--smoke``.

    Raises:
      UserError: there are no such data, they cannot be read, or do not fit a flag.
    """
    if smoke:
        source = noise(experiment, training)
    else:
        source = open_of(experiment, training.data)(
            training.split,
            data_dir=reading.data_dir,
            resolution=training.resolution,
            channels=training.channels,
            unreadable=reading.unreadable,
        )
    if training.flip and not source.modality.flips:
        mend = "give --no-flip" if experiment.flip else "omit --flip"
        raise UserError(f"--flip: {source.name} are {source.modality.name}; {mend}.")
    return source


def noise(experiment: Experiment, training: Training) -> Source:
    """256 samples of noise, of the shape and with the labels that the experiment's data have.

    Raises:
      UserError: the data are neither images nor pairs of them nor clips, and a flag asks for a
        resolution or channels.
    """
    data = experiment.data
    spec = dict(data.spec)
    if training.resolution is not None or training.channels is not None:
        if data.modality not in (IMAGES, PAIRS, UNPAIRED, VIDEOS):
            raise UserError(
                f"{data.name} consists of {data.modality.name}: leave out --resolution and "
                "--channels."
            )
        side = training.resolution
        for key, (shape, dtype) in data.spec.items():
            if len(shape) >= 3:  # both images of a pair, or a clip; not a label
                *frames, height, width, channels = shape
                asked = (side or height, side or width, training.channels or channels)
                spec[key] = RowSpec((*frames, *asked), dtype)
    rows = rows_of_noise(spec, data.classes, 256)
    return from_arrays("smoke", "train", rows, classes=data.classes, modality=data.modality)


def mean_sample(source: Source) -> np.ndarray:
    """The mean of the first 60,000 samples at most, float32; images in [0, 1]."""
    places = np.arange(min(source.size, 60_000))
    samples = source.read(places)[source.modality.key]
    scale = 255.0 if samples.dtype == np.uint8 else 1.0
    return (samples.mean(0, dtype=np.float64) / scale).astype(np.float32)


def feed_of(
    source: Source, training: Training, reading: Reading, batches_per_dispatch: int
) -> Feed:
    """The batches of the run, or this process's rows of them.

    Raises:
      UserError: a batch cannot be divided over the processes, or a file cannot be read.
    """
    return make_feed(
        source,
        seed=training.seed,
        batch_size=training.batch_size,
        mode=reading.data_mode,
        process_index=jax.process_index(),
        process_count=jax.process_count(),
        batches_per_dispatch=batches_per_dispatch,
        workers=reading.workers,
    )


def preparation(modality: Modality, flip: bool) -> Callable[[Batch, Rng, Range], Batch]:
    """``(batch, rng, range) -> batch``: rows of the data as what networks see."""

    def prepare(batch: Batch, rng: Rng, range: Range) -> Batch:
        return modality.seen(batch, rng, range, flip)

    return prepare
