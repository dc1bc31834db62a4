"""SNGAN on CIFAR-10, 32 x 32, without labels, with ResNets.

Paper: Miyato, Kataoka, Koyama & Yoshida, "Spectral Normalization for Generative Adversarial
Networks", ICLR 2018, arXiv:1802.05957.
Code of the authors: github.com/pfnet-research/sngan_projection
(configs/sn_cifar10_unconditional.yml, updater.py).

Run:  python experiments/sngan_cifar10.py
Cost: not measured on a GPU, which the default 50 000 steps (of 5 discriminator updates) need.

Differs from the paper:
- The paper counts 100 000 generator updates and speaks of no decay on CIFAR-10; the authors' code
  has 50 000 with a rate that falls linearly to 0, as here.
- The authors' generator moves on 128 samples, twice the discriminator's batch; here on 64.
- Their step begins with the generator, ours ends with it.
- Their singular vectors move in every pass of the discriminator, so real and fake images see
  slightly different weights; here once per update, and both see the same.
- They scale real images to x/128 - 1 and add uniform noise from 0 to 1/128 (dequantization); here
  they are x/127.5 - 1, without noise.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import resnet


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

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
    """The ResNets of the paper's table 4 under the hinge loss."""
    resolution, _, channels = task.shape
    # Their generator is in training mode there too, and its running moments move.
    critic = jg.Phase("d", moves_stats=("d", "g"))

    def adam(updates: int) -> optax.GradientTransformation:
        rate = optax.linear_schedule(cfg.learning_rate, 0.0, task.steps * updates)
        return optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2)

    return jg.Gan(
        generator=resnet.sngan_generator(
            resolution, cfg.generator_width, channels=channels, dtype=task.dtype
        ),
        discriminator=resnet.sngan_discriminator(
            resolution, cfg.discriminator_width, dtype=task.dtype
        ),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=jg.losses.hinge.terms(),
        optimizers={"g": adam(1), "d": adam(cfg.discriminator_steps)},
        updates=(critic,) * cfg.discriminator_steps + (jg.G,),
        reparametrize={"d": jg.spectral_norm()} if cfg.spectral_norm else {},
    )


MIYATO = "FID (Inception, 5000 samples and 10 000 images; ± deviation over trained models)"
SCORE = "Inception score (10 times 5000 samples; ± deviation over trained models)"
MIMICRY = "FID (Inception, 50 000 samples and 50 000 training images; 100 000 steps)"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=50_000,
    fixed_budget=True,
    batch_size=64,
    smoke=dict(generator_width=4, discriminator_width=4, latent=8, discriminator_steps=2),
    ablations={"no spectral normalization": dict(spectral_norm=False)},
    published=(
        jg.Published(
            MIYATO,
            "21.7 ± 0.21",
            "Table 2",
        ),
        jg.Published(
            SCORE,
            "8.22 ± 0.05",
            "Table 2",
        ),
        jg.Published(
            MIMICRY,
            "16.77 ± 0.04",
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
