"""RpGAN + R1 + R2 on mixtures in the plane: R3GAN's objective on PacGAN's networks.

Paper: Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern
baseline GAN", NeurIPS 2024, arXiv:2501.05441 (R3GAN), its section on RpGAN with R1 and R2.
Loss: Jolicoeur-Martineau 2019, arXiv:1807.00734; penalties: Mescheder et al. 2018,
arXiv:1801.04406, equations 9 and 10.
Networks, data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086.

Run:  python experiments/rpgan_mixture.py
      The grid of 25: python experiments/rpgan_mixture.py grid
      R1 on the usual GAN: --no-relativistic --r2 0
Cost: about ten minutes on two CPU cores (17 steps/s) for the default 10 000 steps;
      --steps 400000 is PacGAN's budget.

Differs from the paper:
- The paper has no toy mixture. Networks, optimizer, batch and simultaneous updates are
  PacGAN's, so that only the objective differs from pacgan_mixture.py --packing 1; R3GAN
  alternates, with Adam's first decay 0, and its networks are not normalized.
- The weights of R1 and R2 are ours, not tuned for these networks.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import mixture


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    relativistic: bool = True
    """RpGAN's loss of pairs; otherwise the non-saturating one."""
    r1: jg.Weight = 0.1
    """Weight of R1, half the squared gradient at real samples."""
    r2: jg.Weight = 0.1
    """Weight of R2, half the squared gradient at generated samples."""
    latent: int = 2
    """Latent size, standard normal."""
    hidden: tuple[int, ...] = (400, 400, 400, 400)
    """Normalized rectifiers in each hidden layer of the generator."""
    maxout: int = 200
    """Maxout units, of five pieces, in each of the discriminator's three hidden layers."""
    discriminator_init: jg.NonNegative = 0.02
    """Deviation of the discriminator's initial weights; narrow layers need more."""
    learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.8
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The relativistic game with both penalties in every step; both players move at once."""
    loss = jg.losses.relativistic if cfg.relativistic else jg.losses.nonsaturating
    penalties = {
        "r1": jg.scale(cfg.r1, jg.penalties.r1),
        "r2": jg.scale(cfg.r2, jg.penalties.r2),
    }
    return jg.Gan(
        generator=mixture.PacganGenerator(task.shape[0], cfg.hidden, task.dtype),
        discriminator=mixture.pacgan_discriminator(cfg.maxout, task.dtype, cfg.discriminator_init),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=loss.terms(discriminator=penalties),
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=jg.SIMULTANEOUS,
        threshold=None if cfg.relativistic else 0.0,
    )


METHODS = {"GAN + R1": {"relativistic": False, "r2": 0.0}, "RpGAN + R1 + R2": {}}

EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=10_000,
    batch_size=100,
    scoring=jg.Scoring(every=2000, num=2500),
    smoke=dict(hidden=(8,), maxout=4),
    ablations={
        "GAN + R1": dict(relativistic=False, r2=0.0),
        "GAN + R1 + R2": dict(relativistic=False),
        "RpGAN + R1": dict(r2=0.0),
        "RpGAN": dict(r1=0.0, r2=0.0),
    },
    presets={
        "ring": dict(
            data=jg.datasets.RING,
            reproductions=jg.numbers.mixture("ring", METHODS, seeds=10, steps=400_000),
        ),
        "grid": dict(
            data=jg.datasets.GRID,
            reproductions=jg.numbers.mixture("grid", METHODS, seeds=10, steps=400_000),
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
