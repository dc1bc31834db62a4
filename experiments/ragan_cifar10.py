"""Relativistic GANs on CIFAR-10, 32 x 32.

Paper: Jolicoeur-Martineau, "The relativistic discriminator: a key element missing from standard
GAN", ICLR 2019, arXiv:1807.00734.
Code of the author: github.com/AlexiaJM/RelativisticGAN (stable.sh, GAN_losses_iter.py).

Run:  python experiments/ragan_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps need.

Differs from the paper:
- Networks are SNDCGAN's as Kurach et al. have them; the author's discriminator has half the
  features in every second layer, no normalisation follows her generator's dense layer, her gains
  of normalisation start with a deviation of 0.02, and her dense layers as PyTorch's do.
- Her script stable.sh has --image_size 5 and 6 where the losses with a gradient penalty are first
  run, so what is printed for those may be of other images.
- The singular vectors move once per update, and real and fake images see the same weights.
- She draws each batch anew from all images; here an epoch sees every image once.
"""

import dataclasses
from functools import partial
from typing import Literal

import optax

from jaxgan import averaging, losses, penalties, plays
from jaxgan.experiment import Data, Experiment, Result
from jaxgan.game import Gan, Phase, Weights
from jaxgan.launch import main
from jaxgan.nets import sndcgan
from jaxgan.nn import spectral
from jaxgan.terms import Term, scale
from jaxgan.types import Dtype


def halved(*players: Term) -> tuple[Term, ...]:
    """The author's code halves the losses against averages, but not the gradient penalty."""
    return tuple(scale(0.5, term) for term in players)


GAMES = {
    "sgan": (losses.nonsaturating_generator, losses.nonsaturating_discriminator),
    "rsgan": (losses.relativistic_generator, losses.relativistic_discriminator),
    "rasgan": halved(
        losses.average_relativistic_generator, losses.average_relativistic_discriminator
    ),
    "lsgan": (losses.least_squares_generator(), losses.least_squares_discriminator()),
    "ralsgan": halved(
        losses.average_least_squares_generator, losses.average_least_squares_discriminator
    ),
    "hinge": (losses.hinge_generator, losses.hinge_discriminator),
    "rahinge": halved(losses.average_hinge_generator, losses.average_hinge_discriminator),
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    game: Literal["sgan", "rsgan", "rasgan", "lsgan", "ralsgan", "hinge", "rahinge"] = "rasgan"
    """Whether real and fake are told apart alone, in pairs (rs) or against averages (ra)."""
    normalised: bool = True
    """Spectral normalisation of the discriminator."""
    penalised: bool = False
    """WGAN-GP's gradient penalty (RSGAN-GP, RaSGAN-GP)."""
    penalty: float = 10.0
    """Weight of the gradient penalty."""
    discriminator_steps: int = 1
    """Updates of the discriminator for each of the generator."""
    latent: int = 128
    """Size of the latent, standard normal."""
    width: int = 64
    """Feature maps of the discriminator's first layer and of the generator's last but one."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    beta2: float = 0.999
    """Adam's second decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Data) -> Gan:
    """One network pair under every game; the generator compares with a fresh real batch."""
    resolution, _, channels = data.shape
    prior = plays.normal(cfg.latent)
    generator, discriminator = GAMES[cfg.game]
    # Her last layer, which is dense, is not normalised.
    vectors = partial(spectral.vectors, where=lambda path: "head" not in path)
    weights = Weights(vectors, spectral.normalise, spectral.COLLECTION)
    slope = {"penalty": scale(cfg.penalty, penalties.gradient_penalty)}
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    # Her generator is in training mode there too, and its running moments move.
    critic = Phase("d", moves_stats=("d", "g"))
    return Gan(
        networks={
            "g": sndcgan.Generator(resolution, channels, cfg.width, epsilon=1e-5, dtype=cfg.dtype),
            "d": sndcgan.Discriminator(cfg.width, dtype=cfg.dtype),
        },
        play=plays.noise(prior),
        prior=prior,
        terms={
            "g": {"adversarial": generator},
            "d": {"adversarial": discriminator} | (slope if cfg.penalised else {}),
        },
        optimizers={"g": adam, "d": adam},
        updates=(critic,) * cfg.discriminator_steps + (Phase("g"),),
        weights={"d": weights} if cfg.normalised else {},
        ema=averaging.constant(cfg.ema_decay),
        threshold=None,
    )


PROTOCOL = "Inception, 50 000 samples and 50 000 training images; last checkpoint, one seed"
TABLE = "Table 2, as two third parties quote it alike (second hand)"

EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="cifar10",
    shape=(32, 32, 3),
    classes=10,
    steps=100_000,
    batch_size=32,
    smoke={"width": 4, "latent": 8},
    ablations={
        **{game: {"game": game} for game in GAMES if game != "rasgan"},
        "rsgan, gradient penalty": {"game": "rsgan", "penalised": True},
        "rasgan, gradient penalty": {"penalised": True},
        "WGAN-GP's Adam": {"learning_rate": 1e-4, "beta2": 0.9, "discriminator_steps": 5},
    },
    results=(
        Result("FID, rsgan", PROTOCOL, "36.61", TABLE),
        Result("FID, rasgan", PROTOCOL, "31.98", TABLE),
        Result("FID, rsgan, gradient penalty", PROTOCOL, "25.60", TABLE),
        Result("FID, rasgan, gradient penalty", PROTOCOL, "331.86", TABLE),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
