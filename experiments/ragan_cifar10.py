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

from jaxgan import ema, forward, losses, penalties
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, Gan, Phase
from jaxgan.game.network import Reparametrization
from jaxgan.game.terms import Term, scale
from jaxgan.nets import sndcgan
from jaxgan.nn import spectral
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


def build(cfg: Config, data: Task) -> Gan:
    """One network pair under every game; the generator compares with a fresh real batch."""
    resolution, _, channels = data.shape
    prior = forward.normal(cfg.latent)
    generator, discriminator = GAMES[cfg.game]
    # Her last layer, which is dense, is not normalised.
    vectors = partial(spectral.vectors, where=lambda path: "head" not in path)
    weights = Reparametrization(vectors, spectral.normalise, spectral.COLLECTION)
    slope = {"penalty": scale(cfg.penalty, penalties.gradient_penalty)}
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2)
    return Gan(
        networks={
            "g": sndcgan.Generator(resolution, channels, cfg.width, epsilon=1e-5, dtype=cfg.dtype),
            "d": sndcgan.Discriminator(cfg.width, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": generator},
            "d": {"adversarial": discriminator} | (slope if cfg.penalised else {}),
        },
        optimizers={"g": adam, "d": adam},
        updates=(D,) * cfg.discriminator_steps + (Phase("g"),),
        weights={"d": weights} if cfg.normalised else {},
        ema=ema.constant(cfg.ema_decay),
        threshold=None,
    )


PROTOCOL = "(Inception, 50 000 samples and 50 000 training images; last checkpoint, one seed)"
TABLE = "table 2, as two third parties quote it alike (second hand)"

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
    published=(
        Published(f"FID, rsgan {PROTOCOL}", "36.61", TABLE),
        Published(f"FID, rasgan {PROTOCOL}", "31.98", TABLE),
        Published(f"FID, rsgan, gradient penalty {PROTOCOL}", "25.60", TABLE),
        Published(f"FID, rasgan, gradient penalty {PROTOCOL}", "331.86", TABLE),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
