"""The roadmap from StyleGAN2 to R3GAN: what each simplification and each modern part brings.

Paper: Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern baseline
GAN", NeurIPS 2024, arXiv:2501.05441, section 3 and table 2.
Code of the authors: github.com/brownvc/R3GAN, of the last configuration only.

Run:  python experiments/r3gan_roadmap.py b --data folder:ffhq
      python experiments/r3gan_roadmap.py c --data folder:ffhq
      python experiments/r3gan_roadmap.py d --data folder:ffhq
      python experiments/r3gan_roadmap.py e --data folder:ffhq
      Between them: c --r2 0 (RpGAN with R1 alone), d --skips (output skips), e --backbone resnext
      (bottlenecks that are not inverted).
      Config A, StyleGAN2 itself: python experiments/stylegan2_ada.py paper256 --no-augmented
      All of them small: jaxgan sweep experiments/studies/r3gan_roadmap.py
Cost: for a GPU, the default 78 125 steps of 64 images (5 million); not measured.
      fashion_mnist_small, of the default 3000 steps of 32, is for a CPU; not timed on a quiet one.

Differs from the paper:
- The networks B to D were not published. They are built from the paper's words, and have its
  numbers of parameters. The paper does not say how B's kernels begin: here as He et al. 2015 have
  it for leaky rectifiers, and 1 / sqrt(inputs) for colors and what is not rectified.
- It does not say the penalties' weights of B to E in this comparison; here they are config A's
  (R1's weight of 1), and R2's is the same.
- B's discriminator halves images as StyleGAN2's: smoothed, then by a convolution of stride 2.
- fashion_mnist_small is none of the paper's: a sixteenth of the feature maps, and 32 pixels.
"""

import dataclasses
from collections.abc import Callable
from typing import Literal

import flax.linen as nn
import optax

import jaxgan as jg
from jaxgan.nets import r3gan, r3gan_roadmap, stylegan2


@dataclasses.dataclass(frozen=True)
class Config:
    """The roadmap's hyperparameters; the defaults are config E's."""

    backbone: Literal["stylegan2", "resnet", "resnext", "inverted"] = "inverted"
    """StyleGAN2's layers (B and C); two bottlenecks of ResNet (D) or of ResNeXt a stage (E's first
    half); or inverted ones (E)."""
    skips: bool = False
    """Every stage adds its colors to the image; StyleGAN2's layers always do."""
    relativistic: bool = True
    """RpGAN's loss of pairs (from C on); otherwise the non-saturating one."""
    base: int = 16_384
    """Feature maps of StyleGAN2 times the side of the maps, but at most ``most``."""
    most: int = 512
    """Feature maps of any layer of StyleGAN2 at most."""
    group: int = 16
    """Channels of a group of the grouped convolutions."""
    latent: int = 64
    """Size of the latent, standard normal."""
    r1: jg.Weight = 1.0
    """Weight of R1, half the squared gradient at real images."""
    r2: jg.Weight = 1.0
    """Weight of R2, half the squared gradient at generated images."""
    learning_rate: jg.NonNegative = 5e-5
    """Adam's learning rate, both players."""
    beta2: jg.Fraction = 0.99
    """Adam's second decay; the first one is 0."""
    half_life: jg.NonNegative = 20_000.0
    """Images after which half of the averaged generator is new."""


Networks = tuple[nn.Module, nn.Module]


def stripped(cfg: Config, widths: tuple[int, ...], task: jg.Task) -> Networks:
    """StyleGAN2's layers, without what StyleGAN2 is known for."""
    channels = task.shape[-1]
    return (
        r3gan_roadmap.StrippedGenerator(widths, channels, task.dtype),
        r3gan_roadmap.StrippedDiscriminator(widths, task.dtype),
    )


def residual(stages: Callable[..., r3gan_roadmap.Stages]) -> Callable[..., Networks]:
    """Networks of R3GAN's blocks."""

    def networks(cfg: Config, widths: tuple[int, ...], task: jg.Task) -> Networks:
        blocks, channels = stages(widths, cfg.group), task.shape[-1]
        return (
            r3gan.Generator(blocks, channels, 0, task.dtype, len(widths), cfg.skips),
            r3gan.Discriminator(blocks, 0, task.dtype, len(widths)),
        )

    return networks


BACKBONES = {
    "stylegan2": stripped,
    "resnet": residual(r3gan_roadmap.bottlenecks),
    "resnext": residual(r3gan_roadmap.grouped_bottlenecks),
    "inverted": residual(r3gan_roadmap.inverted_bottlenecks),
}


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Either loss with the penalties in every step."""
    resolution, width, _ = task.shape
    if resolution != width:
        raise jg.UserError(f"These data are {resolution} x {width} pixels; give a --resolution.")
    for name in ("base", "most", "group"):
        if getattr(cfg, name) < 1:
            raise jg.UserError(f"--{name}: must be at least 1.")
    widths = stylegan2.widths(resolution, cfg.base, cfg.most)
    generator, discriminator = BACKBONES[cfg.backbone](cfg, widths, task)
    loss = jg.losses.relativistic if cfg.relativistic else jg.losses.nonsaturating
    adam = optax.adam(cfg.learning_rate, b1=0.0, b2=cfg.beta2)
    return jg.Gan(
        generator=generator,
        discriminator=discriminator,
        forward=jg.forward.unconditional(jg.normal(cfg.latent)),
        terms=loss.terms(
            discriminator={
                "r1": jg.scale(cfg.r1, jg.penalties.r1),
                "r2": jg.scale(cfg.r2, jg.penalties.r2),
            }
        ),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D, jg.Phase("g")),
        ema=jg.ema.half_life(cfg.half_life),
        threshold=None if cfg.relativistic else 0.0,
    )


FID = "FID, 50k samples, after 5 million images"


def published(value: str, flags: dict | None = None, of: str = "") -> tuple:
    """A published FID, and how it is measured again."""
    metric = f"{FID}{of}"
    return (
        jg.Published(metric, value, "table 2"),
        jg.Reproduction(
            metric, jg.numbers.FRECHET, flags=flags or {}, evaluate=jg.numbers.INCEPTION_50K
        ),
    )


def configuration(*rows: tuple, **flags) -> dict:
    """A preset of the roadmap, with the rows of the table that it has."""
    return dict(
        data=jg.datasets.DataSpec("folder:ffhq", (256, 256, 3)),
        resolution=256,
        steps=78_125,
        batch_size=64,
        flip=True,
        published=tuple(row[0] for row in rows),
        reproductions=tuple(row[1] for row in rows),
        **flags,
    )


STYLEGAN2 = dict(backbone="stylegan2")

EXPERIMENT = jg.Experiment(
    Config,
    build,
    scoring=jg.Scoring(num=50_000),
    smoke=dict(base=16, most=4, group=2, latent=4),
    ablations={
        "output skips (D's first half)": dict(skips=True),
        "bottlenecks not inverted (E's first half)": dict(backbone="resnext"),
    },
    presets={
        "e": configuration(
            published("7.045"),
            published("7.507", {"backbone": "resnext"}, ", bottlenecks not inverted"),
        ),
        "d": configuration(
            published("9.950"),
            published("10.17", {"skips": True}, ", output skips"),
            backbone="resnet",
        ),
        "c": configuration(
            published("11.65"), published("11.77", {"r2": 0.0}, ", R1 alone"), **STYLEGAN2
        ),
        "b": configuration(published("12.46"), relativistic=False, r2=0.0, **STYLEGAN2),
        "fashion_mnist_small": dict(
            data=dataclasses.replace(jg.datasets.FASHION_MNIST, shape=(32, 32, 1)),
            resolution=32,
            steps=3000,
            batch_size=32,
            base=1024,
            most=32,
            r1=0.1,
            r2=0.1,
            learning_rate=1e-3,
            half_life=5000.0,
            scoring=jg.Scoring(),
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
