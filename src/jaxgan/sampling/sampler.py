"""Drawing samples from a generator."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.data.modality import to_uint8
from jaxgan.errors import UserError
from jaxgan.experiment import Task
from jaxgan.game.gan import Gan
from jaxgan.game.network import Network
from jaxgan.game.state import GanState
from jaxgan.rng import Rng, named
from jaxgan.sampling.activations import activations, with_activations
from jaxgan.types import Device

Weights = Literal["ema", "raw"]

BATCH = 64
"""Samples are drawn in padded batches of this one size: every size is another executable,
which rounds in another way."""


@dataclasses.dataclass(frozen=True)
class Sampler:
    """A generator with its weights.

    Sample ``i`` of a seed depends on the seed and on ``i`` alone: the first ten of a
    hundred are the same as ten, bit for bit. It is drawn at the run's own precision, whatever
    JAX's default is on this device.

    Attributes:
      gan: the game whose generator it is.
      params: the generator's parameters.
      stats: its statistics.
      data: shape of the samples.
      step: training step of the weights.
      weights: ``ema`` or ``raw``.
      standing: batches that its normalization's moments were taken from anew; 0 for the
        running ones of the training.
      precision: of float32 matrix products and convolutions: ``float32``, ``tensorfloat32`` or
        ``bfloat16``, as in ``--matmul-precision``.
      dtype: of the activations; None for the dtype that the generator was built with.
    """

    gan: Gan
    params: Any
    stats: Any
    data: Task
    step: int
    weights: Weights
    standing: int = 0
    precision: str = "float32"
    dtype: str | None = None

    @property
    def activations(self) -> str:
        """The dtype of the activations, e.g. ``bfloat16``."""
        return self.dtype or activations(self.gan.networks["g"])

    @property
    def arithmetic(self) -> "Arithmetic":
        """How it computes, a static argument of what is compiled."""
        return Arithmetic(self.precision, self.dtype)

    def in_float32(self) -> "Sampler":
        """The same generator with float32 activations and products at the highest precision.

        For finite differences of its outputs, which coarser arithmetic drowns.
        """
        return dataclasses.replace(self, precision="float32", dtype="float32")

    @property
    def labelled(self) -> bool:
        """Whether the generator looks at labels."""
        return self.data.classes is not None and self.gan.conditional

    def latents(self, count: int, seed: int = 0, truncation: float | None = None) -> np.ndarray:
        """Latents of the first ``count`` samples of ``seed``, float32 ``[count, latent]``."""
        parts = [
            self.draw(seed, first, truncation)[: count - first]
            for first in range(0, max(count, 1), BATCH)
        ]
        return np.concatenate(parts)

    def labels(self, count: int, label: int | None = None, first: int = 0) -> np.ndarray | None:
        """Labels int32 ``[count]``: all ``label``, or each class in turn.

        None where the data have no classes or the generator does not look at them.

        Args:
          count: how many.
          label: the class of all.
          first: the sample that they begin with.

        Raises:
          UserError: there is no such class to ask for.
        """
        if self.data.classes is None or not self.labelled:
            if label is not None:
                raise UserError(
                    f"--label {label}: this run's generator knows no labels; omit --label."
                )
            return None
        if label is None:
            return (np.arange(first, first + count) % self.data.classes).astype(np.int32)
        if not 0 <= label < self.data.classes:
            raise UserError(f"--label {label}: the classes are 0 to {self.data.classes - 1}.")
        return np.full((count,), label, np.int32)

    def decode(self, latents: Any, labels: Any = None) -> np.ndarray:
        """Samples of these latents, float32 ``[n, ...]`` in ``gan.range``."""
        return np.concatenate(list(self._decoded(latents, labels)))

    def batches(
        self,
        count: int,
        seed: int = 0,
        label: int | None = None,
        truncation: float | None = None,
    ) -> Iterator[np.ndarray]:
        """The samples of a call, a batch at a time, for more than the memory holds."""
        variables = jax.device_put((self.params, self.stats))
        for first in range(0, count, BATCH):
            # The padding of the last batch is the samples that would come next: whatever the
            # count, the generator is given the same batches.
            latents = self.draw(seed, first, truncation)
            labels = self.labels(BATCH, label, first)
            samples = _generate(Static(self.gan), self.arithmetic, *variables, latents, labels)
            yield self.quantise(np.asarray(samples))[: count - first]

    def __call__(
        self,
        count: int,
        seed: int = 0,
        label: int | None = None,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Draws ``count`` samples: uint8 ``[n, h, w, c]``, or float32 points ``[n, 2]``."""
        dtype = np.uint8 if len(self.data.shape) == 3 else np.float32
        samples = np.empty((count, *self.data.shape), dtype)
        for number, part in enumerate(self.batches(count, seed, label, truncation)):
            samples[number * BATCH :][: len(part)] = part
        return samples

    def quantise(self, samples: np.ndarray) -> np.ndarray:
        """Images as uint8; toy points unchanged."""
        return np.asarray(to_uint8(samples, *self.gan.range)) if samples.ndim == 4 else samples

    def interpolate(
        self, rows: int = 8, columns: int = 10, seed: int = 0, label: int | None = None
    ) -> np.ndarray:
        """Straight walks between pairs of latents, uint8 ``[rows * columns, h, w, c]``.

        Walk ``i`` goes from sample ``2 * i`` to the next, however many walks there are.
        """
        ends = self.latents(2 * rows, seed)
        share = np.linspace(0.0, 1.0, columns, dtype=np.float32)[None, :, None]
        walk = (1.0 - share) * ends[::2, None] + share * ends[1::2, None]
        walk = walk.reshape(rows * columns, -1)
        labels = self.walk_labels(rows, columns, label)
        return np.concatenate([self.quantise(part) for part in self._decoded(walk, labels)])

    def walk_labels(self, rows: int, columns: int, label: int | None = None) -> np.ndarray | None:
        """Labels of ``interpolate``: one for each walk."""
        labels = self.labels(rows, label)
        return None if labels is None else np.repeat(labels, columns)

    def draw(self, seed: int, first: int, truncation: float | None = None) -> np.ndarray:
        """The ``BATCH`` latents of ``seed`` from number ``first`` on, float32."""
        key = named(jax.random.key(seed), "sample")
        first_row = np.int32(first)
        return np.asarray(_draw(Static(self.gan), self.precision, key, first_row, truncation))

    def placed(self, devices: Sequence[Device]) -> Callable[[Any, Any], jax.Array]:
        """``(latents, labels) -> samples`` in ``gan.range``, the weights whole on each device.

        Rows that are spread over the devices are drawn where they lie.
        """
        variables = jax.device_put((self.params, self.stats), parallel.replicated(devices))
        static, how = Static(self.gan), self.arithmetic
        return lambda latents, labels: _generate(static, how, *variables, latents, labels)

    def _decoded(self, latents: Any, labels: Any) -> Iterator[np.ndarray]:
        variables = jax.device_put((self.params, self.stats))
        for first in range(0, len(latents), BATCH):
            part = np.asarray(latents[first : first + BATCH])
            rows = np.minimum(np.arange(BATCH), len(part) - 1)  # the last again and again
            chosen = None if labels is None else np.asarray(labels[first : first + BATCH])[rows]
            samples = _generate(Static(self.gan), self.arithmetic, *variables, part[rows], chosen)
            yield np.asarray(samples)[: len(part)]


class Static:
    """A ``Gan`` as a static argument of jit, the same for the same object."""

    def __init__(self, gan: Gan):
        self.gan = gan

    def __hash__(self) -> int:
        return id(self.gan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and other.gan is self.gan


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """How a generator computes: see ``Sampler.precision`` and ``Sampler.dtype``."""

    precision: str
    dtype: str | None = None

    def bound(self, network: Network) -> Network:
        """The network with these activations."""
        if self.dtype is None:
            return network
        module = with_activations(network.module, self.dtype)
        return dataclasses.replace(network, module=module)


@partial(jax.jit, static_argnums=(0, 1, 4))
def _draw(static: Static, precision: str, key, first, truncation):
    rows = first + jnp.arange(BATCH, dtype=jnp.int32)
    with jax.default_matmul_precision(precision):
        return static.gan.prior(Rng(key, rows), truncation)


@partial(jax.jit, static_argnums=(0, 1))
def _generate(static: Static, how: Arithmetic, params, stats, latents, labels):
    gan = static.gan
    with jax.default_matmul_precision(how.precision):
        return gan.sample(how.bound(gan.network("g", params, stats)), latents, labels)


def sampler_of(
    gan: Gan,
    state: GanState,
    data: Task,
    weights: Weights = "ema",
    precision: str = "float32",
) -> Sampler:
    """A sampler of the state's generator.

    Args:
      gan: the game.
      state: its state.
      data: shape of the samples.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      precision: of matrix products, which should be that of the training:
        ``description["identity"]["matmul_precision"]`` of a run.
    """
    source = state.ema if weights == "ema" else state.players["g"]
    params, stats = jax.device_get((source.params, source.stats))
    return Sampler(gan, params, stats, data, int(state.step), weights, precision=precision)
