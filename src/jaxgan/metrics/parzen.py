r"""The Parzen-window log-likelihood of the papers of 2014.

.. math:: \log p(x) = \log \frac{1}{n} \sum_i N(x; s_i, \sigma^2 I)

over generated samples ``s_i`` (Goodfellow et al. 2014, "Generative adversarial nets", table 1,
after Breuleux et al. 2011). Images are in [0, 1] as rows. ``sigma`` is the best of ten values on
validation images; the "+-" of the paper is the standard error over test images, not over seeds.
Theis et al. 2016 ("A note on the evaluation of generative models") show how little it says: a
k-means of the data beats the data. It is here to reproduce that table.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from jaxgan.metrics.features import alike, checked
from jaxgan.metrics.metric import IMAGES, Comparison, Found, Metric, Samples, held_out_of

SIGMAS = tuple(np.logspace(-1, 0, 10).tolist())
"""The official evaluation's choices."""

VALIDATION = 1000
"""Real images on which the official evaluation of 2014 chooses the window's width."""

BLOCK = 256
"""Test images at once; memory is this times the number of samples, 8 bytes each."""


@dataclasses.dataclass(frozen=True)
class ParzenScore:
    """Mean log-likelihood in nats, its standard error over images (``ddof=0``), and sigma."""

    mean: float
    standard_error: float
    sigma: float


def parzen_score(
    samples: np.ndarray,
    validation: np.ndarray,
    test: np.ndarray,
    sigmas: Sequence[float] = SIGMAS,
) -> ParzenScore:
    """Scores ``test`` images, the window's width chosen on ``validation`` ones.

    Args:
      samples: generated, ``[n, pixels]`` in [0, 1]; 10,000 in the paper.
      validation: real; the official evaluation takes the first 1,000.
      test: real; all 10,000 of MNIST.
      sigmas: widths to choose from.

    Raises:
      UserError: other numbers of pixels, no rows, or NaN or infinity.
    """
    sigma = choose_sigma(samples, validation, sigmas)
    values = log_likelihoods(samples, test, [sigma])[0]
    return ParzenScore(float(values.mean()), float(values.std() / np.sqrt(len(values))), sigma)


def choose_sigma(
    samples: np.ndarray, validation: np.ndarray, sigmas: Sequence[float] = SIGMAS
) -> float:
    """The width with the highest mean log-likelihood of ``validation``."""
    means = log_likelihoods(samples, validation, sigmas).mean(axis=1)
    return float(sigmas[int(means.argmax())])


def log_likelihoods(samples: np.ndarray, images: np.ndarray, sigmas: Sequence[float]) -> np.ndarray:
    """``log p`` of each image under each width, float64 ``[sigmas, images]``."""
    samples = checked(samples, "samples").astype(np.float64)
    images = checked(images, "images").astype(np.float64)
    alike(samples, images)
    n, pixels = samples.shape
    norms = np.sum(samples**2, axis=1)
    out = np.empty((len(sigmas), len(images)))
    for start in range(0, len(images), BLOCK):
        rows = images[start : start + BLOCK]
        squared = np.sum(rows**2, axis=1)[:, None] + norms - 2 * rows @ samples.T
        np.maximum(squared, 0, out=squared)
        for place, sigma in enumerate(sigmas):
            kernel = logsumexp(squared / (-2 * sigma**2), axis=1)
            out[place, start : start + BLOCK] = (
                kernel - np.log(n) - pixels * np.log(sigma * np.sqrt(2 * np.pi))
            )
    return out


def _rows(samples: Samples) -> np.ndarray:
    """Images as rows in [0, 1], float64 ``[n, pixels]``."""
    images = samples.array()
    return images.reshape(len(images), -1) / 255.0


def _likelihood(comparison: Comparison, samples: np.ndarray) -> Found:
    validation = _rows(comparison.real)[:VALIDATION]
    found = parzen_score(samples, validation, _rows(held_out_of(comparison)))
    values = {"mean": found.mean, "standard_error": found.standard_error, "sigma": found.sigma}
    return values, {}


def _of_real(comparison: Comparison) -> Found:
    """The score of the real images that the width was not chosen on."""
    rest = _rows(comparison.real)[VALIDATION:]
    return _likelihood(comparison, rest) if len(rest) else ({}, {})


METRIC = Metric(
    name="parzen",
    about="Parzen-window log-likelihood of held-out images, as in 2014",
    compute=lambda comparison: _likelihood(comparison, _rows(comparison.generated)),
    values={"mean": "higher", "standard_error": "", "sigma": ""},
    title=lambda distance: "Parzen log-likelihood (nats)",
    modalities=frozenset({IMAGES}),
    network="",
    parameters=lambda comparison: {
        "validation": min(VALIDATION, comparison.real.count),
        "sigmas": "logspace(-1, 0, 10)",
    },
    real_score=_of_real,
    against="held out",
    keeps="rows",
)
