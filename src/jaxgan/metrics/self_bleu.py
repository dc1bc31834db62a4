"""Self-BLEU: how much generated sentences have in common with each other."""

from collections.abc import Mapping
from typing import Any

from jaxgan.metrics.bleu import (
    ORDERS,
    REFERENCES,
    SCORED,
    named,
    parameters,
    sentence_bleu,
    sentences,
)
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric


def among(comparison: Comparison) -> int:
    """Sentences that are looked at, as many generated as real ones.

    The score grows with their number, so that otherwise it could not be compared.
    """
    held_out = comparison.held_out
    real = comparison.generated.count if held_out is None else held_out.count
    return min(REFERENCES, comparison.generated.count, real)


def self_bleu(comparison: Comparison) -> Found:
    """The mean BLEU of sentences, with the others as references (Zhu et al. 2018, Texygen)."""
    made = sentences(comparison.generated, among(comparison))
    scored = enumerate(made[:SCORED])
    found = [sentence_bleu(one, made[:at] + made[at + 1 :]) for at, one in scored]
    return named("self_bleu", found), {}


def _parameters(comparison: Comparison) -> Mapping[str, Any]:
    return parameters(comparison, among(comparison) - 1)


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
