"""How likely a generator finds real sentences that it has not seen."""

from collections.abc import Mapping
from typing import Any

from jaxgan.errors import UserError
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric, held_out_of
from jaxgan.metrics.nll_oracle import mean_nll


def nll_gen(comparison: Comparison) -> Found:
    """The mean negative logarithm of a real token's probability under the generator, in nats.

    Of all tokens of a row, those that fill it after a shorter sentence included. Beside it, where
    it is known, that under the oracle, from which the tokens come.
    """
    generator, held_out = comparison.generated.generator, held_out_of(comparison)
    if generator is None:
        raise UserError("nll_gen asks a generator; score a run, not files.")
    rows = held_out.array()
    details: dict[str, Any] = {"sentences": held_out.count}
    if comparison.oracle is not None:
        details["controls"] = {"the oracle itself": {"nll": mean_nll(comparison.oracle, rows)}}
    return {"nll": mean_nll(generator, rows)}, details


def _parameters(comparison: Comparison) -> Mapping[str, Any]:
    oracle = comparison.oracle
    return {} if oracle is None else {"oracle_sha256": oracle.sha256}


METRIC = Metric(
    name="nll_gen",
    about="negative log-likelihood of held-out real sentences under the generator, in nats a "
    "token of a row: a generator that has lost variety finds them unlikely",
    compute=nll_gen,
    values={"nll": "lower"},
    title=lambda distance: "NLL-gen",
    network="",
    modalities=frozenset({TOKENS}),
    parameters=_parameters,
    real_score="",
    against="held out",
    precision="float32, float64 mean",
    keeps="samples",
    least=1,
    walks=True,
)
