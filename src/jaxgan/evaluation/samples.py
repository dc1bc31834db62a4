"""What is scored: images, points or other samples, read in blocks from wherever they are."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P

from jaxgan import parallel
from jaxgan.data.modality import IMAGES, Modality
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.metrics.frechet import Statistics
from jaxgan.sampling.sampler import BATCH, Sampler
from jaxgan.types import AXIS, Device

SELECTION = 0
"""Seed of the one permutation that picks real samples: scores of different seeds then share
their reference, and ``--seed`` is the generator's alone."""


UNSAID = "not said"
"""In a protocol, what the statistics of a file do not say of themselves."""


@dataclasses.dataclass(frozen=True)
class SampleSet:
    """A number of samples in a fixed order.

    Attributes:
      name: what they are called.
      count: how many.
      shape: of one: ``(height, width, channels)``, or ``(2,)`` for points.
      read: ``(first, count)`` -> those samples, quantized: uint8 images, or float32 points.
      labels: int32 ``[count]``; None without labels.
      about: what a score says of them.
      modality: what the samples are.
      origins: ``(first, count)`` -> the images that those samples were made from, quantized; None
        for samples that are made of latents.
      hidden: ``(first, count)`` -> where images were completed to those samples, bool
        ``[count, h, w]``; None where nothing is completed.
      rows: the data whose rows they were made from, sample i from row i; None without such.
      statistics: of their features, where nothing else of them is known; their number is 0 then.
    """

    name: str
    count: int
    shape: tuple[int, ...]
    read: Callable[[int, int], np.ndarray]
    labels: np.ndarray | None = None
    about: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    modality: Modality = IMAGES
    origins: Callable[[int, int], np.ndarray] | None = None
    hidden: Callable[[int, int], np.ndarray] | None = None
    rows: Source | None = None
    statistics: Statistics | None = None

    def blocks(self, size: int) -> Iterator[np.ndarray]:
        """All samples, ``size`` at a time."""
        for first in range(0, self.count, size):
            yield self.read(first, min(size, self.count - first))

    def array(self) -> np.ndarray:
        """All samples in memory."""
        return self.read(0, self.count)

    def sha256(self) -> str:
        """A checksum of the samples in their order; reads all of them."""
        total = hashlib.sha256(f"{self.count} {self.shape}".encode())
        for block in self.blocks(1024):
            total.update(block.dtype.str.encode())
            total.update(np.ascontiguousarray(block).data)
        return total.hexdigest()


def of_source(source: Source, places: np.ndarray) -> SampleSet:
    """The samples of a data set at ``places``, integers ``[n]``.

    Their labels are read at once, the images only when asked for.
    """
    labels = None
    if source.classes is not None:
        parts = np.array_split(places, max(len(places) // 1024, 1))
        labels = np.concatenate([source.read(part)["label"] for part in parts])
    return SampleSet(
        name=source.name,
        count=len(places),
        shape=source.shape,
        read=lambda first, count: source.read(places[first : first + count])[source.modality.key],
        labels=labels,
        about={
            "data": source.name,
            "split": source.split,
            "data_sha256": source.fingerprint,
            "preparation": source.preparation,
        },
        modality=source.modality,
    )


def chosen(size: int, count: int, after: int = 0) -> np.ndarray:
    """``count`` of ``size`` places, int64 in ascending order, none of the first ``after`` chosen.

    The same ones every time; those of two calls whose ranges do not overlap are disjoint.
    """
    return np.sort(np.random.default_rng(SELECTION).permutation(size)[after : after + count])


def of_sampler(
    sampler: Sampler,
    count: int,
    *,
    seed: int = 0,
    truncation: float | None = None,
    devices: Sequence[Device] | None = None,
) -> SampleSet:
    """The first ``count`` samples of ``seed``, drawn on all devices of this process.

    Each device draws as many at a time as ``jaxgan sample`` does. A sample that is not finite is
    refused when it is read: as uint8 it would pass for a gray level.
    """
    devices = list(devices or jax.local_devices())
    spread = NamedSharding(parallel.mesh(devices), P(AXIS))
    generate = sampler.placed(devices)
    rows = BATCH * len(devices)

    def block(first: int) -> np.ndarray:
        parts = range(first, first + rows, BATCH)
        latents = np.concatenate([sampler.draw(seed, part, truncation) for part in parts])
        condition = sampler.condition(rows, None, first)
        samples = np.asarray(generate(*jax.device_put((latents, condition), spread)))
        bad = ~np.isfinite(samples).reshape(rows, -1).all(axis=1)
        if bad.any():
            raise UserError(
                f"{bad.sum()} of {rows} generated samples hold NaN or infinity (first: sample "
                f"{first + bad.argmax()}). The generator has diverged; score an earlier "
                "checkpoint with --step."
            )
        return sampler.quantize(samples)

    def read(first: int, wanted: int) -> np.ndarray:
        offset = first % rows
        blocks = [block(start) for start in range(first - offset, first + wanted, rows)]
        return np.concatenate(blocks)[offset : offset + wanted]

    def origins(first: int, wanted: int) -> np.ndarray:
        return sampler.origins(wanted, seed, first, truncation)

    def hidden(first: int, wanted: int) -> np.ndarray:
        return sampler.hidden(wanted, seed, first, truncation)

    labels = sampler.labels(count)
    made_from = sampler.rows
    return SampleSet(
        name=f"step {sampler.step}",
        count=count,
        shape=sampler.task.shape,
        read=read,
        labels=labels,
        about={
            "step": sampler.step,
            "weights": sampler.weights,
            "standing_batches": sampler.standing,
            "truncation": truncation,
            "seed": seed,
            "labels": "none" if labels is None else "each class in turn",
            "precision": sampler.precision,
            "dtype": sampler.activations,
            **(
                {}
                if made_from is None
                else {"made_from": {"data": made_from.name, "split": made_from.split}}
            ),
        },
        modality=sampler.task.modality if made_from is None else made_from.modality,
        origins=None if sampler.gan.forward.origin is None else origins,
        hidden=None if sampler.gan.forward.hidden is None else hidden,
        rows=made_from,
    )
