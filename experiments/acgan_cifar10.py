"""AC-GAN on CIFAR-10, 32 x 32: the discriminator names the class.

Paper: Odena, Olah & Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs",
ICML 2017, arXiv:1610.09585.
Code with the settings: github.com/POSTECH-CVLab/PyTorch-StudioGAN
(configs/CIFAR10/ACGAN-Mod.yaml and the defaults of config.py).

Run:  python experiments/acgan_cifar10.py
Cost: not measured on a GPU, which the default 100 000 steps (of 5 discriminator updates) need.

Differs from the paper:
- Networks, hinge loss and Adam are StudioGAN's; the ablation "logistic" has the paper's loss
  and one discriminator update.
- StudioGAN's networks are ResNets of these widths with batch normalization in the discriminator
  too (here none), a bias of the logit (here none) and orthogonal weights (here Glorot's).
- Its batch normalizations add 1e-4 to the variance; here, as in SNGAN, it is 2e-5.
- Its discriminator does not classify samples (--fake-share 0); the paper's and this file's do.
  Adam's epsilon is StudioGAN's 1e-6.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import resnet
from jaxgan.nn.heads import Auxiliary

LOSSES = {"hinge": jg.losses.hinge, "logistic": jg.losses.nonsaturating}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    loss: Literal["hinge", "logistic"] = "hinge"
    """How real and fake are told apart."""
    auxiliary: jg.NonNegative = 1.0
    """Weight of the class loss, both players."""
    fake_share: float = 1.0
    """Share of the samples' class loss in the discriminator's; 0 leaves real images only."""
    discriminator_steps: int = 5
    """Discriminator updates per generator update."""
    latent: int = 128
    """Latent size, standard normal."""
    generator_width: int = 256
    """Feature maps of every generator layer."""
    discriminator_width: int = 128
    """Feature maps of every discriminator layer."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    beta2: jg.Fraction = 0.999
    """Adam's second decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """SNGAN's ResNets, conditional batch normalization, and two heads."""
    resolution, _, channels = task.shape
    classes = task.classes or 1
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2, eps=1e-6)
    names = jg.losses.auxiliary_classifier
    # The discriminator's class loss has a real and a fake part; this subtracts from the fake part.
    fewer_fakes = jg.scale(cfg.auxiliary * (cfg.fake_share - 1.0), names.generator)
    return jg.Gan(
        generator=resnet.sngan_generator(
            resolution, cfg.generator_width, channels=channels, classes=classes, dtype=task.dtype
        ),
        discriminator=resnet.sngan_discriminator(
            resolution,
            cfg.discriminator_width,
            classes=classes,
            head=Auxiliary,
            dtype=task.dtype,
        ),
        forward=jg.forward.auxiliary_classifier(
            jg.normal(cfg.latent), jg.forward.uniform_labels(classes)
        ),
        terms=LOSSES[cfg.loss].terms(
            generator={"auxiliary": jg.scale(cfg.auxiliary, names.generator)},
            discriminator={
                "auxiliary": jg.scale(cfg.auxiliary, names.discriminator),
                "fake_classes": fewer_fakes,
            },
        ),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D,) * cfg.discriminator_steps + (jg.G,),
    )


FID = "FID (Inception, 50 000 samples and 50 000 training images; best checkpoint)"

EXPERIMENT = jg.Experiment(
    Config,
    build,
    data=jg.datasets.CIFAR10,
    steps=100_000,
    batch_size=64,
    flip=True,
    smoke=dict(generator_width=4, discriminator_width=4, latent=8, discriminator_steps=2),
    ablations={
        "logistic": dict(loss="logistic", discriminator_steps=1),
        "StudioGAN's class loss": dict(fake_share=0.0),
    },
    published=(
        jg.Published(
            FID,
            "33.39",
            "StudioGAN, CIFAR-10 table, ACGAN-Mod; the paper has no FID",
        ),
        jg.Published(
            "Inception score (5 times 5000 samples of the best of 27 settings; other networks)",
            "8.25 ± 0.07",
            "section 4.4 (comparison to previous results)",
        ),
    ),
    reproductions=(
        jg.Reproduction(
            FID,
            jg.numbers.FRECHET,
            flags=jg.numbers.KEEP_BEST,
            evaluate=jg.numbers.BEST_INCEPTION_50K,
        ),
    ),
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
