"""The data of a run: where samples come from, and how they reach the compiled step."""

import functools
from collections.abc import Callable

import jax
import numpy as np

from jaxgan.data.feed import Feed, make_feed
from jaxgan.data.modality import random_flip, to_float
from jaxgan.data.open import open_source
from jaxgan.data.source import Source, from_arrays
from jaxgan.errors import UserError
from jaxgan.experiment import Experiment
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
        source = open_source(
            training.data,
            training.split,
            data_dir=reading.data_dir,
            resolution=training.resolution,
            channels=training.channels,
            unreadable=reading.unreadable,
        )
    if training.flip and not is_images(source.shape):
        mend = "give --no-flip" if experiment.flip else "omit --flip"
        raise UserError(f"--flip: {source.name} are points, not images; {mend}.")
    return source


def noise(experiment: Experiment, training: Training) -> Source:
    """256 samples of noise, of the shape and with the labels that the experiment's data have.

    Raises:
      UserError: the data are points, and a flag asks for a resolution or channels.
    """
    random, shape = np.random.default_rng(0), experiment.shape
    if training.resolution is not None or training.channels is not None:
        if not is_images(shape):
            raise UserError(
                f"{experiment.data} consists of points: leave out --resolution and --channels."
            )
        height, width, channels = shape
        side = training.resolution
        shape = (side or height, side or width, training.channels or channels)
    if is_images(shape):
        image = random.integers(0, 256, (256, *shape), np.uint8)
    else:
        image = random.normal(size=(256, *shape)).astype(np.float32)
    rows: dict[str, np.ndarray] = {"image": image}
    if experiment.classes is not None:
        rows["label"] = random.integers(0, experiment.classes, 256).astype(np.int32)
    return from_arrays("smoke", "train", rows, classes=experiment.classes)


def mean_sample(source: Source) -> np.ndarray:
    """The mean of up to 60,000 samples, float32; images in [0, 1]."""
    places = np.arange(min(source.size, 60_000))
    image = source.read(places)["image"]
    scale = 255.0 if image.dtype == np.uint8 else 1.0
    return (image.mean(0, dtype=np.float64) / scale).astype(np.float32)


def feed_of(source: Source, training: Training, reading: Reading) -> Feed:
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
    )


def streamed_bytes(feed: Feed, source: Source, rows: int) -> int:
    """Bytes of ``rows`` rows that are carried to the device; 0 if the data are there already."""
    return 0 if feed.arrays else source.nbytes // source.size * rows


Range = tuple[float, float]


def preparation(flip: bool) -> Callable[[Batch, Rng, Range], Batch]:
    """``(batch, rng, range) -> batch``: real images as floats, flipped at random if ``flip``."""
    return functools.partial(_prepare, flip=flip)


def _prepare(batch: Batch, rng: Rng, range: Range, flip: bool) -> Batch:
    images = to_float(batch["image"], *range)
    return {**batch, "image": random_flip(rng, images) if flip else images}


def is_images(shape: tuple[int, ...]) -> bool:
    """Whether samples of this shape are images."""
    return len(shape) == 3
