"""How likely a generator finds real sentences that it has not seen."""

from jaxgan.errors import UserError
from jaxgan.metrics.metric import TOKENS, Comparison, Found, Metric, held_out_of


def nll_gen(comparison: Comparison) -> Found:
    """The mean negative logarithm of a real token's probability under the generator, in nats."""
    generator, held_out = comparison.generated.generator, held_out_of(comparison)
    if generator is None:
        raise UserError("nll_gen asks a generator; score a run, not files.")
    found = generator.log_probabilities(held_out.array()).astype("float64")
    return {"nll": -float(found.mean())}, {"sentences": held_out.count}


METRIC = Metric(
    name="nll_gen",
    about="negative log-likelihood of held-out real sentences under the generator, in nats a "
    "token: a generator that has lost variety finds them unlikely",
    compute=nll_gen,
    values={"nll": "lower"},
    title=lambda distance: "NLL-gen",
    network="",
    modalities=frozenset({TOKENS}),
    real_score="",
    against="held out",
    precision="float32, float64 mean",
    keeps="samples",
    least=1,
    walks=True,
)
