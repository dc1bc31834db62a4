"""SNGAN with a projection discriminator on CIFAR-10, 32 x 32, with labels.

Paper: Miyato & Koyama, "cGANs with Projection Discriminator", ICLR 2018, arXiv:1802.05637.
Code of the authors: github.com/pfnet-research/sngan_projection
(configs/sn_cifar10_conditional.yml, updater.py).

Run:  python experiments/sngan_projection_cifar10.py
Cost: not measured on a GPU, which the default 50 000 steps (of 5 discriminator updates) need.

Differs from the paper:
- The settings of CIFAR-10 are those of the authors' code; the paper's text was not at hand, and
  its number is known from other people's tables.
- The authors' generator moves on 128 samples, twice the discriminator's batch; here on 64.
- Their step begins with the generator, ours ends with it.
- Their singular vectors move in every pass of the discriminator, so real and fake images see
  slightly different weights; here once per update, and both see the same.
- They scale real images to x/128 - 1 and add uniform noise from 0 to 1/128 (dequantization); here
  they are x/127.5 - 1, without noise.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import resnet


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    labels: Literal["projected", "joined"] = "projected"
    """What the discriminator does with labels: project, or join an embedding to its features."""
    spectral_norm: bool = True
    """Spectral normalization of the discriminator."""
    discriminator_steps: int = 5
    """Discriminator updates per generator update."""
    latent: int = 128
    """Latent size, standard normal."""
    generator_width: int = 256
    """Feature maps of every generator layer."""
    discriminator_width: int = 128
    """Feature maps of every discriminator layer."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players; falls linearly to 0."""
    beta1: jg.Fraction = 0.0
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """SNGAN's ResNets with conditional batch normalization and a projection."""
    resolution, _, channels = task.shape
    classes = task.classes or 1
    embedding = cfg.discriminator_width if cfg.labels == "joined" else 0
    # Their generator is in training mode there too, and its running moments move.
    critic = jg.Phase("d", moves_stats=("d", "g"))

    def adam(updates: int) -> optax.GradientTransformation:
        rate = optax.linear_schedule(cfg.learning_rate, 0.0, task.steps * updates)
        return optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2)

    return jg.Gan(
        generator=resnet.sngan_generator(
            resolution, cfg.generator_width, channels=channels, classes=classes, dtype=task.dtype
        ),
        discriminator=resnet.sngan_discriminator(
            resolution,
            cfg.discriminator_width,
            classes=classes,
            embedding=embedding,
            dtype=task.dtype,
        ),
        forward=jg.forward.conditional(jg.normal(cfg.latent), jg.forward.uniform_labels(classes)),
        terms=jg.losses.hinge.terms(),
        optimizers={"g": adam(1), "d": adam(cfg.discriminator_steps)},
        updates=(critic,) * cfg.discriminator_steps + (jg.G,),
        reparametrize={"d": jg.spectral_norm()} if cfg.spectral_norm else {},
    )


MIYATO = "FID (Inception, 5000 samples and 10 000 images)"
SCORE = "Inception score (10 times 5000 samples)"
MIMICRY = "FID (Inception, 50 000 samples and 50 000 training images; 100 000 steps)"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=50_000,
    fixed_budget=True,
    batch_size=64,
    smoke=dict(generator_width=4, discriminator_width=4, latent=8, discriminator_steps=2),
    ablations={
        "joined labels": dict(labels="joined"),
        "no spectral normalization": dict(spectral_norm=False),
    },
    published=(
        jg.Published(
            MIYATO,
            "17.5",
            "as quoted by mimicry and StudioGAN (second hand)",
        ),
        jg.Published(
            SCORE,
            "8.62",
            "as quoted by StudioGAN (second hand)",
        ),
        jg.Published(
            MIMICRY,
            "10.84 ± 0.03",
            "mimicry, README: last checkpoint",
        ),
    ),
    reproductions=(
        jg.Reproduction(MIYATO, jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_5K_TEST),
        jg.Reproduction(SCORE, jg.numbers.INCEPTION_SCORE, evaluate=jg.numbers.INCEPTION_50K),
        jg.Reproduction(
            MIMICRY,
            jg.numbers.FRECHET,
            flags=dict(steps=100_000),
            evaluate=jg.numbers.INCEPTION_50K,
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
