"""DCGAN: convolutional networks that train, on Fashion-MNIST, CIFAR-10 or a folder of images.

Paper: Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks", ICLR 2016, arXiv:1511.06434.
Code of the authors: github.com/Newmu/dcgan_code.

Run:  python experiments/dcgan.py fashion_mnist
      python experiments/dcgan.py cifar10
      python experiments/dcgan.py folder --data folder:PATH
Cost: about 12 minutes on two CPU cores for Fashion-MNIST (9380 steps, 10 epochs); garments can be
      told apart after 2000. CIFAR-10 (39 000 steps, 100 epochs) and a folder (50 000 steps) need a
      GPU and were not measured; --width 16 tries them out on a CPU.

Images of a folder may have any size: they are cropped to a square in the middle and resized to 64
pixels (--resolution 32 or 128 also fit the networks); subfolders are classes, which DCGAN ignores.

Differs from the paper:
- Data: the paper trains on LSUN bedrooms, on faces and on ImageNet at 32 and 64 pixels, and only
  classifies CIFAR-10. A folder has the networks of the paper, CIFAR-10 the same ones with one
  doubling less. Fashion-MNIST has those of the authors' MNIST code (mnist/train_cond_dcgan.py: 64
  and 128 maps, 5 x 5 kernels) without labels and without the 1024-unit dense layers, which the
  paper's own guidelines remove.
- That MNIST code has a sigmoid output on [0, 1], batch normalization without gain and bias, and a
  learning rate that decays over the last 100 of 200 epochs. Here, as in the paper: tanh on
  [-1, 1], gain and bias (initialized as in the authors' faces code), a constant rate.
- Batch 64 instead of 128 on Fashion-MNIST, for a short budget on CPU.
- One step is a discriminator and then a generator update; the authors' code alternates
  too, beginning with the generator.
- No weight decay (the authors' code has 1e-5 or 2.5e-5, the paper none).
- For 5 x 5 convolutions of stride 2 the authors' code pads an image by 2 pixels on every side,
  of which the last row and column go unused; ours (SAME) pads by 1 before and 2 after it.
- Its batch normalization adds 1e-8 to the variance, ours 1e-5; it samples with the moments of the
  batch, we with running ones.
- Its Adam has our epsilon, 1e-8, but lets the first decay fade, by less than a thousandth in all.
- Samples come from an average of the generator's weights (--ema 0 for the last ones).
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import dcgan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    latent: int = 100
    """Latent size, uniform in [-1, 1]."""
    width: int = 128
    """Feature maps of the discriminator's first layer and the generator's last."""
    kernel: int = 5
    """Side of every convolution kernel."""
    normalization: Literal["batch", "spectral", "none"] = "batch"
    """Of the discriminator: the paper's batch normalization, spectral normalization (Miyato et al.
    2018), or none."""
    gradient_penalty: bool = False
    """Adds R1 (Mescheder et al. 2018) to the discriminator's loss."""
    r1: jg.Weight = 10.0
    """Its weight."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """DCGAN for square images."""
    resolution, channels = dcgan.square(task.shape)
    batch_norm, spectral = cfg.normalization == "batch", cfg.normalization == "spectral"
    penalty = {"r1": jg.scale(cfg.r1, jg.penalties.r1)} if cfg.gradient_penalty else {}
    return jg.Gan(
        generator=dcgan.Generator(resolution, channels, cfg.width, cfg.kernel, task.dtype),
        discriminator=dcgan.Discriminator(
            cfg.width, cfg.kernel, batch_norm=batch_norm, dtype=task.dtype
        ),
        forward=jg.forward.unconditional(jg.uniform(cfg.latent)),
        terms=jg.losses.nonsaturating.terms(discriminator=penalty),
        reparametrize={"d": jg.spectral_norm()} if spectral else {},
        optimizers={who: optax.adam(cfg.learning_rate, b1=cfg.beta1) for who in ("g", "d")},
    )


FID = "FID (Inception, 50 000 samples and 50 000 training images; other settings)"
CIFAR10 = (
    jg.Published(FID, "48.29", "StudioGAN, CIFAR-10 table: best checkpoint"),
    jg.Published(FID, "42.72", "pytorch-gan-collections, README"),
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    ema=0.999,
    smoke=dict(width=4, latent=8),
    ablations={
        "spectral norm": dict(normalization="spectral"),
        "R1": dict(normalization="none", gradient_penalty=True),
        "no normalization": dict(normalization="none"),
    },
    presets={
        "fashion_mnist": dict(data=jg.datasets.FASHION_MNIST, steps=9_380, batch_size=64, width=64),
        "cifar10": dict(
            data=jg.datasets.CIFAR10,
            steps=39_000,
            batch_size=128,
            published=CIFAR10,
            reproductions=(
                jg.Reproduction(FID, jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_50K),
            ),
        ),
        "folder": dict(data=jg.datasets.FOLDER, steps=50_000, batch_size=128, resolution=64),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
