"""Self-BLEU: how much generated sentences have in common with each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.metrics.bleu import ORDERS, REFERENCES, SCORED, sentence_bleu, sentences
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric


def self_bleu(comparison: Comparison) -> Found:
    """The mean BLEU of sentences, with the others as references (Zhu et al. 2018, Texygen)."""
    made = sentences(comparison.generated.array()[:REFERENCES], comparison.real.words)
    found = np.mean(
        [sentence_bleu(one, made[:at] + made[at + 1 :]) for at, one in enumerate(made[:SCORED])],
        axis=0,
    )
    return dict(zip((f"self_bleu{order}" for order in ORDERS), found.tolist(), strict=True)), {}


def _parameters(comparison: Comparison) -> Mapping[str, Any]:
    count = comparison.generated.count
    return {
        "scored": min(SCORED, count),
        "references": min(REFERENCES, count) - 1,
        "smoothing": "nltk method 1",
    }


METRIC = Metric(
    name="self_bleu",
    about="BLEU-2 to BLEU-5 of generated sentences with the other generated ones as references: "
    "above that of real sentences, the generator repeats itself",
    compute=self_bleu,
    values={f"self_bleu{order}": "lower" for order in ORDERS},
    title=lambda distance: "self-BLEU",
    network="",
    modalities=frozenset({TOKENS}),
    parameters=_parameters,
    against="",
    keeps="samples",
    least=2,
)
