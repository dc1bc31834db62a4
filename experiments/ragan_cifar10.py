"""Relativistic GANs on CIFAR-10, 32 x 32.

Paper: Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from standard
GAN", ICLR 2019, arXiv:1807.00734.
Code of the author: github.com/AlexiaJM/RelativisticGAN (stable.sh, GAN_losses_iter.py).

Run:  python experiments/ragan_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps need.

Differs from the paper:
- Networks are SNDCGAN's as Kurach et al. have them; the author's discriminator has half the
  features in every second layer, no normalization follows her generator's dense layer, her gains
  of normalization start with a deviation of 0.02, and her dense layers as PyTorch's do.
- Her script stable.sh has --image_size 5 and 6 where the losses with a gradient penalty are first
  run, so what is printed for those may be of other images.
- The singular vectors move once per update, and real and fake images see the same weights.
- She draws each batch anew from all images; here an epoch sees every image once.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import sndcgan


def halved(loss: jg.losses.Loss) -> jg.losses.Loss:
    """The author's code halves the losses against averages, but not the gradient penalty."""
    return loss.map(lambda term: jg.scale(0.5, term))


GAMES = {
    "sgan": jg.losses.nonsaturating,
    "rsgan": jg.losses.relativistic,
    "rasgan": halved(jg.losses.average_relativistic),
    "lsgan": jg.losses.least_squares(),
    "ralsgan": halved(jg.losses.average_least_squares),
    "hinge": jg.losses.hinge,
    "rahinge": halved(jg.losses.average_hinge),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    game: Literal["sgan", "rsgan", "rasgan", "lsgan", "ralsgan", "hinge", "rahinge"] = "rasgan"
    """Whether real and fake are told apart alone, in pairs (rs) or against averages (ra)."""
    spectral_norm: bool = True
    """Spectral normalization of the discriminator."""
    gradient_penalty: bool = False
    """WGAN-GP's gradient penalty (RSGAN-GP, RaSGAN-GP)."""
    penalty: jg.NonNegative = 10.0
    """Weight of the gradient penalty."""
    discriminator_steps: int = 1
    """Discriminator updates per generator update."""
    latent: int = 128
    """Latent size, standard normal."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.999
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """One network pair under every game; the generator compares with a fresh real batch."""
    resolution, _, channels = task.shape
    penalty = {"penalty": jg.scale(cfg.penalty, jg.penalties.gradient_penalty)}
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    # Her last layer, which is dense, is not normalized.
    normalized = jg.spectral_norm(where=lambda path: "head" not in path)
    # Her generator is in training mode there too, and its running moments move.
    critic = jg.Phase("d", moves_stats=("d", "g"))
    return jg.Gan(
        generator=sndcgan.Generator(
            resolution, channels, cfg.width, epsilon=1e-5, dtype=task.dtype
        ),
        discriminator=sndcgan.Discriminator(cfg.width, dtype=task.dtype),
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=GAMES[cfg.game].terms(discriminator=penalty if cfg.gradient_penalty else None),
        optimizers={"g": adam, "d": adam},
        updates=(critic,) * cfg.discriminator_steps + (jg.Phase("g"),),
        reparametrize={"d": normalized} if cfg.spectral_norm else {},
        threshold=None,
    )


FID = "FID, {} (Inception, 50 000 samples and 50 000 training images; last checkpoint, one seed)"
TABLE = "Table 2, as two third parties quote it alike (second hand)"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=100_000,
    batch_size=32,
    smoke=dict(width=4, latent=8),
    ablations={
        **{game: dict(game=game) for game in GAMES if game != "rasgan"},
        "rsgan, gradient penalty": dict(game="rsgan", gradient_penalty=True),
        "rasgan, gradient penalty": dict(gradient_penalty=True),
        "WGAN-GP's Adam": dict(learning_rate=1e-4, beta2=0.9, discriminator_steps=5),
    },
    published=(
        jg.Published(FID.format("rsgan"), "36.61", TABLE),
        jg.Published(FID.format("rasgan"), "31.98", TABLE),
        jg.Published(FID.format("rsgan, gradient penalty"), "25.60", TABLE),
        jg.Published(FID.format("rasgan, gradient penalty"), "331.86", TABLE),
    ),
    reproductions=(
        jg.Reproduction(
            FID.format("rsgan"),
            jg.numbers.FRECHET,
            flags=dict(game="rsgan"),
            evaluate=jg.numbers.INCEPTION_50K,
        ),
        jg.Reproduction(
            FID.format("rasgan"), jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_50K
        ),
        jg.Reproduction(
            FID.format("rsgan, gradient penalty"),
            jg.numbers.FRECHET,
            flags=dict(game="rsgan", gradient_penalty=True),
            evaluate=jg.numbers.INCEPTION_50K,
        ),
        jg.Reproduction(
            FID.format("rasgan, gradient penalty"),
            jg.numbers.FRECHET,
            flags=dict(gradient_penalty=True),
            evaluate=jg.numbers.INCEPTION_50K,
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
