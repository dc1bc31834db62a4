"""Projected GAN: a discriminator that sees pretrained features, mixed at random, at four scales.

Paper: Sauer, Chitta, Müller & Geiger, "Projected GANs Converge Faster", NeurIPS 2021,
arXiv:2111.01007.
Code of the authors: github.com/autonomousvision/projected-gan.

Run:  python experiments/projected_gan.py folder --data folder:DIR
      python experiments/projected_gan.py stylegan2 --data folder:DIR
      python experiments/projected_gan.py fashion_mnist_small
Cost: folder and stylegan2, of the default 156 250 steps of 64 images, need a GPU and were not
      measured.
      fashion_mnist_small, of the default 3000 steps of 16, is for a CPU; not timed on a quiet one.

The features are those of EfficientNet-Lite0, trained on ImageNet, by which jaxgan also scores. Such
scores are marked as leaking; another extractor does not leak in this way:

      jaxgan evaluate runs/projected_gan-folder --extractor dinov2-vits14 --extractor-weights FILE

Differs from the paper:
- Features are mixed across scales by 1 x 1 convolutions, as in the authors' code; the paper says
  3 x 3. They are not normalized as the network's own inputs are, as in that code.
- Of their generators fastgan_lite and stylegan2 are here. Below 128 pixels, where theirs does not
  go, fastgan_lite ends earlier, and has no skip-layer excitation below 64. The average style of
  stylegan2, which --psi goes towards, has another decay.
- Classes are ignored.
- The authors' running average is of parameters, and takes the generator's last batch statistics;
  here statistics are averaged, too.
- fashion_mnist_small has an eighth of the generator's width, a quarter of the discriminators', and
  images resized to 128 pixels.
"""

import dataclasses
from typing import Any, Literal

import flax.linen as nn
import optax

import jaxgan as jg
from jaxgan.metrics.extractors.efficientnet_lite0 import SHA256
from jaxgan.nets import fastgan, projected, stylegan2


@dataclasses.dataclass(frozen=True)
class Config:
    """The authors' hyperparameters."""

    latent: int = 256
    """Size of the latent, standard normal."""
    generator: Literal["fastgan", "stylegan2"] = "fastgan"
    """Whose layers the generator has; with StyleGAN2's, the discriminators are separable."""
    width: int = 128
    """fastgan: feature maps at 128 pixels."""
    base: int = 32_768
    """stylegan2: feature maps times the side of the maps, but at most 512."""
    style: int = 128
    """stylegan2: size of a style, and of the mapping network's two layers."""
    discriminator_width: int = 64
    """Feature maps of the finest scale."""
    side: int = 224
    """Pixels that the discriminator resizes smaller images to, a multiple of 32 from 128 on."""
    projection: int = 0
    """Seed of how features are mixed."""
    augmented: bool = True
    """DiffAugment of all images that the discriminator sees."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta2: jg.Fraction = 0.99
    """Adam's second decay; the first one is 0."""
    half_life: jg.NonNegative = 20_000.0
    """Images after which half of the averaged generator is new."""


def fast(cfg: Config, resolution: int, channels: int, dtype: Any) -> nn.Module:
    """FastGAN's generator, as the authors made it smaller.

    Raises:
      UserError: it makes no such images.
    """
    if resolution not in fastgan.WIDTHS or resolution < 8:
        raise jg.UserError(
            f"The generator makes squares of 8 to 1024 pixels, powers of two; the data have "
            f"{resolution}. Give a --resolution."
        )
    return fastgan.Generator(resolution, channels, cfg.width, dtype)


def styled(cfg: Config, resolution: int, channels: int, dtype: Any) -> nn.Module:
    """StyleGAN2's generator, without the mixing of styles."""
    if cfg.base < 1:
        raise jg.UserError("--base: must be at least 1.")
    widths = stylegan2.widths(resolution, cfg.base)
    return stylegan2.Generator(widths, channels, cfg.style, depth=2, dtype=dtype)


GENERATORS = {"fastgan": fast, "stylegan2": styled}


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The hinge game in projected features."""
    resolution, height, channels = task.shape
    if resolution != height:
        raise jg.UserError(f"These data are {resolution} x {height} pixels; give a --resolution.")
    if cfg.side < 128 or cfg.side % 32:
        raise jg.UserError(f"--side {cfg.side}: must be a multiple of 32 from 128 on.")
    forward = jg.forward.unconditional(jg.normal(cfg.latent))
    if cfg.augmented:
        forward = jg.forward.augmented(jg.augment.diff_augment, forward)
    adam = optax.adam(cfg.learning_rate, b1=0.0, b2=cfg.beta2)
    separable = cfg.generator == "stylegan2"
    normalized = {"d": jg.spectral_norm()}
    return jg.Gan(
        generator=GENERATORS[cfg.generator](cfg, resolution, channels, task.dtype),
        discriminator=projected.Discriminator(
            cfg.side, cfg.discriminator_width, task.dtype, separable
        ),
        forward=forward,
        terms=jg.losses.hinge.terms(),
        optimizers={"g": adam, "d": adam},
        updates=(jg.G, jg.Phase("d", moves_stats=("d", "g"))),
        ema=jg.ema.half_life(cfg.half_life),
        reparametrize=normalized if separable else normalized | {"g": jg.spectral_norm()},
        frozen={"d": {"projection": projected.projection(cfg.projection, cfg.discriminator_width)}},
        learns_through=(SHA256,),
    )


SMOKE = dict(width=2, discriminator_width=2, side=128, latent=4)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    smoke=SMOKE,
    ablations={
        "no DiffAugment": dict(augmented=False),
        "another mixing": dict(projection=1),
    },
    presets={
        "folder": dict(
            data=jg.datasets.DataSpec("folder:images", (256, 256, 3)),
            resolution=256,
            steps=156_250,
            batch_size=64,
            flip=True,
        ),
        "stylegan2": dict(
            data=jg.datasets.DataSpec("folder:images", (256, 256, 3)),
            resolution=256,
            steps=156_250,
            batch_size=64,
            flip=True,
            generator="stylegan2",
            latent=64,
            learning_rate=2e-3,
            smoke=SMOKE | dict(base=16, style=4),
        ),
        "fashion_mnist_small": dict(
            data=dataclasses.replace(jg.datasets.FASHION_MNIST, shape=(32, 32, 1)),
            resolution=32,
            steps=3000,
            batch_size=16,
            width=16,
            discriminator_width=16,
            side=128,
            half_life=5000.0,
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
