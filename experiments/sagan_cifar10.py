"""SAGAN on CIFAR-10, 32 x 32: self-attention in both players.

Paper: Zhang, Goodfellow, Metaxas & Odena, "Self-Attention Generative Adversarial Networks",
ICML 2019, arXiv:1805.08318.
Code of the authors: github.com/brain-research/self-attention-gan; the ablation "StudioGAN" has
the settings of github.com/POSTECH-CVLab/PyTorch-StudioGAN (configs/CIFAR10/SAGAN.yaml).

Run:  python experiments/sagan_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps need.

Differs from the paper:
- The paper has ImageNet at 128 pixels for a million steps; here its optimizer, and the batch of
  its code, on SNGAN's networks of 32 pixels, attending at 16. No number of its own is for
  CIFAR-10.
- Adam's second decay is the paper's 0.9; the authors' code leaves TensorFlow's 0.999.
- Against StudioGAN: Glorot instead of orthogonal weights, Adam's epsilon of 1e-8 instead of 1e-6,
  and plain tables instead of normalised ones in the conditional norms.
- The singular vectors move once per update, and real and fake images see the same weights.
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.network import Reparametrization
from jaxgan.nets import sagan
from jaxgan.nn import spectral
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    attention: bool = True
    """Self-attention, on feature maps of 16 pixels."""
    generator_normalised: bool = True
    """Spectral normalisation of the generator too."""
    discriminator_steps: int = 1
    """Updates of the discriminator for each of the generator."""
    latent: int = 128
    """Size of the latent, standard normal."""
    generator_width: int = 256
    """Feature maps of every layer of the generator."""
    discriminator_width: int = 128
    """Feature maps of every layer of the discriminator."""
    generator_rate: float = 1e-4
    """Adam's learning rate of the generator."""
    discriminator_rate: float = 4e-4
    """Adam's learning rate of the discriminator."""
    beta1: float = 0.0
    """Adam's first decay, of both players."""
    beta2: float = 0.9
    """Adam's second decay, of both players."""
    ema_decay: float = 0.0
    """Decay per step of the averaged generator; 0, as in the paper, keeps the last one."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """The paper's game: hinge loss, projection, conditional batch normalisation, two rates."""
    resolution, _, channels = data.shape
    classes = data.classes or 1
    prior = forward.normal(cfg.latent)
    weights = Reparametrization(spectral.vectors, spectral.normalise, spectral.COLLECTION)
    rates = {"g": cfg.generator_rate, "d": cfg.discriminator_rate}
    options = {"classes": classes, "dtype": cfg.dtype}
    if not cfg.attention:
        options["attention"] = 0
    return Gan(
        networks={
            "g": sagan.generator(resolution, cfg.generator_width, channels=channels, **options),
            "d": sagan.discriminator(resolution, cfg.discriminator_width, **options),
        },
        play=forward.conditional(prior, forward.uniform_labels(classes)),
        prior=prior,
        terms={
            "g": {"adversarial": losses.hinge_generator},
            "d": {"adversarial": losses.hinge_discriminator},
        },
        optimizers={
            who: optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2) for who, rate in rates.items()
        },
        updates=(D,) * cfg.discriminator_steps + (G,),
        weights={"g": weights, "d": weights} if cfg.generator_normalised else {"d": weights},
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
    steps=100_000,
    batch_size=256,
    flip=True,
    smoke={"generator_width": 8, "discriminator_width": 8, "latent": 8},
    ablations={
        "StudioGAN": {
            "generator_rate": 2e-4,
            "discriminator_rate": 2e-4,
            "beta1": 0.5,
            "beta2": 0.999,
            "discriminator_steps": 5,
            "batch_size": 64,
        },
        "no attention": {"attention": False},
        "discriminator normalised alone": {"generator_normalised": False},
    },
    published=(
        Published(
            "FID, StudioGAN's settings (Inception, 50 000 samples and 50 000 training "
            "images; best checkpoint)",
            "10.35",
            "StudioGAN, CIFAR-10 table; the paper has no CIFAR-10",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
