"""RpGAN + R1 + R2 on mixtures in the plane: R3GAN's objective on PacGAN's networks.

Paper: Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern
baseline GAN", NeurIPS 2024, arXiv:2501.05441 (R3GAN), its section on RpGAN with R1 and R2.
Loss: Jolicoeur-Martineau 2019, arXiv:1807.00734; penalties: Mescheder et al. 2018,
arXiv:1801.04406, equations 9 and 10.
Networks, data and evaluation: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086.

Run:  python experiments/rpgan_mixture.py
      The grid of 25: --data grid --workdir runs/rpgan_grid
      R1 on the usual GAN: --no-relativistic --r2 0
Cost: about ten minutes on two CPU cores (17 steps/s) for the default 10 000 steps;
      --steps 400000 is PacGAN's budget.

Differs from the paper:
- The paper has no toy mixture. Networks, optimizer, batch and simultaneous updates are
  PacGAN's, so that only the objective differs from pacgan_mixture.py --packing 1; R3GAN
  alternates, with Adam's first decay 0, and its networks are not normalised.
- The weights of R1 and R2 are ours, not tuned for these networks.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Task
from jaxgan.game.gan import SIMULTANEOUS, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import mixture
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    relativistic: bool = True
    """RpGAN's loss of pairs; otherwise the non-saturating one."""
    r1: float = 0.1
    """Weight of R1, |slope|^2 / 2 at real samples."""
    r2: float = 0.1
    """Weight of R2, |slope|^2 / 2 at generated samples."""
    latent: int = 2
    """Size of the latent, standard normal."""
    hidden: tuple[int, ...] = (400, 400, 400, 400)
    """Normalised rectifiers in each hidden layer of the generator."""
    maxout: int = 200
    """Maxout units, of five pieces, in each of the discriminator's three hidden layers."""
    discriminator_init: float = 0.02
    """Deviation of the discriminator's initial weights; narrow layers need more."""
    learning_rate: float = 1e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.8
    """Adam's first decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0 samples with the last weights."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The relativistic game with both penalties in every step; both players move at once."""
    prior = forward.normal(cfg.latent)
    if cfg.relativistic:
        generator, discriminator = losses.relativistic_generator, losses.relativistic_discriminator
    else:
        generator, discriminator = (
            losses.nonsaturating_generator,
            losses.nonsaturating_discriminator,
        )
    return Gan(
        networks={
            "g": mixture.PacganGenerator(data.shape[0], cfg.hidden, cfg.dtype),
            "d": mixture.pacgan_discriminator(cfg.maxout, cfg.dtype, cfg.discriminator_init),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": generator},
            "d": {
                "adversarial": discriminator,
                "r1": scale(cfg.r1, penalties.r1),
                "r2": scale(cfg.r2, penalties.r2),
            },
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        updates=SIMULTANEOUS,
        ema=ema.constant(cfg.ema_decay),
        threshold=None if cfg.relativistic else 0.0,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="ring",
    shape=(2,),
    classes=8,
    steps=10_000,
    batch_size=100,
    evaluate_every=2000,
    evaluate_num=2500,
    smoke={"hidden": (8,), "maxout": 4},
    ablations={
        "GAN + R1": {"relativistic": False, "r2": 0.0},
        "GAN + R1 + R2": {"relativistic": False},
        "RpGAN + R1": {"r2": 0.0},
        "RpGAN": {"r1": 0.0, "r2": 0.0},
    },
)

if __name__ == "__main__":
    main(EXPERIMENT)
