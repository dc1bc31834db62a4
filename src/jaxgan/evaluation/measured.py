"""Samples as a metric sees them: with features, logits and classes, each computed once."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.errors import UserError
from jaxgan.evaluation.features import LIMIT, Extracted
from jaxgan.evaluation.samples import SampleSet
from jaxgan.metrics.features import Gaussian
from jaxgan.rng import Rng
from jaxgan.sampling.sampler import Sampler
from jaxgan.sampling.styles import made_of, moved_images, styles_of
from jaxgan.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True, eq=False)
class Walker:
    """A generator that a metric draws from by itself; see ``metrics.metric.Generator``.

    Whatever the run's precision, it computes in float32 and its products at the highest precision:
    what such a metric looks at are small differences.

    Attributes:
      sampler: the generator.
      seed: of the latents.
      truncation: of the latents.
    """

    sampler: Sampler
    seed: int
    truncation: float | None = None

    @functools.cached_property
    def _generate(self) -> Callable[[Any, Any], jax.Array]:
        return self.sampler.in_float32().placed(jax.local_devices()[:1])

    @property
    def codes(self) -> Mapping[str, tuple[int, int]]:
        """Where latents hold one-hot codes, ``name -> (first, after the last)``."""
        return self.sampler.gan.forward.codes

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Latents of the prior, ``[count, d]``."""
        with jax.default_matmul_precision("float32"):
            return self.sampler.gan.forward.prior(Rng(key, jnp.arange(count)), self.truncation)

    def condition(self, count: int, first: int) -> Mapping[str, np.ndarray]:
        """What images ``first`` to ``first + count`` depend on, rows by key; each class in turn."""
        return self.sampler.condition(count, first=first)

    def images(self, latents: jax.Array, condition: Mapping[str, Any]) -> jax.Array:
        """Images of these latents and conditions, 0 to 255, neither rounded nor clipped."""
        low, high = self.sampler.gan.range
        return (self._generate(latents, condition) - low) * (255.0 / (high - low))

    def styles(self, latents: jax.Array, condition: Mapping[str, Any]) -> jax.Array:
        """What images of these latents and conditions are made of, ``[count, layers, size]``.

        Raises:
          UserError: the generator has no styles.
        """
        return styles_of(self.sampler.in_float32(), latents, condition)

    def images_of(self, styles: jax.Array) -> jax.Array:
        """Images of styles, 0 to 255, neither rounded nor clipped."""
        low, high = self.sampler.gan.range
        return (made_of(self.sampler.in_float32(), styles) - low) * (255.0 / (high - low))

    def moved(
        self, latents: jax.Array, condition: Mapping[str, Any], transform: np.ndarray
    ) -> jax.Array:
        """Images of what they are made from after a transform, 0 to 255, neither rounded nor cut.

        Raises:
          UserError: the generator takes none.
        """
        low, high = self.sampler.gan.range
        images = moved_images(self.sampler.in_float32(), latents, condition, transform)
        return (images - low) * (255.0 / (high - low))

    def log_probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """Of each token after those before it, in nats, ``[n, length] -> [n, length]``.

        Raises:
          UserError: the generator has no such probabilities.
        """
        return self.sampler.in_float32().log_probabilities(tokens)


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """Samples, and what networks make of them; see ``metrics.metric.Samples``.

    Attributes:
      samples: the samples.
      extraction: samples -> features; a cache may stand in between.
      classification: images -> integer labels ``[n]``, by a classifier of this data set.
      generator: what drew them; None for files.
    """

    samples: SampleSet
    extraction: Callable[[SampleSet], Extracted]
    classification: Callable[[SampleSet], np.ndarray]
    generator: Walker | None = None

    @property
    def name(self) -> str:
        """What messages call them."""
        return self.samples.name

    @property
    def count(self) -> int:
        """How many there are."""
        return self.samples.count

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.samples.shape

    @property
    def modality(self) -> str:
        """The name of what the samples are, e.g. ``images``."""
        return self.samples.modality.name

    @property
    def rate(self) -> int | None:
        """Samples a second, of sounds."""
        return self.samples.modality.rate

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What tokens stand for; None for other samples."""
        return self.samples.modality.vocabulary

    @property
    def labels(self) -> np.ndarray | None:
        """The labels that they came with, or that were asked for, integers ``[n]``."""
        return self.samples.labels

    @functools.cached_property
    def extracted(self) -> Extracted:
        """Features, logits and Gaussian."""
        return self.extraction(self.samples)

    @property
    def features(self) -> np.ndarray:
        """Features, float32 ``[n, d]``.

        Raises:
          UserError: they are too many to keep.
        """
        if self.extracted.features is None:
            raise UserError(
                f"This metric compares samples one by one; the features of {self.count} take more "
                f"than {LIMIT / 2**30:.0f} GiB. Lower --num, or ask for fd alone."
            )
        return self.extracted.features

    @property
    def logits(self) -> np.ndarray:
        """Logits of the extractor, float32 ``[n, classes]``.

        Raises:
          UserError: it has none, or they are too many to keep.
        """
        _ = self.features
        if self.extracted.logits is None:
            raise UserError("The Inception score needs an extractor that classifies.")
        return self.extracted.logits

    @property
    def gaussian(self) -> Gaussian:
        """The Gaussian fitted to the features."""
        return self.extracted.gaussian

    @property
    def predictions(self) -> np.ndarray:
        """The classifier's label of each image, integers ``[n]``."""
        return self._predicted

    @functools.cached_property
    def _predicted(self) -> np.ndarray:
        return self.classification(self.samples)

    def origins(self) -> np.ndarray | None:
        """The images that they were made from; None without such."""
        made_from = self.samples.origins
        return None if made_from is None else made_from(0, self.samples.count)

    def hidden(self) -> np.ndarray | None:
        """Where they complete images, bool ``[n, h, w]``; None where nothing is completed."""
        return self._hidden

    @functools.cached_property
    def _hidden(self) -> np.ndarray | None:
        completed = self.samples.hidden
        return None if completed is None else completed(0, self.samples.count)

    def array(self) -> np.ndarray:
        """All samples in memory."""
        return self.samples.array()
