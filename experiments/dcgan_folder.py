"""DCGAN on a folder of images, 64 x 64: the networks of the paper.

Paper: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", ICLR 2016, arXiv:1511.06434.
Code of the authors: github.com/Newmu/dcgan_code.

Run:  python experiments/dcgan_folder.py --data folder:PATH
Cost: not measured on a GPU, which the default 50 000 steps need; --width 16 tries it out
      on a CPU.

Images of any size are cropped to a square in the middle and resized to 64 pixels
(--resolution 32 or 128 also fit the networks); subfolders are classes, which DCGAN
ignores.

Differs from the paper:
- Data: yours. The paper trains on LSUN bedrooms, on faces and on ImageNet.
- One step is a discriminator and then a generator update; the authors' code alternates
  too, beginning with the generator.
- No weight decay (the authors' code has 1e-5, the paper none).
- For 5 x 5 convolutions of stride 2 the authors' code pads an image by 2 pixels on every side,
  of which the last row and column go unused; ours (SAME) pads by 1 before and 2 after it.
- Its batch normalization adds 1e-8 to the variance, ours 1e-5; it samples with the moments of the
  batch, we with running ones.
- Its Adam has our epsilon, 1e-8, but lets the first decay fade, by less than a thousandth in all.
- Samples come from an average of the generator's weights (--ema-decay 0 for the last ones).
"""

import dataclasses

import optax

from jaxgan import ema, forward, losses
from jaxgan.cli.experiment import main
from jaxgan.experiment import Experiment, Task
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
    data="folder:images",
    shape=(64, 64, 3),
    classes=None,
    steps=50_000,
    batch_size=128,
    resolution=64,
    smoke={"width": 4, "latent": 8},
)

if __name__ == "__main__":
    main(EXPERIMENT)
