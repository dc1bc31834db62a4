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
- The running moments of every norm keep 0.999 of the old ones; in the authors' code those of the
  last norm keep 0.9999.
- Against StudioGAN: Glorot instead of orthogonal weights, Adam's epsilon of 1e-8 instead of 1e-6,
  and plain tables instead of normalized ones in the conditional norms. Its singular vectors move
  in every pass, those of the generator in the discriminator's updates too.
- The singular vectors move once per update (the generator's in both players' updates, as in the
  authors' code), and real and fake images see the same weights.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import sagan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    attention: bool = True
    """Self-attention, on feature maps of 16 pixels."""
    generator_spectral_norm: bool = True
    """Spectral normalization of the generator too."""
    discriminator_steps: int = 1
    """Discriminator updates per generator update."""
    latent: int = 128
    """Latent size, standard normal."""
    generator_width: int = 256
    """Feature maps of every generator layer."""
    discriminator_width: int = 128
    """Feature maps of every discriminator layer."""
    generator_rate: jg.NonNegative = 1e-4
    """Adam's learning rate of the generator."""
    discriminator_rate: jg.NonNegative = 4e-4
    """Adam's learning rate of the discriminator."""
    beta1: jg.Fraction = 0.0
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay, both players."""
    norm_momentum: jg.Fraction = 0.999
    """Share of the generator's running moments that an update keeps."""
    norm_epsilon: jg.NonNegative = 1e-5
    """Added to the variance in the generator's batch normalizations."""
    stats_in_every_update: bool = True
    """The discriminator's updates move the generator's running moments and singular vectors too."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The paper's game: hinge loss, projection, conditional batch normalization, two rates."""
    resolution, _, channels = task.shape
    classes = task.classes or 1
    rates = {"g": cfg.generator_rate, "d": cfg.discriminator_rate}
    options = dict(classes=classes, dtype=task.dtype, **({} if cfg.attention else {"attention": 0}))
    norms = dict(momentum=cfg.norm_momentum, epsilon=cfg.norm_epsilon)
    critic = jg.Phase("d", moves_stats=("d", "g") if cfg.stats_in_every_update else None)
    normalized = ("g", "d") if cfg.generator_spectral_norm else ("d",)
    return jg.Gan(
        generator=sagan.generator(
            resolution, cfg.generator_width, channels=channels, **norms, **options
        ),
        discriminator=sagan.discriminator(resolution, cfg.discriminator_width, **options),
        forward=jg.forward.conditional(jg.normal(cfg.latent), jg.forward.uniform_labels(classes)),
        terms=jg.losses.hinge.terms(),
        optimizers={
            who: optax.adam(rate, b1=cfg.beta1, b2=cfg.beta2) for who, rate in rates.items()
        },
        updates=(critic,) * cfg.discriminator_steps + (jg.G,),
        reparametrize=dict.fromkeys(normalized, jg.spectral_norm()),
    )


FID = (
    "FID, StudioGAN's settings (Inception, 50 000 samples and 50 000 training images; best "
    "checkpoint)"
)
STUDIOGAN = dict(
    generator_rate=2e-4,
    discriminator_rate=2e-4,
    beta1=0.5,
    beta2=0.999,
    discriminator_steps=5,
    norm_momentum=0.9,
    norm_epsilon=1e-4,
    stats_in_every_update=False,
    batch_size=64,
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=100_000,
    batch_size=256,
    flip=True,
    smoke=dict(generator_width=8, discriminator_width=8, latent=8),
    ablations={
        "StudioGAN": STUDIOGAN,
        "no attention": dict(attention=False),
        "discriminator normalized alone": dict(generator_spectral_norm=False),
    },
    published=(
        jg.Published(
            FID,
            "10.35",
            "StudioGAN, CIFAR-10 table; the paper has no CIFAR-10",
        ),
    ),
    reproductions=(
        jg.Reproduction(
            FID,
            jg.numbers.FRECHET,
            flags=STUDIOGAN | jg.numbers.KEEP_BEST,
            evaluate=jg.numbers.BEST_INCEPTION_50K,
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
