"""Features of many images, on all devices of a job."""

import contextlib
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan import parallel
from jaxgan.evaluation.cache import cached
from jaxgan.evaluation.samples import SampleSet
from jaxgan.metrics import extractors, frechet, streaming
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.sampling.sampler import BATCH
from jaxgan.types import AXIS

Watch = Callable[[str, int], contextlib.AbstractContextManager[Callable[[int], None]]]
"""``(what, how many)`` -> a context that is told how many more are done."""


@contextlib.contextmanager
def unwatched(what: str, count: int) -> Iterator[Callable[[int], None]]:
    """Shows nothing."""
    yield lambda done: None


def cached_extraction(
    extractor: Extractor, images: SampleSet, watch: Watch = unwatched
) -> "Extracted":
    """``extract``, or its result for the same images the last time.

    The key holds a checksum of the images themselves: data that changed are other images.
    """

    def make() -> dict[str, np.ndarray]:
        with watch(images.name, images.count) as advance:
            found = extract(extractor, images, advance)
        if found.streamed is not None:
            statistics = dataclasses.asdict(found.streamed)
            return {name: np.asarray(value) for name, value in statistics.items()}
        parts = {"features": found.features, "logits": found.logits}
        return {name: part for name, part in parts.items() if part is not None}

    key = {
        "images": images.sha256(),
        "extractor": extractor.name,
        "weights": extractor.weights_sha256,
        "resize": extractor.resize,
        "kept": kept(images.count, extractor),
        **computed_by(),
    }
    # The processes of a job may each have another cache, but must take part in every extraction.
    arrays = cached("features", key, make) if jax.process_count() == 1 else make()
    if "mean" not in arrays:
        return Extracted(images.count, arrays["features"], arrays.get("logits"))
    statistics = frechet.Statistics(images.count, arrays["mean"], arrays["covariance"])
    return Extracted(images.count, None, None, statistics)


@functools.cache
def computed_by() -> dict[str, str]:
    """What else numbers depend on: the extractors' code, JAX, and the device."""
    total = hashlib.sha256()
    for file in sorted(Path(extractors.__path__[0]).glob("*.py")):
        total.update(file.read_bytes())
    device = jax.devices()[0].device_kind
    return {"code": total.hexdigest(), "jax": jax.__version__, "device": device}


LIMIT = 2**30
"""Bytes of features that are kept. For more samples only their mean and covariance are, merged in
float32 on the devices; below, both are computed in float64."""


@dataclasses.dataclass(frozen=True)
class Extracted:
    """What an extractor makes of a set of images.

    Attributes:
      count: number of images.
      features: float32 ``[n, d]``; None if they would be larger than ``LIMIT``.
      logits: float32 ``[n, classes]``; None likewise, or if the extractor does not classify.
      streamed: their statistics where the features were not kept.
    """

    count: int
    features: np.ndarray | None
    logits: np.ndarray | None
    streamed: frechet.Statistics | None = None

    @functools.cached_property
    def gaussian(self) -> frechet.Gaussian:
        """The Gaussian fitted to the features."""
        if self.features is not None:
            return frechet.gaussian_of_features(self.features)
        assert self.streamed is not None
        return frechet.gaussian(self.streamed)


def kept(count: int, extractor: Extractor) -> bool:
    """Whether the features of so many images are kept."""
    return count * extractor.dimension * 4 <= LIMIT


def extract(
    extractor: Extractor, images: SampleSet, advance: Callable[[int], None] = lambda count: None
) -> Extracted:
    """Features of all images; in a multi-process job every process must call it.

    The processes take blocks of images in turn, the devices of each share a block.

    Args:
      extractor: the network.
      images: as they are quantized.
      advance: told how many images were done, block by block.

    Raises:
      UserError: images cannot be read, or make NaN.
    """
    devices = jax.local_devices()
    spread = NamedSharding(parallel.mesh(devices), P(AXIS))
    variables = jax.device_put(extractor.variables, parallel.replicated(devices))
    keep = kept(images.count, extractor)
    moments = jax.device_put(streaming.nothing(extractor.dimension), parallel.replicated(devices))
    features, logits = [], []
    for block, count in _blocks(images, BATCH * len(devices)):
        out = extractor.compiled(variables, jax.device_put(block, spread))
        if keep:
            features.append(np.asarray(out.features)[:count])
            logits.append(None if out.logits is None else np.asarray(out.logits)[:count])
        else:
            moments = _update(moments, out.features, np.arange(len(block)) < count)
        advance(count * jax.process_count())
    if not keep:
        return Extracted(images.count, None, None, streaming.finish(_merged(moments)))
    classifies = jax.eval_shape(extractor.apply, extractor.variables, _example(images)).logits
    return Extracted(
        images.count,
        _in_order(features, images, extractor.dimension),
        None if classifies is None else _in_order(logits, images, classifies.shape[1]),
    )


def _example(images: SampleSet) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((BATCH, *images.shape), images.modality.dtype)


def _blocks(images: SampleSet, rows: int) -> Iterator[tuple[np.ndarray, int]]:
    """This process's blocks, filled up to one shape, and how many of their rows are real."""
    for first in range(rows * jax.process_index(), images.count, rows * jax.process_count()):
        count = min(rows, images.count - first)
        block = images.read(first, count)
        yield np.concatenate([block, np.repeat(block[:1], rows - count, axis=0)]), count


_update = jax.jit(streaming.update, donate_argnums=0)


def _merged(moments: streaming.Moments) -> streaming.Moments:
    """The moments of all processes together."""
    moments = jax.device_get(moments)
    if jax.process_count() == 1:
        return moments
    every = multihost_utils.process_allgather(moments)
    parts = [jax.tree.map(lambda leaf, n=n: leaf[n], every) for n in range(jax.process_count())]
    return functools.reduce(streaming.merge, parts)


def _in_order(parts: list, images: SampleSet, width: int) -> np.ndarray:
    """The rows of all processes in the order of the images."""
    processes = jax.process_count()
    if processes == 1:
        return np.concatenate(parts)
    rows = BATCH * jax.local_device_count()
    turns = -(-images.count // (rows * processes))
    own = np.zeros((turns, rows, width), np.float32)
    for turn, part in enumerate(parts):
        own[turn, : len(part)] = part
    every = np.asarray(multihost_utils.process_allgather(own))  # [process, turn, row, width]
    return every.swapaxes(0, 1).reshape(-1, width)[: images.count]
