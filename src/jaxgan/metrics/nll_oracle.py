"""How likely an oracle, from which the data come, finds generated sentences."""

from collections.abc import Mapping
from typing import Any

from jaxgan.errors import UserError
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric
from jaxgan.oracle import Oracle


def oracle_of(comparison: Comparison) -> Oracle:
    """The distribution of the data.

    Raises:
      UserError: it is not known.
    """
    if comparison.oracle is None:
        raise UserError(f"The oracle of {comparison.real.name} is not known.")
    return comparison.oracle


def nll_oracle(comparison: Comparison) -> Found:
    """The mean negative logarithm of a token's probability under the oracle, in nats."""
    oracle, samples = oracle_of(comparison), comparison.generated.array()
    if samples.max(initial=0) >= oracle.vocabulary:
        raise UserError(f"{comparison.generated.name} has tokens that the oracle does not know.")
    return {"nll": -float(oracle.log_probabilities(samples).astype("float64").mean())}, {}


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
