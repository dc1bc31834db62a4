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
- They add uniform noise of one 128th to real images (dequantisation); here there is none.
"""

import dataclasses

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
    """The ResNets of the paper's table 4 under the hinge loss."""
    resolution, _, channels = data.shape
    prior = forward.normal(cfg.latent)
    weights = Reparametrization(spectral.vectors, spectral.normalise, spectral.COLLECTION)

    def adam(updates: int) -> optax.GradientTransformation:
        rate = optax.linear_schedule(cfg.learning_rate, 0.0, steps * updates)
        return optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2)

    return Gan(
        networks={
            "g": resnet.sngan_generator(
                resolution, cfg.generator_width, channels=channels, dtype=cfg.dtype
            ),
            "d": resnet.sngan_discriminator(resolution, cfg.discriminator_width, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.hinge_generator},
            "d": {"adversarial": losses.hinge_discriminator},
        },
        optimizers={"g": adam(1), "d": adam(cfg.discriminator_steps)},
        updates=(D,) * cfg.discriminator_steps + (G,),
        weights={"d": weights} if cfg.normalised else {},
        ema=ema.constant(cfg.ema_decay),
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
    ablations={"no spectral normalisation": {"normalised": False}},
    published=(
        Published(
            "FID (Inception, 5000 samples and 10 000 images; ± deviation over trained models)",
            "21.7 ± 0.21",
            "table 2",
        ),
        Published(
            "Inception score (Inception, 10 times 5000 samples; ± deviation over trained models)",
            "8.22 ± 0.05",
            "table 2",
        ),
        Published(
            "FID (Inception, 50 000 samples and 50 000 training images; 100 000 steps)",
            "16.77 ± 0.04",
            "mimicry, README: last checkpoint; the paper's own is above, under another protocol",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
