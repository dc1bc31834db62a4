"""Drawing samples from a generator."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan import parallel
from jaxgan.data.source import Source
from jaxgan.errors import UserError
from jaxgan.experiment import Task
from jaxgan.game.gan import Gan
from jaxgan.game.network import Network
from jaxgan.game.state import GanState
from jaxgan.rng import Rng, named
from jaxgan.sampling.activations import with_activations
from jaxgan.types import Device

Weights = Literal["ema", "raw"]
"""The averaged generator, or the one last trained."""

BATCH = 64
"""Samples are drawn in padded batches of this one size: every size is another executable,
which rounds in another way."""

Condition = Mapping[str, np.ndarray]
"""What samples depend on beside their latents, rows by key; empty for most generators."""


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
      task: what the data are, whose samples it imitates.
      step: training step of the weights.
      weights: ``ema`` or ``raw``.
      standing: batches that its normalization's moments were taken from anew; 0 for the
        running ones of the training.
      precision: of float32 matrix products and convolutions: ``float32``, ``tensorfloat32`` or
        ``bfloat16``, as in ``--matmul-precision``.
      dtype: of the activations; None for the dtype that the generator was built with.
      source: opens the data, whose rows are the condition of a generator that depends on more than
        labels; None where there are none.
    """

    gan: Gan
    params: Any
    stats: Any
    task: Task
    step: int
    weights: Weights
    standing: int = 0
    precision: str = "float32"
    dtype: str | None = None
    source: Callable[[], Source] | None = None

    @property
    def activations(self) -> str:
        """The dtype of the activations, e.g. ``bfloat16``."""
        return self.dtype or self.task.dtype

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
    def labeled(self) -> bool:
        """Whether the generator looks at labels."""
        return self.task.classes is not None and "label" in self.gan.forward.condition

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
        if self.task.classes is None or not self.labeled:
            if label is not None:
                raise UserError(
                    f"--label {label}: this run's generator knows no labels; omit --label."
                )
            return None
        if label is None:
            return (np.arange(first, first + count) % self.task.classes).astype(np.int32)
        if not 0 <= label < self.task.classes:
            raise UserError(f"--label {label}: the classes are 0 to {self.task.classes - 1}.")
        return np.full((count,), label, np.int32)

    def condition(
        self, count: int, label: int | None = None, first: int = 0
    ) -> dict[str, np.ndarray]:
        """What samples ``first`` to ``first + count`` depend on, rows by key.

        Labels are all ``label``, or each class in turn; everything else is taken from the rows of
        the data in their order.

        Raises:
          UserError: there is no such class, or the data are not at hand.
        """
        found, labels = {}, self.labels(count, label, first)
        if labels is not None:
            found["label"] = labels
        if (source := self.rows) is not None:
            rows = source.read(np.arange(first, first + count) % source.size)
            found |= self.prepared(rows)
        return found

    @property
    def rows(self) -> Source | None:
        """The data that samples are made from, row by row; None if they are made of latents.

        Raises:
          UserError: they are not at hand.
        """
        keys = self.gan.forward.row_keys
        if not keys:
            return None
        if self.source is None:
            raise UserError(
                f"This generator needs rows of the data ({', '.join(keys)}), which are not at hand."
            )
        return self.source()

    def prepared(self, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What samples depend on, of raw rows: as the generator sees it, in ``gan.range``."""
        prepared = self.task.modality.prepare(
            jax.tree.map(jnp.asarray, dict(rows)), None, self.gan.range, False
        )
        return {key: np.asarray(prepared[key]) for key in self.gan.forward.row_keys}

    def origins(
        self, count: int, seed: int = 0, first: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """The images that samples ``first`` to ``first + count`` are made from, quantized.

        They may depend on the latents, and so on the truncation that the samples are drawn with.
        """
        assert self.gan.forward.origin is not None, "a generator of latents alone has no origins"
        parts = self._before(self.gan.forward.origin, count, seed, first, truncation)
        return np.concatenate([self.quantize(part) for part in parts])

    def hidden(
        self, count: int, seed: int = 0, first: int = 0, truncation: float | None = None
    ) -> np.ndarray:
        """Where samples ``first`` to ``first + count`` complete images, bool ``[n, h, w]``.

        It may depend on the latents, and so on the truncation that the samples are drawn with.
        """
        assert self.gan.forward.hidden is not None, "this generator completes no images"
        parts = self._before(self.gan.forward.hidden, count, seed, first, truncation)
        return np.concatenate(list(parts))[..., 0]

    def _before(
        self,
        function: Callable[[Any, Any], Any],
        count: int,
        seed: int,
        first: int,
        truncation: float | None,
    ) -> Iterator[np.ndarray]:
        """A function of what samples are made from, their latents and conditions, in parts."""
        for at in range(first - first % BATCH, first + count, BATCH):
            drawn = self.draw(seed, at, truncation), self.condition(BATCH, first=at)
            rows = jax.tree.map(jnp.asarray, drawn)
            yield np.asarray(_of_rows(function, *rows))[max(first - at, 0) : first + count - at]

    def beside(
        self, count: int, seed: int = 0, truncation: float | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The first ``count`` origins, samples of a seed and true images, each ``[n, h, w, c]``."""
        source = self.rows
        assert source is not None, "a generator of latents alone has no origins"
        true = source.read(np.arange(count) % source.size)[self.task.modality.key]
        origins = self.origins(count, seed, truncation=truncation)
        return origins, self(count, seed, truncation=truncation), true

    def decode(self, latents: Any, condition: Condition | None = None) -> np.ndarray:
        """Samples of these latents, float32 ``[n, ...]`` in ``gan.range``."""
        return np.concatenate(list(self._decoded(latents, condition or {})))

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
            condition = self.condition(BATCH, label, first)
            samples = generate(Static(self.gan), self.arithmetic, *variables, latents, condition)
            yield self.quantize(np.asarray(samples))[: count - first]

    def __call__(
        self,
        count: int,
        seed: int = 0,
        label: int | None = None,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Draws ``count`` samples, e.g. uint8 ``[n, h, w, c]`` or float32 points ``[n, 2]``."""
        samples = np.empty((count, *self.task.shape), self.task.modality.dtype)
        for number, part in enumerate(self.batches(count, seed, label, truncation)):
            samples[number * BATCH :][: len(part)] = part
        return samples

    def log_probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """The logarithm of each token's probability after those before it, in nats.

        Args:
          tokens: sequences ``[n, length]``.

        Raises:
          UserError: the generator is none of sequences of tokens.
        """
        read = self.gan.forward.log_probabilities
        if read is None:
            raise UserError("This generator gives no probabilities of what it might have made.")
        variables, parts = jax.device_put((self.params, self.stats)), []
        for first in range(0, len(tokens), BATCH):
            part = tokens[first : first + BATCH]
            rows = np.pad(part, ((0, BATCH - len(part)), (0, 0)))
            found = _log_probabilities(Static(self.gan), self.arithmetic, *variables, rows)
            parts.append(np.asarray(found)[: len(part)])
        return np.concatenate(parts)

    def quantize(self, samples: np.ndarray) -> np.ndarray:
        """Samples as they are scored and written: images as uint8, points unchanged."""
        return self.task.modality.quantize(samples, self.gan.range)

    def interpolate(
        self, rows: int = 8, columns: int = 10, seed: int = 0, label: int | None = None
    ) -> np.ndarray:
        """Straight walks between pairs of latents, quantized ``[rows * columns, ...]``.

        Walk ``i`` goes from sample ``2 * i`` to the next, however many walks there are.
        """
        if self.gan.forward.keys:
            raise UserError("--interpolate: between sentences lies nothing; omit it.")
        ends = self.latents(2 * rows, seed)
        share = np.linspace(0.0, 1.0, columns, dtype=np.float32)[None, :, None]
        walk = (1.0 - share) * ends[::2, None] + share * ends[1::2, None]
        walk = walk.reshape(rows * columns, -1)
        condition = {
            key: np.repeat(value, columns, axis=0)
            for key, value in self.condition(rows, label).items()
        }
        return np.concatenate([self.quantize(part) for part in self._decoded(walk, condition)])

    def walk_labels(self, rows: int, columns: int, label: int | None = None) -> np.ndarray | None:
        """Labels of ``interpolate``: one for each walk."""
        labels = self.labels(rows, label)
        return None if labels is None else np.repeat(labels, columns)

    def draw(self, seed: int, first: int, truncation: float | None = None) -> np.ndarray:
        """The ``BATCH`` latents of ``seed`` from number ``first`` on, float32."""
        if truncation is not None and self.gan.forward.keys:
            raise UserError("--truncation: sentences have no latents to truncate; omit it.")
        key = named(jax.random.key(seed), "sample")
        first_row = np.int32(first)
        return np.asarray(_draw(Static(self.gan), self.precision, key, first_row, truncation))

    def placed(self, devices: Sequence[Device]) -> Callable[[Any, Any], jax.Array]:
        """``(latents, condition) -> samples`` in ``gan.range``, the weights whole on each device.

        Rows that are spread over the devices are drawn where they lie.
        """
        variables = jax.device_put((self.params, self.stats), parallel.replicated(devices))
        static, how = Static(self.gan), self.arithmetic
        return lambda latents, condition: generate(static, how, *variables, latents, condition)

    def _decoded(self, latents: Any, condition: Condition) -> Iterator[np.ndarray]:
        variables = jax.device_put((self.params, self.stats))
        for first in range(0, len(latents), BATCH):
            part = np.asarray(latents[first : first + BATCH])
            rows = np.minimum(np.arange(BATCH), len(part) - 1)  # the last again and again
            chosen = {
                key: np.asarray(value[first : first + BATCH])[rows]
                for key, value in condition.items()
            }
            samples = generate(Static(self.gan), self.arithmetic, *variables, part[rows], chosen)
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
        return static.gan.forward.prior(Rng(key, rows), truncation)


@partial(jax.jit, static_argnums=0)
def _of_rows(function: Callable[[Any, Any], Any], latents, condition):
    return function(latents, condition)


@partial(jax.jit, static_argnums=(0, 1))
def generate(static: Static, how: Arithmetic, params, stats, latents, condition):
    """Samples in ``gan.range`` of latents ``[n, d]`` and a condition, rows by key."""
    gan = static.gan
    with jax.default_matmul_precision(how.precision):
        network = how.bound(gan.network("g", params, stats))
        return gan.forward.sample(network, latents, condition)


@partial(jax.jit, static_argnums=(0, 1))
def _log_probabilities(static: Static, how: Arithmetic, params, stats, tokens):
    gan = static.gan
    with jax.default_matmul_precision(how.precision):
        network = how.bound(gan.network("g", params, stats))
        assert gan.forward.log_probabilities is not None
        return gan.forward.log_probabilities(network, tokens)


def sampler_of(
    gan: Gan,
    state: GanState,
    task: Task,
    weights: Weights = "ema",
    precision: str = "float32",
    source: Callable[[], Source] | None = None,
) -> Sampler:
    """A sampler of the state's generator.

    Args:
      gan: the game.
      state: its state.
      task: what the data are.
      weights: ``ema`` for the averaged generator, ``raw`` for the one last trained.
      precision: of matrix products, which should be that of the training:
        ``description["training"]["matmul_precision"]`` of a run.
      source: opens the data, for generators that depend on more than labels.
    """
    chosen = state.ema if weights == "ema" else state.players["g"]
    params, stats = jax.device_get((chosen.params, chosen.stats))
    return Sampler(
        gan,
        params,
        stats,
        task,
        int(state.step),
        weights,
        precision=precision,
        source=source,
    )
