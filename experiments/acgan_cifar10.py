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
- StudioGAN's are ResNets of these widths with batch normalisation in the discriminator too
  (here none), a bias of the logit (here none) and orthogonal weights (here Glorot's).
- Its Adam adds 1e-6 under the quotient, here too; its discriminator does not classify samples
  (--fake-share 0), that of the paper and this file does.
"""

import dataclasses
from typing import Literal

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import D, G, Gan
from jaxgan.game.terms import scale
from jaxgan.nets import resnet
from jaxgan.nn.heads import Auxiliary
from jaxgan.types import Dtype

LOSSES = {
    "hinge": {"g": losses.hinge_generator, "d": losses.hinge_discriminator},
    "logistic": {"g": losses.nonsaturating_generator, "d": losses.nonsaturating_discriminator},
}


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    loss: Literal["hinge", "logistic"] = "hinge"
    """How real and fake are told apart."""
    auxiliary: float = 1.0
    """Weight of the class loss, of both players."""
    fake_share: float = 1.0
    """Share of the samples' class loss in the discriminator's; 0 leaves real images only."""
    discriminator_steps: int = 5
    """Updates of the discriminator for each of the generator."""
    latent: int = 128
    """Size of the latent, standard normal."""
    generator_width: int = 256
    """Feature maps of every layer of the generator."""
    discriminator_width: int = 128
    """Feature maps of every layer of the discriminator."""
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
    """SNGAN's ResNets, conditional batch normalisation, and two heads."""
    resolution, _, channels = data.shape
    classes = data.classes or 1
    prior = forward.normal(cfg.latent)
    adam = optax.adam(cfg.learning_rate, b1=cfg.beta1, b2=cfg.beta2, eps=1e-6)
    adversarial = LOSSES[cfg.loss]
    # The discriminator's class loss has a real and a fake part; this takes fakes off again.
    fewer_fakes = scale(cfg.auxiliary * (cfg.fake_share - 1.0), losses.auxiliary_generator)
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
                head=Auxiliary,
                dtype=cfg.dtype,
            ),
        },
        play=forward.auxiliary_classifier(prior, forward.uniform_labels(classes)),
        prior=prior,
        terms={
            "g": {
                "adversarial": adversarial["g"],
                "auxiliary": scale(cfg.auxiliary, losses.auxiliary_generator),
            },
            "d": {
                "adversarial": adversarial["d"],
                "auxiliary": scale(cfg.auxiliary, losses.auxiliary_discriminator),
                "fake_classes": fewer_fakes,
            },
        },
        optimizers={"g": adam, "d": adam},
        updates=(D,) * cfg.discriminator_steps + (G,),
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
    batch_size=64,
    flip=True,
    smoke={
        "generator_width": 4,
        "discriminator_width": 4,
        "latent": 8,
        "discriminator_steps": 2,
    },
    ablations={
        "logistic": {"loss": "logistic", "discriminator_steps": 1},
        "StudioGAN's class loss": {"fake_share": 0.0},
    },
    published=(
        Published(
            "FID (Inception, 50 000 samples and 50 000 training images; best checkpoint)",
            "33.39",
            "StudioGAN, CIFAR-10 table, ACGAN-Mod; the paper has no FID",
        ),
        Published(
            "Inception score (Inception, 5 times 5000 samples of the best of 27 settings; "
            "other networks)",
            "8.25 ± 0.07",
            "section 4.4 (comparison to previous results)",
        ),
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
