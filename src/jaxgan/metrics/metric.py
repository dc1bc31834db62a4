"""A metric as a value: how it is computed, and everything that is said about it.

A metric's own file ends in ``METRIC = Metric(...)``. Help texts, tables of metrics, the direction
in which ``--best`` ranks and the refusals ("does not fit points") are read from that declaration.
An experiment may declare metrics of its own in the same way (``Experiment.scoring``).

Metrics see samples as arrays. Where the arrays come from, which network makes the features and
what is cached are the caller's concern; here they are the protocols ``Samples`` and ``Generator``.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import jax
import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.features import Gaussian
from jaxgan.oracle import Oracle
from jaxgan.vocabulary import Vocabulary

Better = Literal["lower", "higher", ""]
"""Which values of a number are better; empty where neither is."""

Found = tuple[dict[str, float], dict[str, Any]]
"""The values by name, and details that a person may look at: numbers, text, lists, arrays.

The detail ``controls`` tells what is got without training, by name, as ``the sources unchanged``:
for each the same values. Tables show them beside the scores.
"""

IMAGES, POINTS = "images", "points"
"""Names of modalities: uint8 images ``[n, h, w, c]``, and float32 points ``[n, d]``."""

PAIRS, UNPAIRED = "pairs", "unpaired"
"""Images that were made from others, whose true targets are known or not."""

VIDEOS = "videos"
"""Clips, uint8 ``[n, frames, h, w, c]``."""

SOUNDS = "sounds"
"""Sounds, int16 ``[n, samples]``."""

TOKENS = "tokens"
"""Sequences of tokens, int32 ``[n, length]``."""

PICTURES = frozenset({IMAGES, PAIRS, UNPAIRED})
"""All modalities whose samples are images."""


class Generator(Protocol):
    """A generator that a metric draws from by itself.

    It computes in float32, its matrix products at the highest precision. ``latents`` and
    ``images`` may be traced.
    """

    @property
    def seed(self) -> int:
        """Seed of the latents."""
        ...

    @property
    def codes(self) -> Mapping[str, tuple[int, int]]:
        """Where latents hold one-hot codes, ``name -> (first, after the last)``."""
        ...

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Latents of the prior, ``[count, d]``."""
        ...

    def condition(self, count: int, first: int) -> Mapping[str, np.ndarray]:
        """What images ``first`` to ``first + count`` depend on beside their latents, rows by key.

        Each class in turn; empty for most generators.
        """
        ...

    def images(self, latents: jax.Array, condition: Mapping[str, Any]) -> jax.Array:
        """Images of these latents and conditions, 0 to 255, neither rounded nor clipped."""
        ...

    def styles(self, latents: jax.Array, condition: Mapping[str, Any]) -> jax.Array:
        """What images of these latents and conditions are made of, ``[count, layers, size]``.

        Raises ``UserError`` if the generator has no styles.
        """
        ...

    def images_of(self, styles: jax.Array) -> jax.Array:
        """Images of styles, as ``images``."""
        ...

    def moved(
        self, latents: jax.Array, condition: Mapping[str, Any], transform: np.ndarray
    ) -> jax.Array:
        """Likewise, of what images are made from after a transform ``[3, 3]`` of places.

        Raises ``UserError`` if the generator takes none.
        """
        ...

    def log_probabilities(self, tokens: np.ndarray) -> np.ndarray:
        """Of each token after those before it, in nats, ``[n, length] -> [n, length]``.

        Raises ``UserError`` if the generator has no such probabilities.
        """
        ...


class Samples(Protocol):
    """One set of samples, and what networks make of it; each part is computed when asked for."""

    @property
    def name(self) -> str:
        """What messages call them."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        ...

    @property
    def modality(self) -> str:
        """The kind of samples, e.g. ``images``."""
        ...

    @property
    def rate(self) -> int | None:
        """Samples a second, of sounds; None for others."""
        ...

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What tokens stand for; None for other samples."""
        ...

    @property
    def labels(self) -> np.ndarray | None:
        """Integers ``[n]``: the labels that came with them, or that were asked for."""
        ...

    @property
    def features(self) -> np.ndarray:
        """Features of the extractor, float32 ``[n, d]``. Raises ``UserError`` if too large."""
        ...

    @property
    def logits(self) -> np.ndarray:
        """Logits of the extractor ``[n, classes]``. Raises ``UserError`` if it has none."""
        ...

    @property
    def gaussian(self) -> Gaussian:
        """The Gaussian fitted to the features, also of more samples than are kept."""
        ...

    @property
    def predictions(self) -> np.ndarray:
        """Integers ``[n]``: the class of each image, by the classifier of the data set."""
        ...

    @property
    def generator(self) -> Generator | None:
        """What drew them; None for files."""
        ...

    def origins(self) -> np.ndarray | None:
        """The images that they were made from, uint8 ``[n, h, w, c]``; None without such."""
        ...

    def hidden(self) -> np.ndarray | None:
        """Where they complete images, bool ``[n, h, w]``; None where nothing is completed."""
        ...

    def array(self) -> np.ndarray:
        """All samples: e.g. uint8 images ``[n, h, w, c]``, or float32 points ``[n, d]``."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """What a metric looks at.

    Attributes:
      real: the reference.
      generated: the samples that are scored.
      held_out: real samples that are not in the reference; None if there are none.
      classes: number of classes of the real data; None without labels.
      mixture: centers ``[modes, d]`` and standard deviation of the equal mixture of Gaussians that
        the real points are drawn from; None if they are not.
      extractor: the network of ``Samples.features``; None if no metric asks for one.
      oracle: the distribution that real sequences of tokens are drawn from; None if not known.
    """

    real: Samples
    generated: Samples
    held_out: Samples | None = None
    classes: int | None = None
    mixture: tuple[np.ndarray, float] | None = None
    extractor: Extractor | None = None
    oracle: Oracle | None = None


def held_out_of(comparison: Comparison) -> Samples:
    """Real samples that are not in the reference.

    Raises:
      UserError: there are none.
    """
    if comparison.held_out is None:
        raise UserError(
            "This metric needs real samples beside the reference; lower --num-real or name another "
            "split with --held-out."
        )
    return comparison.held_out


def labels_of(samples: Samples) -> np.ndarray:
    """The labels of samples, integers ``[n]``.

    Raises:
      UserError: they have none.
    """
    if samples.labels is None:
        raise UserError(
            f"This metric needs labels, which {samples.name} does not have; choose another."
        )
    return samples.labels


def after_network(inception: str, other: str) -> Callable[[str], str]:
    """A title: ``inception`` over the network of the papers, else ``other`` and the network.

    Only features of the published Inception network give a metric the name that papers use.
    """

    def title(distance: str) -> str:
        if distance in ("FID", "clean-FID"):
            return distance.replace("FID", inception)
        return f"{other}-{distance.removeprefix('FD-')}"

    return title


@dataclasses.dataclass(frozen=True, eq=False)
class Metric:
    """A metric.

    Attributes:
      name: as ``--metrics`` takes it.
      about: what it measures, in one line.
      compute: the comparison -> values and details.
      values: the names of its values, the one that ranks first, and which of them are better:
        ``lower``, ``higher``, or empty for neither. A data set may lack some of them; others are
        refused.
      title: what the first value is called, given the extractor's name for a Fréchet distance over
        its features (``FID``, ``FD-DINOv2``, ...), which is empty without an extractor.
      network: whose view of the samples it needs: the chosen ``extractor``'s, that of the
        ``classifier`` of the data set, or none.
      modalities: the kinds of samples it fits.
      parameters: of the metric, for its protocol; may depend on the comparison.
      real_score: the same values of real samples. ``held out`` scores the held-out samples as if
        they were generated; empty where real samples have no such score; or a function.
      against: what the values depend on beside the generated samples: the reference (``real``),
        the held-out samples as well (``held out``), or nothing.
      quantized: whether images are scored as uint8.
      precision: of the arithmetic after the features.
      keeps: what it keeps of all samples at once: ``features``, ``samples``, samples as float64
        ``rows``, or nothing.
      least: the fewest samples it can be computed from.
      labels: whether both sets of samples must have labels.
      walks: whether it draws from the generator itself, in float32 at the highest precision.
      paired: whether sample i is compared with real sample i, from whose row it must have been
        made.
      hidden: whether it must be known what was hidden of the generated images, and completed.
      oracle: whether the distribution of the real sequences of tokens must be known.
    """

    name: str
    about: str
    compute: Callable[[Comparison], Found]
    values: Mapping[str, Better]
    title: Callable[[str], str]
    network: Literal["extractor", "classifier", ""] = "extractor"
    modalities: frozenset[str] = PICTURES
    parameters: Callable[[Comparison], Mapping[str, Any]] = lambda comparison: {}
    real_score: Callable[[Comparison], Found] | Literal["held out", ""] = "held out"
    against: Literal["real", "held out", ""] = "real"
    quantized: bool = True
    precision: str = "float64"
    keeps: Literal["features", "samples", "rows", ""] = "features"
    least: int = 2
    labels: bool = False
    walks: bool = False
    paired: bool = False
    hidden: bool = False
    oracle: bool = False

    @property
    def better(self) -> Better:
        """Which values of the first number are better."""
        return next(iter(self.values.values()))

    def of_real(self, comparison: Comparison) -> dict[str, float]:
        """The values of real samples; empty where there are none."""
        if not self.real_score or comparison.held_out is None:
            return {}
        if callable(self.real_score):
            return self.real_score(comparison)[0]
        return self.compute(dataclasses.replace(comparison, generated=comparison.held_out))[0]
