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
  discriminator is not normalized; the players move once each; Adam has other decays; images lie
  in [-1, 1], as the generator's do, instead of [0, 1]; samples come from averaged weights.
- The weights of R1 and R2 are ours, not tuned.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import pacgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    relativistic: bool = True
    """RpGAN's loss of pairs; otherwise the non-saturating one."""
    r1: jg.Weight = 1.0
    """Weight of R1, half the squared gradient at real samples."""
    r2: jg.Weight = 1.0
    """Weight of R2, half the squared gradient at generated samples."""
    latent: int = 100
    """Latent size, uniform in [-1, 1]."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.0
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.99
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The relativistic game with both penalties in every step, the players in turn."""
    resolution, _, channels = task.shape
    loss = jg.losses.relativistic if cfg.relativistic else jg.losses.nonsaturating
    penalties = {
        "r1": jg.scale(cfg.r1, jg.penalties.r1),
        "r2": jg.scale(cfg.r2, jg.penalties.r2),
    }
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    return jg.Gan(
        generator=pacgan.dcgan_generator(resolution, channels, cfg.width, task.dtype),
        discriminator=pacgan.dcgan_discriminator(cfg.width, norm=False, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.uniform(cfg.latent)),
        terms=loss.terms(discriminator=penalties),
        optimizers={"g": adam, "d": adam},
        threshold=None if cfg.relativistic else 0.0,
    )


PUBLISHED = (
    ("RpGAN + R1 + R2, a small ResNet", "1000; 0.0781", "Table 1"),
    ("GAN + R1 + R2, a small ResNet", "693; 0.9270", "Table 1"),
    ("R1 alone, a small ResNet", "diverges", "Table 1"),
    ("RpGAN + R1 + R2, R3GAN's networks", "1000; 0.029", "Table 3"),
)
PROTOCOL = "classified digit by digit, 32 pixels; 10 million images"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.stacked_mnist(128_000),
    steps=100_000,
    batch_size=64,
    ema=0.999,
    scoring=jg.Scoring(metrics=("modes",), num=26_000),
    smoke=dict(width=4, latent=8),
    ablations={
        "RpGAN + R1": dict(r2=0.0),
        "GAN + R1": dict(relativistic=False, r2=0.0),
        "GAN + R1 + R2": dict(relativistic=False),
    },
    published=tuple(
        jg.Published(f"{method}: modes of 1000; KL ({PROTOCOL})", value, source)
        for method, value, source in PUBLISHED
    ),
    reproductions=tuple(
        jg.Reproduction(
            f"{method}, PacGAN's networks: modes of 1000; KL (26 000 samples, classified digit by "
            "digit)",
            jg.numbers.STACKED,
            flags=flags,
        )
        for method, flags in (
            ("RpGAN + R1 + R2", dict()),
            ("GAN + R1 + R2", dict(relativistic=False)),
        )
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
