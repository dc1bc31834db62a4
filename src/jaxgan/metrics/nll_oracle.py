"""How likely an oracle, from which the data come, finds generated sentences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxgan.errors import UserError
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Generator, Metric
from jaxgan.oracle import Oracle


def oracle_of(comparison: Comparison) -> Oracle:
    """The distribution of the data.

    Raises:
      UserError: it is not known.
    """
    if comparison.oracle is None:
        raise UserError(f"The oracle of {comparison.real.name} is not known.")
    return comparison.oracle


def mean_nll(model: Oracle | Generator, rows: np.ndarray) -> float:
    """``-mean log p`` of all tokens ``[n, length]``, in nats, summed in float64."""
    return -float(model.log_probabilities(rows).astype(np.float64).mean())


def nll_oracle(comparison: Comparison) -> Found:
    """The mean negative logarithm of a token's probability under the oracle, in nats."""
    oracle, samples = oracle_of(comparison), comparison.generated.array()
    if samples.max(initial=0) >= oracle.vocabulary:
        raise UserError(f"{comparison.generated.name} has tokens that the oracle does not know.")
    return {"nll": mean_nll(oracle, samples)}, {}


def _parameters(comparison: Comparison) -> Mapping[str, Any]:
    oracle = oracle_of(comparison)
    return {"oracle_sha256": oracle.sha256, "vocabulary": oracle.vocabulary}


METRIC = Metric(
    name="nll_oracle",
    about="negative log-likelihood of generated sentences under the oracle, in nats a token; below "
    "that of the oracle's own sentences, the generator has lost variety",
    compute=nll_oracle,
    values={"nll": "lower"},
    title=lambda distance: "NLL-oracle",
    network="",
    modalities=frozenset({TOKENS}),
    parameters=_parameters,
    against="",
    precision="float32, float64 mean",
    keeps="samples",
    least=1,
    oracle=True,
)
