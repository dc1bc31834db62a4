"""BLEU: how much of generated sentences stands in real ones, by nltk."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric

ORDERS = (2, 3, 4, 5)
"""The longest n-grams that count."""

SCORED = 200
"""Sentences that are scored; RelGAN's authors found no change from 100 on."""

REFERENCES = 1000
"""Sentences that they are compared with, at most: the time is their product."""

END = 0
"""The token after the last word of a sentence of words."""


def sentence_bleu(hypothesis: Sequence[int], references: Sequence[Sequence[int]]) -> np.ndarray:
    """BLEU-2 to BLEU-5 of a sentence, float64 ``[4]`` (Papineni et al. 2002).

    Equal weights, and nltk's smoothing method 1, as in Texygen (Zhu et al. 2018).
    """
    from nltk.translate.bleu_score import (  # half a second to import
        SmoothingFunction,
        sentence_bleu,
    )

    weights = [tuple([1.0 / order] * order) for order in ORDERS]
    smoothing = SmoothingFunction().method1
    return np.array(sentence_bleu(references, hypothesis, weights, smoothing), np.float64)


def sentences(rows: np.ndarray, ends: bool) -> list[list[int]]:
    """Rows of tokens as lists; without what follows a sentence where tokens are words."""
    return [[token for token in row if not ends or token != END] for row in rows.tolist()]


def bleu(comparison: Comparison) -> Found:
    """The mean over ``SCORED`` generated sentences, with ``REFERENCES`` real ones."""
    references = sentences(comparison.real.array()[:REFERENCES], comparison.real.words)
    scored = sentences(comparison.generated.array()[:SCORED], comparison.real.words)
    found = np.mean([sentence_bleu(one, references) for one in scored], axis=0)
    return dict(zip((f"bleu{order}" for order in ORDERS), found.tolist(), strict=True)), {}


def parameters(comparison: Comparison) -> Mapping[str, Any]:
    """The numbers of sentences and the smoothing, for the protocol."""
    return {
        "scored": min(SCORED, comparison.generated.count),
        "references": min(REFERENCES, comparison.real.count),
        "smoothing": "nltk method 1",
    }


METRIC = Metric(
    name="bleu",
    about="BLEU-2 to BLEU-5 of generated sentences with real ones as references: how much of them "
    "is real text",
    compute=bleu,
    values={f"bleu{order}": "higher" for order in ORDERS},
    title=lambda distance: "BLEU",
    network="",
    modalities=frozenset({TOKENS}),
    parameters=parameters,
    against="real",
    keeps="samples",
    least=1,
)
