"""ALI on mixtures in the plane: the discriminator judges pairs of a sample and a latent.

Paper: Dumoulin et al., "Adversarially learned inference", ICLR 2017, arXiv:1606.00704.
Code: github.com/IshmaelBelghazi/ALI, experiments/ali_mixture.py; with the settings of
github.com/fjxmlzn/PacGAN, synthetic_data_experiments/2DRing_ALI.
Data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.1.

Run:  python experiments/ali_mixture.py
      The grid of 25: python experiments/ali_mixture.py grid
Cost: about eight minutes on two CPU cores (20 steps/s) for the default 10 000 steps;
      --steps 400000 is PacGAN's budget.

Differs from the paper:
- Budget: PacGAN trains ALI for 400 epochs, which are 400 000 steps.
- Networks and settings are those that PacGAN's table 1 was made with; ALI's own mixture
  is a grid, without a table.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import bigan, mixture


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 2
    """Latent size, standard normal."""
    hidden: tuple[int, ...] = (400, 400, 400, 400)
    """Normalized rectifiers in each hidden layer of the generator."""
    encoder_hidden: tuple[int, ...] = (400, 400)
    """Normalized rectifiers in each hidden layer of the encoder."""
    maxout: int = 200
    """Maxout units, of five pieces, in each of the discriminator's three hidden layers."""
    discriminator_init: jg.NonNegative = 0.02
    """Deviation of the discriminator's initial weights; narrow layers need more."""
    learning_rate: jg.NonNegative = 1e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.8
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The non-saturating game on pairs; both players move at once, on the same pairs."""
    return jg.Gan(
        generator=bigan.Bidirectional(
            mixture.PacganGenerator(task.shape[0], cfg.hidden, task.dtype),
            mixture.AliEncoder(cfg.latent, cfg.encoder_hidden, task.dtype),
        ),
        discriminator=mixture.ali_discriminator(cfg.maxout, task.dtype, cfg.discriminator_init),
        forward=jg.forward.bidirectional(jg.normal(cfg.latent)),
        terms=jg.losses.bidirectional.terms(),
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=jg.SIMULTANEOUS,
    )


PACGAN = "Lin et al. 2018 (PacGAN), table 1: 400 000 steps; 10 trials, standard error"
VEEGAN = "Srivastava et al. 2017 (VEEGAN), table 1: 5 runs"

METHODS = {"ALI": {}}

EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=10_000,
    batch_size=100,
    scoring=jg.Scoring(every=2000, num=2500),
    smoke=dict(hidden=(8,), encoder_hidden=(8,), maxout=4),
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
    published=(
        jg.Published(
            f"ring, ALI: {jg.numbers.MODES}", "6.6 ± 0.3; 97.6 ± 0.4; 0.36 ± 0.04", PACGAN
        ),
        jg.Published(f"ring, ALI: {jg.numbers.MODES}", "2.8; 0.13; -", VEEGAN),
        jg.Published(
            f"grid, ALI: {jg.numbers.MODES}", "24.1 ± 0.4; 95.7 ± 0.6; 0.14 ± 0.03", PACGAN
        ),
        jg.Published(f"grid, ALI: {jg.numbers.MODES}", "15.8; 1.6; -", VEEGAN),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
