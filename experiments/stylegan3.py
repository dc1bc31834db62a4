"""StyleGAN3: a generator without aliasing, whose details move with what they belong to.

Paper: Karras, Aittala, Laine, Härkönen, Hellsten, Lehtinen & Aila, "Alias-Free Generative
Adversarial Networks", NeurIPS 2021, arXiv:2106.12423.
Code of the authors: github.com/NVlabs/stylegan3.

Run:  python experiments/stylegan3.py t256 --data folder:images
      python experiments/stylegan3.py r256 --data folder:images
      python experiments/stylegan3.py fashion_mnist_small
Cost: t256 and r256, of the default 781 250 steps of 32 images, need a GPU and were not measured.
      fashion_mnist_small, of the default 10 000 steps of 16, is for a CPU; not measured either.

t256 is the generator that moves with shifts, r256 (--rotations) with rotations too: 1 x 1
convolutions, filters that are alike in all directions, twice the features, and images that are
blurred at first. Settings are those of the authors' code (train.py) at 256 pixels; for others --r1
is 0.5 (128), 8 (512) or 32 (1024).

Differs from the paper:
- Gradients that are NaN or infinite are not replaced by numbers: nothing hides them here.
- Averages, of styles and of the squares of the layers' inputs, are over all devices, the authors'
  over each; the averaged generator averages them again.
- Averages move in the discriminator's update alone, as the authors', but the generator's own update
  also divides by squares that have just been moved.
- In a step with R1, the augmentations' strength is told the signs of R1's pass alone, not of both
  passes at the real images.
- A group of the minibatch's deviation are neighboring rows of one device, at most all of its rows.
- Augmentations reflect images as far as possible beyond their border, the authors' as far as the
  batch needs: the same, but at the border of much smaller images.
- The highest resolutions compute in half precision only with --dtype bfloat16, whose range needs no
  scaling of styles and kernels beforehand.
- fashion_mnist_small is none of the authors': 6 layers instead of 14, feature maps, latents and
  styles of 64 at most.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import stylegan2, stylegan3


@dataclasses.dataclass(frozen=True)
class Config:
    """The hyperparameters of the authors' code."""

    rotations: bool = False
    """StyleGAN3-R: images also move with rotations."""
    base: int = 32_768
    """Feature maps times twice the cutoff, and of the discriminator times the side of the maps."""
    most: int = 512
    """Feature maps of any layer at most; of --rotations twice as many."""
    layers: int = 14
    """Of the generator, before the colors."""
    critical: int = 2
    """Of these, the last ones, which use all of the band."""
    latent: int = 512
    """Size of the latent, standard normal."""
    style: int = 512
    """Size of a style, and of the mapping network's layers."""
    depth: int = 2
    """Layers of the mapping network."""
    group: int = 4
    """Images whose deviation the discriminator compares."""
    half: int = 4
    """Highest resolutions, which alone compute in --dtype."""
    learning_rate: jg.NonNegative = 2.5e-3
    """Adam's learning rate of the generator."""
    discriminator_rate: jg.NonNegative = 2e-3
    """That of the discriminator, before the correction for the lazy penalty."""
    beta2: jg.Fraction = 0.99
    """Adam's second decay, likewise; the first one is 0."""
    r1: jg.Weight = 2.0
    """Weight of R1, half the squared gradient at real images before their augmentation."""
    r1_every: int = 16
    """Steps between two updates by R1, which then counts as many times."""
    magnitude: jg.Fraction = 0.998892
    """Decay of the average squares of the layers' inputs: in 20 000 images of batches of 32 to a
    half."""
    half_life: jg.NonNegative = 10_000.0
    """Images after which half of the averaged generator is new."""
    blur: int = 10
    """Of --rotations, deviation in pixels of the blur of all images in the first step."""
    blur_steps: int = 6250
    """Steps in which it fades."""
    augmented: bool = True
    """The discriminator sees augmented images."""
    target: jg.Fraction = 0.6
    """Mean sign of the real images' logits, at which the augmentations' strength is held."""
    ramp: jg.NonNegative = 500_000.0
    """Images in which the augmentations' strength may go from 0 to 1."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The non-saturating game on augmented images, with a lazy penalty of the discriminator."""
    resolution, width, channels = task.shape
    if resolution != width:
        raise jg.UserError(f"These data are {resolution} x {width} pixels; give a --resolution.")
    widths = stylegan2.widths(resolution, cfg.base, cfg.most)
    if resolution < 16 or not 0 < cfg.critical < cfg.layers - 1:
        raise jg.UserError(
            "StyleGAN3 makes images of 16 pixels or more, with --critical above 0 and at least two "
            f"less than --layers; not {resolution} pixels, {cfg.critical} and {cfg.layers}."
        )
    more = 2 if cfg.rotations else 1
    signals = stylegan3.signals(
        resolution, channels, more * cfg.base, more * cfg.most, cfg.layers, cfg.critical
    )
    if min(cfg.r1_every, cfg.blur, cfg.blur_steps) < 1:
        raise jg.UserError("--r1-every, --blur and --blur-steps must be at least 1.")
    forward = jg.forward.unconditional(jg.normal(cfg.latent))
    clock: dict = {}
    if cfg.rotations:
        fading = optax.linear_schedule(1.0, 0.0, cfg.blur_steps)
        forward = jg.forward.blurred(lambda step: cfg.blur * fading(step), float(cfg.blur), forward)
        clock = dict(adaptive={"step": 0}, adapt=jg.forward.count_steps)
    lazy = () if jg.left_out(cfg.r1) else (
        jg.Phase("d", real="same", terms=("r1",), every=cfg.r1_every),
    )  # fmt: skip
    share = cfg.r1_every / (cfg.r1_every + 1)
    gan = jg.Gan(
        generator=stylegan3.Generator(
            tuple(signals),
            cfg.critical,
            kernel=1 if cfg.rotations else 3,
            radial=cfg.rotations,
            decay=cfg.magnitude,
            style=cfg.style,
            depth=cfg.depth,
            dtype=task.dtype,
            half=cfg.half,
        ),
        discriminator=stylegan2.Discriminator(
            widths, group=cfg.group, dtype=task.dtype, half=cfg.half
        ),
        forward=forward,
        terms=jg.losses.nonsaturating.terms(
            discriminator={"r1": jg.scale(cfg.r1_every * cfg.r1, jg.penalties.r1)}
        ),
        optimizers={
            "g": optax.adam(cfg.learning_rate, b1=0.0, b2=cfg.beta2),
            "d": optax.adam(cfg.discriminator_rate * share, b1=0.0, b2=cfg.beta2**share),
        },
        updates=(
            jg.Phase("g", real="same", moves_stats=()),
            jg.Phase("d", real="same", terms=("adversarial",), moves_stats=("d", "g")),
            *lazy,
        ),
        ema=jg.ema.half_life(cfg.half_life),
        **clock,
    )
    if not cfg.augmented:
        return gan
    return jg.limited_data.adaptive_augmentation(gan, target=cfg.target, ramp=cfg.ramp)


FOLDER = dict(
    data=jg.datasets.DataSpec("folder:images", (256, 256, 3)),
    resolution=256,
    steps=781_250,
    batch_size=32,
)
SMOKE = dict(base=32, most=4, layers=4, critical=1, latent=4, style=4, group=2, augmented=False)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    scoring=jg.Scoring(num=50_000),
    smoke=SMOKE,
    ablations={
        "no augmentations": dict(augmented=False),
        "no R1": dict(r1=0.0),
    },
    presets={
        "t256": FOLDER,
        "r256": dict(FOLDER, rotations=True),
        "fashion_mnist_small": dict(
            data=jg.datasets.DataSpec("fashion_mnist", (32, 32, 1), 10),
            resolution=32,
            steps=10_000,
            batch_size=16,
            base=1024,
            most=64,
            layers=6,
            latent=64,
            style=64,
            r1=0.0125,
            magnitude=0.999446,
            half_life=5000.0,
            scoring=jg.Scoring(),
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
