"""GANs on the ring that fail on purpose, each for one reason: the curves of the documentation.

Paper: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, arXiv:1406.2661.

Run:  scripts/docs_site/curves.py trains all presets and draws their curves.
Cost: some seconds on a CPU core for the default 1500 steps of each.
"""

import dataclasses
from typing import Literal

import flax.linen as nn
import optax

import jaxgan as jg
from jaxgan.nets import mlp

LOSSES = {
    "nonsaturating": jg.losses.nonsaturating,
    "minimax": jg.losses.minimax,
    "wasserstein": jg.losses.wasserstein,
}
OPTIMIZERS = {"adam": lambda rate: optax.adam(rate, b1=0.5), "sgd": optax.sgd}


@dataclasses.dataclass(frozen=True)
class Config:
    """What the presets get wrong."""

    loss: Literal["nonsaturating", "minimax", "wasserstein"] = "nonsaturating"
    """What the players minimize."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Of both players."""
    generator_rate: jg.NonNegative = 1e-3
    """The generator's learning rate."""
    discriminator_rate: jg.NonNegative = 1e-3
    """The discriminator's learning rate."""
    generator_updates: int = 1
    """Generator updates for each update of the discriminator."""
    r1: jg.Weight = 0.1
    """Weight of the R1 gradient penalty."""
    warmup: bool = True
    """Whether the average of the weights is a young one while the run is young."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Two perceptrons in the plane."""
    rates = {"g": cfg.generator_rate, "d": cfg.discriminator_rate}
    return jg.Gan(
        generator=mlp.Generator(task.shape, (64, 64), output=lambda x: x, dtype=task.dtype),
        discriminator=mlp.Discriminator((64, 64), nn.relu, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.normal(2)),
        terms=LOSSES[cfg.loss].terms(discriminator={"r1": jg.scale(cfg.r1, jg.penalties.r1)}),
        optimizers={who: OPTIMIZERS[cfg.optimizer](rate) for who, rate in rates.items()},
        updates=(jg.D, *[jg.G] * cfg.generator_updates),
        ema=jg.ema.constant(task.ema, cfg.warmup),
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.RING,
    steps=1500,
    batch_size=256,
    ema=0.99,
    scoring=jg.Scoring(metrics=("modes",), every=150, num=2500),
    presets={
        "healthy": {},
        "discriminator_wins": dict(loss="minimax", generator_rate=1e-5, r1=0.0),
        "collapse": dict(generator_updates=10, r1=0.0),
        "not_finite": dict(
            loss="wasserstein",
            optimizer="sgd",
            generator_rate=0.2,
            discriminator_rate=0.2,
            r1=0.0,
            steps=300,
        ),
        "flat": dict(generator_rate=1e-6, discriminator_rate=1e-6),
        "slow_average": dict(ema=0.9995, warmup=False),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
