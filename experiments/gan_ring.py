"""The first GAN on a ring of eight Gaussians, where mode collapse can be seen.

Paper: Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, arXiv:1406.2661.
Data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1
(eight modes on the unit circle, standard deviation 0.01, 100 000 points).

Run:  python experiments/gan_ring.py
Cost: about a minute on two CPU cores for the default 20 000 steps.

Differs from the paper:
- Data: the paper has no toy mixture. Networks are small rectifier perceptrons, the
  optimizer is Adam, and there is no dropout.
- Algorithm 1 as printed: alternating updates, one of each; non-saturating loss.
- Samples come from an average of the generator's weights (--ema 0 for the last ones).
"""

import dataclasses
from typing import Literal

import flax.linen as nn
import optax

import jaxgan as jg
from jaxgan.nets import mlp

LOSSES = {
    "nonsaturating": jg.losses.nonsaturating,
    "relativistic": jg.losses.relativistic,
    "wasserstein": jg.losses.wasserstein,
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The toy's hyperparameters."""

    loss: Literal["nonsaturating", "relativistic", "wasserstein"] = "nonsaturating"
    """The first GAN's loss, RpGAN's of pairs, or WGAN-GP's with its gradient penalty."""
    latent: int = 2
    """Latent size, standard normal."""
    hidden: tuple[int, ...] = (128, 128)
    """Rectifiers in each hidden layer, both networks."""
    learning_rate: jg.NonNegative = 1e-3
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    r1: jg.Weight = 0.0
    """Weight of the R1 gradient penalty (Mescheder et al. 2018). 0 is the plain GAN, whose step
    does not compute it."""
    r2: jg.Weight = 0.0
    """Weight of R2, the same at generated samples."""
    lazy: int = 1
    """Steps between two of R1 and R2, which then count as many times."""
    penalty: jg.NonNegative = 10.0
    """wasserstein: weight of WGAN-GP's penalty, beside R1."""
    simultaneous: bool = False
    """Simultaneous instead of alternating updates."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Perceptrons that play a game in the plane."""
    loss = LOSSES[cfg.loss]
    penalties = {
        "r1": jg.scale(cfg.r1, jg.every(cfg.lazy, jg.penalties.r1)),
        "r2": jg.scale(cfg.r2, jg.every(cfg.lazy, jg.penalties.r2)),
    }
    if cfg.loss == "wasserstein":
        penalties["gp"] = jg.scale(cfg.penalty, jg.penalties.gradient_penalty)
    return jg.Gan(
        generator=mlp.Generator(task.shape, cfg.hidden, output=lambda x: x, dtype=task.dtype),
        discriminator=mlp.Discriminator(cfg.hidden, nn.relu, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=loss.terms(discriminator=penalties),
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=jg.SIMULTANEOUS if cfg.simultaneous else jg.ALTERNATING,
        threshold=0.0 if cfg.loss == "nonsaturating" else None,
    )


EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.RING,
    steps=20_000,
    batch_size=256,
    ema=0.999,
    scoring=jg.Scoring(every=5000, num=2500),
    smoke=dict(hidden=(8,)),
    ablations={"R1": dict(r1=0.1), "simultaneous": dict(simultaneous=True)},
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
