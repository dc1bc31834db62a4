"""StyleGAN2-ADA: a generator of styles, and augmentations that adapt to few data.

Paper: Karras, Aittala, Hellsten, Laine, Lehtinen & Aila, "Training Generative Adversarial Networks
with Limited Data", NeurIPS 2020, arXiv:2006.06676; networks and penalties are those of Karras,
Laine, Aittala, Hellsten, Lehtinen & Aila, "Analyzing and Improving the Image Quality of StyleGAN",
CVPR 2020, arXiv:1912.04958.
Code of the authors: github.com/NVlabs/stylegan2-ada-pytorch.

Run:  python experiments/stylegan2_ada.py auto --data folder:images
      python experiments/stylegan2_ada.py cifar10 --conditional
      python experiments/stylegan2_ada.py paper256 --data folder:ffhq
      python experiments/stylegan2_ada.py stylegan2 --data folder:ffhq
      python experiments/stylegan2_ada.py fashion_mnist_small
      Without augmentations: --no-augmented.
Cost: for a GPU, from the default 390 625 steps of 64 images (paper256) to the default 1 562 500
      steps of 64 (cifar10); not measured. fashion_mnist_small is for a CPU; not measured either.

Presets are those of the authors' code (train.py, --cfg), with its pipeline bgc; auto has the
numbers of its rule for 256 pixels and one GPU. For another resolution r and batch b the rule is
--r1 0.0002 r^2 / b, --half-life 312.5 b, --base 32768 from 512 pixels on, and --learning-rate 0.002
from 1024 on.

Differs from the paper:
- Gradients that are NaN or infinite are not replaced by numbers: nothing hides them here.
- Where styles cross over is drawn for each image; the authors draw it for a device's batch.
- The path length penalty sees every second row, the authors' the first half; its average, as
  everything else, is over all devices, theirs over each.
- In a step with R1, the augmentations' strength is told the signs of R1's pass alone, not of both
  passes at the real images.
- The average style also sees the rows that the path length penalty leaves out, and the averaged
  generator averages it again.
- Samples, and so scores, have the generator's fixed noise; the authors' scores are of samples with
  new noise.
- A group of the minibatch's deviation are neighboring rows of one device, at most all of its rows.
- Augmentations reflect images as far as possible beyond their border, the authors' as far as the
  batch needs: the same, but at the border of much smaller images.
- The highest resolutions compute in half precision only with --dtype bfloat16, whose range needs no
  scaling of styles and kernels beforehand.
- The class of a generated image is that of a real image of the batch; the authors draw another
  training image's.
- fashion_mnist_small is none of the authors': feature maps, latents and styles of 64 at most.
"""

import dataclasses
from collections.abc import Callable
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import stylegan2


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters of the authors' code."""

    base: int = 16_384
    """Feature maps times the side of the maps, but at most ``most``."""
    most: int = 512
    """Feature maps of any layer at most."""
    latent: int = 512
    """Size of the latent, standard normal."""
    style: int = 512
    """Size of a style, and of the mapping network's layers."""
    depth: int = 8
    """Layers of the mapping network."""
    residual: bool = True
    """The discriminator is residual."""
    group: int = 4
    """Images whose deviation the discriminator compares."""
    half: int = 4
    """Highest resolutions, which alone compute in --dtype."""
    conditional: bool = False
    """Both players see labels."""
    learning_rate: jg.NonNegative = 2.5e-3
    """Adam's learning rate, both players, before the correction for lazy penalties."""
    beta2: jg.Fraction = 0.99
    """Adam's second decay, likewise; the first one is 0."""
    r1: jg.Weight = 1.0
    """Weight of R1, half the squared gradient at real images before their augmentation."""
    r1_every: int = 16
    """Steps between two updates by R1, which then counts as many times."""
    path_length: jg.Weight = 2.0
    """Weight of the path length penalty."""
    path_every: int = 4
    """Steps between two updates by the path length penalty, which then counts as many times."""
    path_shrink: int = 2
    """One of so many rows is used for the path length penalty."""
    path_decay: jg.Fraction = 0.01
    """Share of a batch in the average path length."""
    mixing: jg.Weight = 0.9
    """Probability that an image's later layers get another latent's style."""
    half_life: jg.NonNegative = 20_000.0
    """Images after which half of the averaged generator is new."""
    rampup: jg.Weight = 0.0
    """The half-life is at most this share of the images seen; 0 for no such limit."""
    augmented: bool = True
    """The discriminator sees augmented images."""
    target: jg.Fraction = 0.6
    """Mean sign of the real images' logits, at which the augmentations' strength is held."""
    ramp: jg.NonNegative = 500_000.0
    """Images in which the augmentations' strength may go from 0 to 1."""


def adam(cfg: Config, every: int) -> optax.GradientTransformation:
    """Adam for a player with a penalty in every ``every``-th step, an update of its own.

    Rate and decays are such that one step's updates do together what one would (Karras et al. 2020,
    StyleGAN2, appendix B).
    """
    share = every / (every + 1)
    return optax.adam(cfg.learning_rate * share, b1=0.0, b2=cfg.beta2**share)


def lazily(player: Literal["g", "d"], term: str, weight, every: int) -> tuple[jg.Phase, ...]:
    """A player's update by a penalty alone, if it counts."""
    if jg.left_out(weight):
        return ()
    return (jg.Phase(player, real="same", terms=(term,), every=every),)


def half_life(cfg: Config) -> Callable:
    """The decay of the averaged generator."""
    if jg.left_out(cfg.rampup):
        return jg.ema.scheduled_half_life(lambda step: cfg.half_life)
    return jg.ema.half_life(cfg.half_life, cfg.rampup)


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The non-saturating game on augmented images, with lazy penalties of both players."""
    resolution, width, channels = task.shape
    if resolution != width:
        raise jg.UserError(f"These data are {resolution} x {width} pixels; give a --resolution.")
    if cfg.conditional and not task.classes:
        raise jg.UserError("--conditional: these data have no classes; leave it out.")
    for name in ("base", "most", "r1_every", "path_every", "path_shrink", "group"):
        if getattr(cfg, name) < 1:
            raise jg.UserError(f"--{name.replace('_', '-')}: must be at least 1.")
    classes = task.classes or 0 if cfg.conditional else 0
    widths = stylegan2.widths(resolution, cfg.base, cfg.most)
    prior = jg.normal(cfg.latent)
    forward = jg.forward.styled(
        stylegan2.layers(resolution),
        cfg.style,
        None if jg.left_out(cfg.mixing) else cfg.mixing,
        jg.forward.conditional(prior) if classes else jg.forward.unconditional(prior),
        cfg.path_shrink,
    )
    average: dict = {}
    if not jg.left_out(cfg.path_length):
        average["adaptive"] = jg.penalties.path_length_start
        average["adapt"] = jg.penalties.path_length_average(cfg.path_decay)
    lengths, slopes = jg.penalties.path_length(cfg.path_decay), jg.penalties.r1
    gan = jg.Gan(
        generator=stylegan2.Generator(
            widths, channels, cfg.style, cfg.depth, classes, task.dtype, cfg.half
        ),
        discriminator=stylegan2.Discriminator(
            widths, cfg.residual, cfg.group, classes, task.dtype, cfg.half
        ),
        forward=forward,
        terms=jg.losses.nonsaturating.terms(
            generator={"path_length": jg.scale(cfg.path_every * cfg.path_length, lengths)},
            discriminator={"r1": jg.scale(cfg.r1_every * cfg.r1, slopes)},
        ),
        optimizers={"g": adam(cfg, cfg.path_every), "d": adam(cfg, cfg.r1_every)},
        updates=(
            jg.Phase("g", real="same", terms=("adversarial",)),
            *lazily("g", "path_length", cfg.path_length, cfg.path_every),
            jg.Phase("d", real="same", terms=("adversarial",), moves_stats=("d", "g")),
            *lazily("d", "r1", cfg.r1, cfg.r1_every),
        ),
        ema=half_life(cfg),
        **average,
    )
    if not cfg.augmented:
        return gan
    return jg.limited_data.adaptive_augmentation(gan, target=cfg.target, ramp=cfg.ramp)


def folder(resolution: int, name: str = "ffhq") -> dict:
    """A folder of images of your own."""
    spec = jg.datasets.DataSpec(f"folder:{name}", (resolution, resolution, 3))
    return dict(data=spec, resolution=resolution)


FID = "FID, 50k samples"
CONDITIONAL = f"conditional, {FID}"
SMOKE = dict(base=16, most=4, latent=4, style=4, depth=2, group=2)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    scoring=jg.Scoring(num=50_000),
    smoke=SMOKE | dict(augmented=False),
    ablations={
        "no augmentations": dict(augmented=False),
        "no R1": dict(r1=0.0),
    },
    presets={
        "auto": dict(
            folder(256, "images"),
            steps=1_562_500,
            batch_size=16,
            r1=0.8192,
            depth=2,
            half_life=5000.0,
            rampup=0.05,
        ),
        "cifar10": dict(
            data=jg.datasets.CIFAR10,
            steps=1_562_500,
            batch_size=64,
            base=32_768,
            r1=0.01,
            depth=2,
            half_life=500_000.0,
            rampup=0.05,
            group=32,
            residual=False,
            path_length=0.0,
            mixing=0.0,
            smoke=SMOKE,
            published=(jg.Published(CONDITIONAL, "2.42", "abstract"),),
            reproductions=(
                jg.Reproduction(
                    CONDITIONAL,
                    jg.numbers.FRECHET,
                    flags={"conditional": True},
                    evaluate=jg.numbers.INCEPTION_50K,
                ),
            ),
        ),
        "paper256": dict(
            folder(256),
            steps=390_625,
            batch_size=64,
            flip=True,
            group=8,
            published=(jg.Published(FID, "3.78", "table 5 of Huang et al. 2024, R3GAN"),),
            reproductions=(
                jg.Reproduction(FID, jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_50K),
            ),
        ),
        "stylegan2": dict(
            folder(1024),
            steps=781_250,
            batch_size=32,
            flip=True,
            base=32_768,
            learning_rate=2e-3,
            r1=10.0,
            half_life=10_000.0,
        ),
        "fashion_mnist_small": dict(
            data=jg.datasets.DataSpec("fashion_mnist", (32, 32, 1), 10),
            resolution=32,
            steps=10_000,
            batch_size=32,
            base=512,
            most=64,
            latent=64,
            style=64,
            depth=2,
            r1=0.0064,
            half_life=10_000.0,
            rampup=0.05,
            scoring=jg.Scoring(),
            smoke=SMOKE,
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
