"""BLEU: how much of generated sentences stands in real ones, by nltk."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric, Samples, held_out_of

ORDERS = (2, 3, 4, 5)
"""The longest n-grams that count."""

SCORED = 200
"""Sentences that are scored; RelGAN's authors found no change from 100 on."""

REFERENCES = 1000
"""Sentences that they are compared with, at most: the time is their product."""


def sentence_bleu(hypothesis: Sequence[int], references: Sequence[Sequence[int]]) -> np.ndarray:
    """BLEU-2 to BLEU-5 of a sentence, float64 ``[4]`` (Papineni et al. 2002).

    Equal weights, and nltk's smoothing method 1, as in Texygen (Zhu et al. 2018).
    """
    from nltk.translate.bleu_score import (  # half a second to import
        SmoothingFunction,
        sentence_bleu,
    )

    if not hypothesis:
        return np.zeros(len(ORDERS))
    weights = [tuple([1.0 / order] * order) for order in ORDERS]
    smoothing = SmoothingFunction().method1
    return np.array(sentence_bleu(references, hypothesis, weights, smoothing), np.float64)


def sentences(samples: Samples, count: int) -> list[list[int]]:
    """So many sentences, drawn without replacement and the same every time, as lists of tokens.

    Raises:
      UserError: their vocabulary is not known.
    """
    if samples.vocabulary is None:
        raise UserError(f"{samples.name} has no vocabulary; choose other metrics.")
    rows = samples.array()
    return samples.vocabulary.cut(rows[np.random.default_rng(0).permutation(len(rows))[:count]])


def bleu(comparison: Comparison) -> Found:
    """The mean over ``SCORED`` generated sentences, with held-out real ones as references.

    So that a sentence of the training data gains nothing by being one.
    """
    references = sentences(held_out_of(comparison), REFERENCES)
    scored = sentences(comparison.generated, SCORED)
    return named("bleu", [sentence_bleu(one, references) for one in scored]), {}


def named(name: str, found: Sequence[np.ndarray]) -> dict[str, float]:
    """The means of ``sentence_bleu``'s results, by their names."""
    means = np.mean(found, axis=0).tolist()
    return dict(zip((f"{name}{order}" for order in ORDERS), means, strict=True))


def _of_real(comparison: Comparison) -> Found:
    """The same of real sentences of the reference."""
    return bleu(dataclasses.replace(comparison, generated=comparison.real))


def parameters(comparison: Comparison, references: int) -> dict[str, Any]:
    """The numbers of sentences, the smoothing and the data's oracle, for the protocol."""
    found: dict[str, Any] = {
        "scored": min(SCORED, comparison.generated.count),
        "references": references,
        "smoothing": "nltk method 1",
    }
    oracle = comparison.oracle
    return found if oracle is None else found | {"oracle_sha256": oracle.sha256}


def _parameters(comparison: Comparison) -> Mapping[str, Any]:
    return parameters(comparison, min(REFERENCES, held_out_of(comparison).count))


METRIC = Metric(
    name="bleu",
    about="BLEU-2 to BLEU-5 of generated sentences with held-out real ones as references: how "
    "much of them is real text",
    compute=bleu,
    values={f"bleu{order}": "higher" for order in ORDERS},
    title=lambda distance: "BLEU",
    network="",
    modalities=frozenset({TOKENS}),
    parameters=_parameters,
    real_score=_of_real,
    against="held out",
    keeps="samples",
    least=1,
)
