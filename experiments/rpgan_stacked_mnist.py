"""RpGAN + R1 + R2 on stacked MNIST: R3GAN's objective on PacGAN's networks.

Paper: Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern
baseline GAN", NeurIPS 2024, arXiv:2501.05441 (R3GAN), its section on mode coverage.
Networks and data: Lin et al., "PacGAN", NeurIPS 2018, arXiv:1712.04086, section 4.2.

Run:  python experiments/rpgan_stacked_mnist.py
      R1 alone: --r2 0; R1 on the usual GAN: --no-relativistic --r2 0
Score:  jaxgan evaluate runs/rpgan_stacked_mnist --metrics modes --num 26000
Cost: not measured on a GPU, which the default 100 000 steps need.

Differs from the paper:
- Its own networks and schedules belong to R3GAN and come later; networks, data, batch and budget
  are those of pacgan_stacked_mnist.py --packing 1. Other than there, beside the objective: the
  discriminator is not normalised; the players move once each; Adam has other decays; images lie
  in [-1, 1], as the generator's do, instead of [0, 1]; samples come from averaged weights.
- The weights of R1 and R2 are ours, not tuned.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import pacgan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    relativistic: bool = True
    """RpGAN's loss of pairs; otherwise the non-saturating one."""
    r1: float = 1.0
    """Weight of R1, |slope|^2 / 2 at real samples."""
    r2: float = 1.0
    """Weight of R2, |slope|^2 / 2 at generated samples."""
    latent: int = 100
    """Size of the latent, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.0
    """Adam's first decay, of both players."""
    beta2: float = 0.99
    """Adam's second decay, of both players."""
    ema_decay: float = 0.999
    """Decay per step of the averaged generator."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The relativistic game with both penalties in every step, the players in turn."""
    resolution, _, channels = data.shape
    prior = forward.uniform(cfg.latent)
    widths = [cfg.width * multiple for multiple in (1, 2, 4, 8)]
    if cfg.relativistic:
        generator, discriminator = losses.relativistic_generator, losses.relativistic_discriminator
    else:
        generator, discriminator = (
            losses.nonsaturating_generator,
            losses.nonsaturating_discriminator,
        )
    return Gan(
        networks={
            "g": pacgan.Generator(resolution, channels, widths[3], widths[2::-1], dtype=cfg.dtype),
            "d": pacgan.Discriminator(widths, norm=False, dtype=cfg.dtype),
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
        optimizers={
            who: optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2) for who in ("g", "d")
        },
        updates=(D, G),
        ema=ema.constant(cfg.ema_decay),
        threshold=None if cfg.relativistic else 0.0,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="stacked_mnist:128000",
    shape=(28, 28, 3),
    classes=1000,
    steps=100_000,
    batch_size=64,
    evaluate_metrics="modes",
    evaluate_num=26_000,
    smoke={"width": 4, "latent": 8},
    ablations={
        "RpGAN + R1": {"r2": 0.0},
        "GAN + R1": {"relativistic": False, "r2": 0.0},
        "GAN + R1 + R2": {"relativistic": False},
    },
    published=tuple(
        Published(
            f"{method}: modes of 1000; KL (classified digit by digit, 32 pixels; 10 million "
            "images)",
            value,
            source,
        )
        for method, value, source in (
            ("RpGAN + R1 + R2, a small ResNet", "1000; 0.0781", "table 1"),
            ("GAN + R1 + R2, a small ResNet", "693; 0.9270", "table 1"),
            ("R1 alone, a small ResNet", "diverges", "table 1"),
            ("RpGAN + R1 + R2, R3GAN's networks", "1000; 0.029", "table 3"),
        )
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
