"""The metrics that a command line can ask for: each as a function of two sides.

What a metric needs (features, classes, raw images) it takes from the sides, which compute it once.
The table at the end is the only place that knows their names.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jaxgan.data.sources.toy import MIXTURES
from jaxgan.errors import UserError
from jaxgan.evaluation.features import LIMIT, Extracted
from jaxgan.evaluation.samples import Images
from jaxgan.metrics import frechet, kernel, modes, ms_ssim, parzen, ppl, prdc
from jaxgan.metrics.cas import classification_accuracy_score
from jaxgan.metrics.extractors.classifier import classifier_extractor, predictions, train_classifier
from jaxgan.metrics.extractors.extractor import Extractor
from jaxgan.metrics.frechet_infinity import frechet_infinity
from jaxgan.metrics.inception_score import inception_score
from jaxgan.metrics.intra_class import intra_class_distances
from jaxgan.metrics.neighbours import nearest_neighbours
from jaxgan.rng import Rng
from jaxgan.sampling.sampler import Sampler

PRECISION_K, DENSITY_K = 3, 5
"""The neighbours of Kynkäänniemi et al. 2019 and of Naeem et al. 2020."""

PARZEN_VALIDATION = 1000
"""Real images on which the official evaluation of 2014 chooses the window's width."""

PAIRS = 2000
"""Random pairs of which MS-SSIM is the mean."""

PATHS, PATHS_AT_ONCE = 5000, 50
"""Steps along paths of which the path length is the mean."""


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """One set of samples, with what was made of it so far.

    Attributes:
      images: the samples.
      extraction: images -> features; a cache may stand in between.
      classification: images -> integer labels, by a classifier of this data set.
      sampler: the generator that drew them, for metrics that walk through its latents.
    """

    images: Images
    extraction: Callable[[Images], Extracted]
    classification: Callable[[Images], np.ndarray]
    sampler: Sampler | None = None

    @functools.cached_property
    def extracted(self) -> Extracted:
        """Features, logits and Gaussian."""
        return self.extraction(self.images)

    @property
    def features(self) -> np.ndarray:
        """Features, float32 ``[n, d]``.

        Raises:
          UserError: they are too many to keep.
        """
        if self.extracted.features is None:
            raise UserError(
                f"This metric compares samples one by one; the features of {self.images.count} "
                f"take more than {LIMIT / 2**30:.0f} GiB. Lower --num, or ask for fd alone."
            )
        return self.extracted.features

    @property
    def logits(self) -> np.ndarray:
        """Logits of the extractor, float32 ``[n, classes]``.

        Raises:
          UserError: it has none.
        """
        if self.extracted.logits is None:
            raise UserError("The Inception score needs an extractor that classifies.")
        return self.extracted.logits

    @functools.cached_property
    def classes(self) -> np.ndarray:
        """The classifier's label of each image, integers ``[n]``."""
        return self.classification(self.images)

    @property
    def labels(self) -> np.ndarray:
        """The labels that the images came with, or were asked for.

        Raises:
          UserError: they have none.
        """
        if self.images.labels is None:
            raise UserError(
                f"This metric needs labels, which {self.images.name} does not have; choose another."
            )
        return self.images.labels

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Images as rows in [0, 1], float64 ``[n, pixels]``."""
        images = self.images.array()
        return images.reshape(len(images), -1) / 255.0


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """What is compared.

    Attributes:
      real: the reference.
      fake: the scored samples.
      held_out: real samples that are not in the reference.
      classes: number of classes of the real data.
      extractor: the network of ``Side.extraction``.
    """

    real: Samples
    fake: Samples
    held_out: Samples | None
    classes: int | None = None
    extractor: Extractor | None = None

    def test(self) -> Samples:
        """Real samples that are not in the reference.

        Raises:
          UserError: there are none.
        """
        if self.held_out is None:
            raise UserError(
                "This metric needs real samples beside the reference; lower --num-real or name "
                "another split with --held-out."
            )
        return self.held_out


Found = tuple[dict[str, float], dict[str, Any]]
"""The values, and what else a person may look at."""


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric and its protocol.

    Attributes:
      compute: the sides -> values and details.
      names: of the values, the one that ranks first.
      better: whether its first value should be ``lower`` or ``higher``; empty for neither.
      title: what it is called over the extractor with this ``distance``.
      network: what it looks through: the chosen ``extractor``, the data set's ``classifier``, or
        nothing.
      parameters: of the metric, for its protocol; may depend on the sides.
      floor: the same of real samples; None to score the held-out ones as if they were generated.
      has_floor: False where real samples have no such score.
      against: what the value depends on beside the samples: the reference (``real``), also the
        held-out samples (``held out``), or nothing.
      quantised: whether images are scored as uint8.
      precision: of the arithmetic after the features, for the stamp.
    """

    compute: Callable[[Comparison], Found]
    names: tuple[str, ...]
    better: Literal["lower", "higher", ""]
    title: Callable[[str], str]
    network: Literal["extractor", "classifier", ""] = "extractor"
    parameters: Callable[[Comparison], Mapping[str, Any]] = lambda sides: {}
    floor: Callable[[Comparison], Found] | None = None
    has_floor: bool = True
    against: Literal["real", "held out", ""] = "real"
    quantised: bool = True
    precision: str = "float64"

    def floor_of(self, sides: Comparison) -> Found:
        """The values of real samples; empty without any held out."""
        if not self.has_floor or sides.held_out is None:
            return {}, {}
        if self.floor is not None:
            return self.floor(sides)
        return self.compute(dataclasses.replace(sides, fake=sides.held_out))


def named(inception: str, other: str) -> Callable[[str], str]:
    """A title: ``inception`` over the network of the papers, else ``other`` with its name."""

    def title(distance: str) -> str:
        if distance in ("FID", "clean-FID"):
            return distance.replace("FID", inception)
        return f"{other}-{distance.removeprefix('FD-')}"

    return title


def distance(sides: Comparison) -> Found:
    """The Fréchet distance."""
    real, fake = sides.real.extracted.gaussian, sides.fake.extracted.gaussian
    return {"distance": frechet.between(real, fake)}, {}


def distance_at_infinity(sides: Comparison) -> Found:
    """The Fréchet distance extrapolated to infinitely many generated samples."""
    line = frechet_infinity(sides.real.extracted.gaussian, sides.fake.features)
    points = {"counts": line.counts.tolist(), "distances": line.distances.tolist()}
    return {"distance": line.value, "slope": line.slope}, points


def kernel_distance(sides: Comparison) -> Found:
    """The kernel distance of all samples, and the usual mean over subsets."""
    real, fake = sides.real.features, sides.fake.features
    values = {"distance": kernel.kernel_distance(real, fake)}
    subsets = kernel.kernel_distance_of_subsets(real, fake, **_subsets(sides))
    return values | {"subsets_mean": subsets.mean, "subsets_deviation": subsets.deviation}, {}


def _subsets(sides: Comparison) -> dict[str, int]:
    """100 of 1,000, as the papers' tools have; one, where that is all samples of both sides."""
    counts = {sides.real.images.count, sides.fake.images.count}
    size = min(1000, *counts)
    return {"subsets": 1 if counts == {size} else 100, "size": size}


def precision_recall(sides: Comparison) -> Found:
    """Precision and recall, density and coverage."""
    near = prdc.prdc(sides.real.features, sides.fake.features, k=PRECISION_K)
    far = prdc.prdc(sides.real.features, sides.fake.features, k=DENSITY_K)
    return {
        "precision": near.precision,
        "recall": near.recall,
        "density": far.density,
        "coverage": far.coverage,
    }, {}


def score_of_classes(sides: Comparison) -> Found:
    """The Inception score."""
    found = inception_score(sides.fake.logits, shuffle=0)
    return {"mean": found.mean, "deviation": found.deviation}, {}


def coverage_of_modes(sides: Comparison) -> Found:
    """Modes reached: of a toy's mixture, or classes as the classifier sees them."""
    if len(sides.fake.images.shape) == 1:
        centres, deviation = _mixture(sides)
        found = modes.mixture_coverage(sides.fake.images.array(), centres, deviation)
        values = {
            "captured": found.captured,
            "high_quality": found.high_quality,
            "reverse_kl": found.reverse_kl,
            "js": found.js,
        }
        about = _perfect_points(sides.fake.images.count, found.counts)
        return values, {"counts": found.counts.tolist(), **about}
    if sides.classes is None:
        raise UserError(
            f"modes counts classes, and {sides.real.images.name} has none; choose other metrics."
        )
    seen = modes.class_coverage(sides.fake.classes, sides.classes)
    values = {"captured": seen.captured, "reverse_kl": seen.reverse_kl}
    perfect = modes.perfect_coverage(sides.fake.images.count, sides.classes)
    about = {"perfect": {name: perfect[name] for name in values}}
    return values, {"counts": seen.counts.tolist(), **about}


def _perfect_points(count: int, counts: np.ndarray) -> dict[str, Any]:
    """What a perfect sampler scores with as many samples, and with as many as were of high quality.

    Of few samples the KL is high even where they are perfect. How many are good differs from score
    to score, so it is no part of the protocol, which scores of one column share.
    """
    share, good = modes.perfect_share(), int(counts.sum())
    best = modes.perfect_coverage(round(count * share), len(counts))
    about = {"perfect": {**best, "high_quality": share}}
    if good:
        about["perfect_of_good"] = {"n": good, **modes.perfect_coverage(good, len(counts))}
    return about


def _mixture(sides: Comparison) -> tuple[np.ndarray, float]:
    name = sides.real.images.name
    if name not in MIXTURES:
        raise UserError(f"{name} has no modes to count; {' and '.join(MIXTURES)} have.")
    centres, deviation = MIXTURES[name]
    return np.asarray(centres()), deviation


def _perfect(sides: Comparison) -> dict[str, Any]:
    """What a sampler that makes no mistake scores at this number of samples."""
    count = sides.fake.images.count
    if len(sides.fake.images.shape) == 1:
        centres, deviation = _mixture(sides)
        good = round(count * modes.perfect_share())
        floor = modes.kl_floor(good, len(centres))[0]
        about = {"modes": len(centres), "deviation": deviation, "within": 3.0}
        return about | {"perfect_high_quality": modes.perfect_share(), "perfect_kl": floor}
    if sides.classes is None:
        return {}
    return {"classes": sides.classes, "perfect_kl": modes.kl_floor(count, sides.classes)[0]}


def distance_within_classes(sides: Comparison) -> Found:
    """The mean Fréchet distance of the classes."""
    found = intra_class_distances(
        sides.real.features, sides.real.labels, sides.fake.features, sides.fake.labels
    )
    details = {"classes": {str(label): value for label, value in found.items()}}
    return {"mean": float(np.mean(list(found.values())))}, details


def accuracy_of_fakes(sides: Comparison) -> Found:
    """The accuracy on real samples of a classifier that learnt from generated ones."""
    return _accuracy(sides, sides.fake)


def _accuracy_of_reals(sides: Comparison) -> Found:
    return _accuracy(sides, sides.real)


def _accuracy(sides: Comparison, teacher: Samples) -> Found:
    test, classes = sides.test(), int(max(sides.real.labels.max(), teacher.labels.max())) + 1

    def train(images: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        variables = train_classifier(jax.random.key(0), images, labels, classes)
        learnt = classifier_extractor(variables, "cas")
        return lambda images: predictions(learnt, images)

    value = classification_accuracy_score(
        train, teacher.images.array(), teacher.labels, test.images.array(), test.labels
    )
    return {"accuracy": value}, {}


def similarity(sides: Comparison) -> Found:
    """The mean MS-SSIM of random pairs, within each class where the images have labels."""
    images, labels = sides.fake.images.array(), sides.fake.images.labels
    sets = [images] if labels is None else [images[labels == label] for label in np.unique(labels)]
    pairs = _pairs(len(sets))
    found = [ms_ssim.diversity(one, pairs=pairs, scales=_scales(sides)) for one in sets]
    values = np.array([each.similarity for each in found])
    errors = np.array([each.standard_error for each in found])
    return {
        "similarity": float(values.mean()),
        "standard_error": float(np.sqrt(np.sum(errors**2)) / len(found)),
    }, {}


def _pairs(sets: int) -> int:
    return max(PAIRS // sets, 2)


def _of_pairs(sides: Comparison) -> dict[str, Any]:
    labels = sides.fake.images.labels
    sets = 1 if labels is None else len(np.unique(labels))
    about = {"pairs": _pairs(sets) * sets, "within_classes": labels is not None}
    return about | dataclasses.asdict(_scales(sides))


def _scales(sides: Comparison) -> ms_ssim.Scales:
    height, width, _ = sides.fake.images.shape
    return ms_ssim.fit(height, width)


def log_likelihood(sides: Comparison) -> Found:
    """The Parzen-window log-likelihood of held-out real images."""
    return _likelihood(sides, sides.fake.rows)


def _likelihood_of_reals(sides: Comparison) -> Found:
    rest = sides.real.rows[PARZEN_VALIDATION:]
    return _likelihood(sides, rest) if len(rest) else ({}, {})


def _likelihood(sides: Comparison, samples: np.ndarray) -> Found:
    found = parzen.parzen_score(samples, sides.real.rows[:PARZEN_VALIDATION], sides.test().rows)
    values = {"mean": found.mean, "standard_error": found.standard_error, "sigma": found.sigma}
    return values, {}


def memorisation(sides: Comparison) -> Found:
    """How far generated samples are from the nearest real one; held-out samples give the floor."""
    near = nearest_neighbours(sides.real.features, sides.fake.features)
    return {
        "median_distance": float(np.median(near.distances)),
        "copies": float(np.mean(near.distances == 0.0)),
    }, {}


def length_of_paths(sides: Comparison) -> Found:
    """The path length along straight lines between latents, in the extractor's features."""
    sampler, extractor = sides.fake.sampler, sides.extractor
    if sampler is None or extractor is None:
        raise UserError("ppl walks through latents, which images do not have; name a run folder.")
    low, high = sampler.gan.range
    generate = sampler.placed(jax.local_devices()[:1])
    labels = sampler.labels(2 * PATHS_AT_ONCE)
    about = sides.fake.images.about

    found = ppl.perceptual_path_length(
        jax.random.key(about["seed"]),
        lambda latents: (generate(latents, labels) - low) * (255.0 / (high - low)),
        lambda images: extractor.apply(extractor.variables, images).features,
        lambda key, count: sampler.gan.prior(Rng(key, jnp.arange(count)), about["truncation"]),
        count=PATHS,
        batch=PATHS_AT_ONCE,
        interpolate=ppl.lerp,
    )
    return {"mean": found.mean}, {}


METRICS: Mapping[str, Metric] = {
    "fd": Metric(distance, ("distance",), "lower", lambda distance: distance),
    "fd-infinity": Metric(
        distance_at_infinity,
        ("distance", "slope"),
        "lower",
        lambda distance: f"{distance}-infinity",
        parameters=lambda sides: {"points": 15},
    ),
    "kid": Metric(
        kernel_distance,
        ("distance", "subsets_mean", "subsets_deviation"),
        "lower",
        named("KID", "KD"),
        parameters=lambda sides: {"kernel": "(x.y/d + 1)^3", **_subsets(sides)},
    ),
    "prdc": Metric(
        precision_recall,
        ("precision", "recall", "density", "coverage"),
        "higher",
        lambda distance: f"PRDC-{distance.removeprefix('FD-')}",
        parameters=lambda sides: {"k_precision": PRECISION_K, "k_density": DENSITY_K},
        precision="float32 distances (HIGHEST)",
    ),
    "is": Metric(
        score_of_classes,
        ("mean", "deviation"),
        "higher",
        named("IS", "IS"),
        parameters=lambda sides: {"splits": 10},
        against="",
    ),
    "modes": Metric(
        coverage_of_modes,
        ("captured", "high_quality", "reverse_kl", "js"),  # classes have the first and third
        "higher",
        lambda _: "modes",
        "classifier",
        _perfect,
    ),
    "intra-fd": Metric(
        distance_within_classes,
        ("mean",),
        "lower",
        lambda distance: f"intra-class-{distance}",
    ),
    "cas": Metric(
        accuracy_of_fakes,
        ("accuracy",),
        "higher",
        lambda _: "CAS-small-classifier",
        "",
        lambda sides: {"classifier": "2 convolutions, 2000 steps of 128"},
        _accuracy_of_reals,
        against="held out",
        precision="float32 (HIGHEST)",
    ),
    "ms-ssim": Metric(
        similarity,
        ("similarity", "standard_error"),
        "lower",
        lambda _: "MS-SSIM",
        "",
        _of_pairs,
        against="",
        precision="float32",
    ),
    "ppl": Metric(
        length_of_paths,
        ("mean",),
        "lower",
        lambda distance: f"path-length-{distance.removeprefix('FD-')}",
        parameters=lambda sides: {"paths": PATHS, "epsilon": ppl.EPSILON, "walk": "straight"},
        has_floor=False,
        against="",
        quantised=False,
    ),
    "parzen": Metric(
        log_likelihood,
        ("mean", "standard_error", "sigma"),
        "higher",
        lambda _: "Parzen log-likelihood (nats)",
        "",
        lambda sides: {
            "validation": min(PARZEN_VALIDATION, sides.real.images.count),
            "sigmas": "logspace(-1, 0, 10)",
        },
        _likelihood_of_reals,
        against="held out",
    ),
    "neighbours": Metric(
        memorisation,
        ("median_distance", "copies"),
        "",
        lambda distance: f"nearest-real-{distance.removeprefix('FD-')}",
    ),
}
