"""Scoring one set of samples against another, every score with its stamp."""

import contextlib
import dataclasses
import datetime
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import flax.traverse_util
import jax
import numpy as np

from jaxgan import runs
from jaxgan.data.source import Source
from jaxgan.errors import UserError, known
from jaxgan.evaluation.cache import cached
from jaxgan.evaluation.extract import Extracted, extract, kept
from jaxgan.evaluation.images import Images
from jaxgan.evaluation.metrics import METRICS, Metric, Side, Sides
from jaxgan.evaluation.stamp import Score
from jaxgan.metrics import extractors, frechet
from jaxgan.metrics.extractors.classifier import (
    Training,
    accuracy,
    classifier_extractor,
    predictions,
    train_classifier,
)
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.modes import stacked_labels
from jaxgan.sampling import Sampler

Watch = Callable[[str, int], contextlib.AbstractContextManager[Callable[[int], None]]]
"""``(what, how many)`` -> a context that is told how many more are done."""

LARGEST_CLASS_SET = 100_000
"""Images that the small classifier is trained on at most; they must fit on the device."""


@contextlib.contextmanager
def unwatched(what: str, count: int) -> Iterator[Callable[[int], None]]:
    """Shows nothing."""
    yield lambda done: None


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """The small classifier of a data set.

    Attributes:
      extractor: the network.
      accuracy: on images it was not trained on; of stacked images, on single channels.
      channels: whether it sees each channel by itself, whose classes are a label's digits.
    """

    extractor: Extractor
    accuracy: float
    channels: bool = False

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The class of each image, integers ``[n]``."""
        if not self.channels:
            return predictions(self.extractor, images)
        side = images.shape[1]
        border = (side - 28) // 2  # of the padding, which the digits alone do not have
        inner = images[:, border : side - border, border : side - border]
        digits = [predictions(self.extractor, inner[..., n : n + 1]) for n in range(3)]
        return stacked_labels(np.stack(digits, axis=1))


def classifier_of(train: Source, test: Source) -> Classifier:
    """Trains the small classifier of a data set, or takes it from the cache.

    Raises:
      UserError: the data have no labels, are points, or are too large for it.
    """
    if train.classes is None or test.classes is None or len(train.shape) != 3:
        raise UserError(f"{train.name} has no labelled images to train a classifier on.")
    if train.size > LARGEST_CLASS_SET or train.nbytes > 2**31:
        raise UserError(
            f"{train.name} is too large for the small classifier ({train.size:,} images); choose "
            "another extractor or other metrics."
        )

    def make() -> dict[str, np.ndarray]:
        rows, classes = train.arrays(), train.classes
        assert classes is not None
        variables = train_classifier(jax.random.key(0), rows["image"], rows["label"], classes)
        extractor = classifier_extractor(variables, train.name)
        held_out = test.arrays()
        found = accuracy(extractor, held_out["image"], held_out["label"])
        flat: Any = flax.traverse_util.flatten_dict(jax.device_get(variables), sep="/")
        return {**flat, "accuracy": np.array([found])}

    key = {
        "train": train.fingerprint,
        "test": test.fingerprint,
        "training": dataclasses.asdict(Training()),
        **_computed_by(),
    }
    arrays = dict(cached("classifier", key, make) if jax.process_count() == 1 else make())
    found = arrays.pop("accuracy").item()
    variables = flax.traverse_util.unflatten_dict(arrays, sep="/")
    return Classifier(classifier_extractor(variables, train.name), found)


def cached_extraction(extractor: Extractor, images: Images, watch: Watch = unwatched) -> Extracted:
    """``extract``, or what it gave for the same images the last time.

    The key holds a sum over the images themselves: data that changed are other images.
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
        **_computed_by(),
    }
    # The processes of a job may each have another cache, but must take part in every extraction.
    arrays = cached("features", key, make) if jax.process_count() == 1 else make()
    if "mean" not in arrays:
        return Extracted(images.count, arrays["features"], arrays.get("logits"))
    statistics = frechet.Statistics(images.count, arrays["mean"], arrays["covariance"])
    return Extracted(images.count, None, None, statistics)


@functools.cache
def _computed_by() -> dict[str, str]:
    """What else numbers depend on: the extractors' code, JAX, and the device."""
    total = hashlib.sha256()
    for file in sorted(Path(extractors.__path__[0]).glob("*.py")):
        total.update(file.read_bytes())
    device = jax.devices()[0].device_kind
    return {"code": total.hexdigest(), "jax": jax.__version__, "device": device}


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What is asked, and against what.

    Attributes:
      metrics: names of ``METRICS``.
      real: the reference.
      held_out: real samples beside it; None if there are none.
      extractor: of the metrics that look through one.
      classifier: makes the data set's classifier, when a metric asks for it.
      classes: number of classes of the real data.
      watch: shows how far it is.
    """

    metrics: tuple[str, ...]
    real: Images
    held_out: Images | None
    extractor: Extractor | None
    classifier: Callable[[], Classifier]
    classes: int | None = None
    watch: Watch = unwatched

    def score(
        self,
        fake: Images,
        subject: Mapping[str, Any],
        sampler: Sampler | None = None,
    ) -> list[Score]:
        """Scores ``fake`` by every metric.

        Args:
          fake: the samples.
          subject: what they are, for the stamp.
          sampler: what drew them, for metrics that walk through its latents.

        Raises:
          UserError: a metric does not fit the data, or samples are not finite.
        """
        self.check(fake)
        real, held_out = self._reals
        own = self._side(fake, keep=False, sampler=sampler)
        sides = Sides(real, own, held_out, self.classes, self.extractor)
        scores = [self._score(name, sides, subject) for name in self.metrics]
        around = environment()
        return [dataclasses.replace(score, environment=around) for score in scores]

    def check(self, fake: Images) -> None:
        """Refuses metrics that cannot be computed, before anything is.

        Raises:
          UserError: says which, and why.
        """
        points = len(fake.shape) == 1
        if points != (len(self.real.shape) == 1):
            raise UserError(f"Points and images cannot be compared: {fake.name}, {self.real.name}.")
        for name in self.metrics:
            if points and name != "modes":
                raise UserError(f"{name} is of images, not of points; use --metrics modes.")
            if METRICS[name].network == "extractor" and self.extractor is None:
                raise UserError(f"{name} needs an extractor; give --extractor.")

    @functools.cached_property
    def _reals(self) -> tuple[Side, Side | None]:
        """The sides of real samples, which every call of ``score`` shares."""
        held_out = None if self.held_out is None else self._side(self.held_out, keep=True)
        return self._side(self.real, keep=True), held_out

    @functools.cached_property
    def _classifier(self) -> Classifier:
        return self.classifier()

    def _side(self, images: Images, keep: bool, sampler: Sampler | None = None) -> Side:
        def extraction(images: Images) -> Extracted:
            assert self.extractor is not None
            if keep:
                return cached_extraction(self.extractor, images, self.watch)
            with self.watch(images.name, images.count) as advance:
                return extract(self.extractor, images, advance)

        def classification(images: Images) -> np.ndarray:
            return self._classifier(images.array())

        return Side(images, extraction, classification, sampler)

    def _score(self, name: str, sides: Sides, subject: Mapping[str, Any]) -> Score:
        metric = METRICS[name]
        values, details = metric.compute(sides)
        floor, _ = metric.floor_of(sides)
        network = self._network(metric, sides)
        held_out = sides.held_out.images if sides.held_out is not None and floor else None
        return Score(
            metric=name,
            title=metric.title(self.extractor.distance if self.extractor else ""),
            better=metric.better,
            values=values,
            floor=floor,
            protocol=self._protocol(name, metric, sides, network),
            subject=dict(subject),
            floor_of={} if held_out is None else {**held_out.about, "n": held_out.count},
            details=details,
        )

    def _network(self, metric: Metric, sides: Sides) -> Extractor | None:
        if metric.network == "classifier":
            points = len(sides.real.images.shape) == 1
            return None if points else self._classifier.extractor
        return self.extractor if metric.network == "extractor" else None

    def _protocol(
        self, name: str, metric: Metric, sides: Sides, network: Extractor | None
    ) -> dict[str, Any]:
        real, fake = sides.real.images, sides.fake.images
        points = len(real.shape) == 1
        protocol: dict[str, Any] = {
            "metric": name,
            "parameters": dict(metric.parameters(sides)),
            "extractor": network.name if network else "none",
            "weights_sha256": network.weights_sha256 if network else "",
        }
        if metric.network == "classifier" and network:
            protocol["classifier_accuracy"] = self._classifier.accuracy
        resize = network.resize if network else "none"
        whole = network is None or kept(max(real.count, fake.count), network)
        protocol |= {
            "resize_fake": f"{_size(fake)}, {resize}",
            "quantisation": "none" if points or not metric.quantised else "uint8: rounded, clipped",
            "matmul_precision": f"{'float32 (HIGHEST) features, ' if network else ''}"
            f"{metric.precision if whole else 'covariance streamed in float32 (HIGHEST)'}",
            "labels": fake.about.get("labels", "as they came"),
            "n_fake": fake.count,
        }
        if metric.against:
            protocol |= {
                "resize_real": f"{_size(real)}, {resize}",
                "n_real": real.count,
                "reference": dict(real.about),
            }
        if metric.against == "held out":
            test = sides.test().images
            protocol["held_out"] = {**test.about, "n": test.count}
        return protocol


def _size(images: Images) -> str:
    """Side and channels, and what was done to the images before."""
    size, preparation = "x".join(map(str, images.shape)), images.about.get("preparation", "none")
    return size if preparation == "none" else f"{preparation}: {size}"


def environment() -> dict[str, Any]:
    """What a score was computed with, by which command and when."""
    found = runs.environment(jax.local_devices())
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        **{name: found[name] for name in ("python", "packages", "device_kind", "devices")},
        **{name: found[name] for name in ("processes", "xla_flags", "git_commit", "code")},
    }


def known_metrics(words: str | Sequence[str]) -> tuple[str, ...]:
    """Names of metrics, from a list with commas.

    Raises:
      UserError: one is unknown, or none is given.
    """
    names = [word.strip() for word in words.split(",")] if isinstance(words, str) else list(words)
    names = list(dict.fromkeys(name for name in names if name))
    if not names:
        raise UserError(f"No metric is named; use {', '.join(METRICS)}.")
    return tuple(known(name, METRICS, "metric") for name in names)
