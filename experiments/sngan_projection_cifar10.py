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
- They add uniform noise of one 128th to real images (dequantisation); here there is none.
"""

import dataclasses
from typing import Literal

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.network import Reparametrization
from jaxgan.nets import resnet
from jaxgan.nn import spectral
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    labels: Literal["projected", "joined"] = "projected"
    """What the discriminator does with labels: project, or join an embedding to its features."""
    normalised: bool = True
    """Spectral normalisation of the discriminator."""
    discriminator_steps: int = 5
    """Updates of the discriminator for each of the generator."""
    latent: int = 128
    """Size of the latent, standard normal."""
    generator_width: int = 256
    """Feature maps of every layer of the generator."""
    discriminator_width: int = 128
    """Feature maps of every layer of the discriminator."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players; it falls linearly to 0."""
    beta1: float = 0.0
    """Adam's first decay, of both players."""
    beta2: float = 0.9
    """Adam's second decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task, steps: int) -> Gan:
    """SNGAN's ResNets with conditional batch normalisation and a projection."""
    resolution, _, channels = data.shape
    classes = data.classes or 1
    prior = forward.normal(cfg.latent)
    weights = Reparametrization(spectral.vectors, spectral.normalise, spectral.COLLECTION)

    def adam(updates: int) -> optax.GradientTransformation:
        rate = optax.linear_schedule(cfg.learning_rate, 0.0, steps * updates)
        return optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2)

    return Gan(
        networks={
            "g": resnet.sngan_generator(
                resolution,
                cfg.generator_width,
                channels=channels,
                classes=classes,
                dtype=cfg.dtype,
            ),
            "d": resnet.sngan_discriminator(
                resolution,
                cfg.discriminator_width,
                classes=classes,
                embedding=cfg.discriminator_width if cfg.labels == "joined" else 0,
                dtype=cfg.dtype,
            ),
        },
        play=forward.conditional(prior, forward.uniform_labels(classes)),
        prior=prior,
        terms={
            "g": {"adversarial": losses.hinge_generator},
            "d": {"adversarial": losses.hinge_discriminator},
        },
        optimizers={"g": adam(1), "d": adam(cfg.discriminator_steps)},
        updates=(D,) * cfg.discriminator_steps + (G,),
        weights={"d": weights} if cfg.normalised else {},
        ema=ema.constant(cfg.ema_decay),
        sample=forward.generate_labelled,
        conditional=True,
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="cifar10",
    shape=(32, 32, 3),
    classes=10,
    steps=50_000,
    batch_size=64,
    smoke={
        "generator_width": 4,
        "discriminator_width": 4,
        "latent": 8,
        "discriminator_steps": 2,
    },
    ablations={
        "joined labels": {"labels": "joined"},
        "no spectral normalisation": {"normalised": False},
    },
    published=(
        Published(
            "FID (Inception, 5000 samples and 10 000 images)",
            "17.5",
            "as quoted by mimicry and StudioGAN (second hand)",
        ),
        Published(
            "Inception score (Inception, 10 times 5000 samples)",
            "8.62",
            "as quoted by StudioGAN (second hand)",
        ),
        Published(
            "FID (Inception, 50 000 samples and 50 000 training images; 100 000 steps)",
            "10.84 ± 0.03",
            "mimicry, README: last checkpoint; the paper's own is above, under another protocol",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
