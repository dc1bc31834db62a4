"""DCGAN on CIFAR-10, 32 x 32.

Paper: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", ICLR 2016, arXiv:1511.06434.
Code of the authors: github.com/Newmu/dcgan_code.

Run:  python experiments/dcgan_cifar10.py
Cost: not measured on a GPU, which the default 39 000 steps (100 epochs) need.

Differs from the paper:
- Data: the paper generates LSUN, faces and ImageNet at 32 and 64 pixels; on CIFAR-10 it
  only classifies with ImageNet features. Networks are its 64-pixel ones (first map 4 x 4,
  5 x 5 kernels, 128 feature maps at the image) with one doubling less.
- One step is a discriminator and then a generator update; the authors' code alternates
  too, beginning with the generator.
- No weight decay (the authors' code has 1e-5, the paper none).
- Samples come from an average of the generator's weights (--ema-decay 0 for the last ones).
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Published, Task
from jaxgan.game.gan import Gan
from jaxgan.nets import dcgan
from jaxgan.types import Dtype


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's knobs."""

    latent: int = 100
    """Size of the latent, uniform in [-1, 1]."""
    width: int = 128
    """Feature maps of the discriminator's first layer and the generator's last."""
    kernel: int = 5
    """Side of every convolution kernel."""
    learning_rate: float = 2e-4
    """Adam's learning rate, of both players."""
    beta1: float = 0.5
    """Adam's first decay, of both players."""
    ema_decay: float = 0.999
    """Decay per step of the averaged generator."""
    dtype: Dtype = "float32"
    """Dtype of the activations."""


def build(cfg: Config, data: Task) -> Gan:
    """DCGAN for square images of ``data.shape``."""
    resolution, channels = dcgan.square(data.shape)
    prior = forward.uniform(cfg.latent)
    return Gan(
        networks={
            "g": dcgan.Generator(resolution, channels, cfg.width, cfg.kernel, cfg.dtype),
            "d": dcgan.Discriminator(cfg.width, cfg.kernel, dtype=cfg.dtype),
        },
        play=forward.unconditional(prior),
        prior=prior,
        terms={
            "g": {"adversarial": losses.nonsaturating_generator},
            "d": {"adversarial": losses.nonsaturating_discriminator},
        },
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
        ema=ema.constant(cfg.ema_decay),
    )


EXPERIMENT = Experiment(
    config=Config,
    build=build,
    data="cifar10",
    shape=(32, 32, 3),
    classes=10,
    steps=39_000,
    batch_size=128,
    smoke={"width": 4, "latent": 8},
    published=tuple(
        Published(
            "FID (Inception, 50 000 samples and 50 000 training images; other settings)",
            value,
            f"{source}; the paper trains on CIFAR-10 for features only",
        )
        for value, source in (
            ("48.29", "StudioGAN, CIFAR-10 table: best checkpoint"),
            ("42.72", "pytorch-gan-collections, README"),
        )
    ),
)

if __name__ == "__main__":
    main(EXPERIMENT)
