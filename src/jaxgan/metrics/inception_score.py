r"""The Inception score: ``exp(E_x KL(p(y|x) || p(y)))``.

Salimans et al. 2016, "Improved techniques for training GANs", section 4. The classifier is part
of its name: only with the published Inception's ``logits_unbiased`` (1,008 classes, no bias) is
it what papers report.
"""

import dataclasses
import itertools

import numpy as np
from scipy.special import log_softmax, xlogy

from jaxgan.errors import UserError
from jaxgan.metrics.features import checked
from jaxgan.metrics.metric import PICTURES, SOUNDS, Comparison, Found, Metric, after_network

SPLITS = 10
"""Parts that are scored apart; papers use 10 parts of 5,000."""


@dataclasses.dataclass(frozen=True)
class InceptionScore:
    """Mean and deviation (``ddof=0``) of the score over splits."""

    mean: float
    deviation: float
    splits: np.ndarray


def inception_score(
    logits: np.ndarray, *, splits: int = SPLITS, shuffle: int | None = None
) -> InceptionScore:
    """The score of images with these ``logits`` ``[n, classes]``.

    Args:
      logits: the classifier's, before the softmax.
      splits: parts that are scored apart. The score of a part is biased low by its size: papers
        use 10 parts of 5,000.
      shuffle: seed that shuffles the rows first; None leaves them as generated. It matters when
        a conditional generator made the classes one after the other.

    Raises:
      UserError: fewer images than splits, or NaN or infinity.
    """
    logits = checked(logits, "logits").astype(np.float64)
    if not 1 <= splits <= len(logits):
        raise UserError(f"{len(logits)} images cannot be divided into {splits} splits.")
    if shuffle is not None:
        logits = np.random.default_rng(shuffle).permutation(logits)
    log_p = log_softmax(logits, axis=1)
    p = np.exp(log_p)
    edges = [len(p) * part // splits for part in range(splits + 1)]
    scores = np.array([_score(p[a:b], log_p[a:b]) for a, b in itertools.pairwise(edges)])
    return InceptionScore(float(scores.mean()), float(scores.std()), scores)


def _score(p: np.ndarray, log_p: np.ndarray) -> float:
    marginal = p.mean(axis=0)
    # E KL = H(marginal) - E H(p): no logarithm of a class that never occurs.
    conditional = np.where(p > 0, p * log_p, 0).sum(axis=1).mean()
    return float(np.exp(conditional - xlogy(marginal, marginal).sum()))


def _compute(comparison: Comparison) -> Found:
    found = inception_score(comparison.generated.logits, shuffle=0)
    return {"mean": found.mean, "deviation": found.deviation}, {}


METRIC = Metric(
    name="is",
    about="Inception score, over the classes of the extractor",
    compute=_compute,
    values={"mean": "higher", "deviation": ""},
    title=after_network("IS", "IS"),
    modalities=PICTURES | {SOUNDS},
    parameters=lambda comparison: {"splits": SPLITS},
    against="",
    least=SPLITS,
)
