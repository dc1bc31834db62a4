"""R3GAN: a relativistic loss with two penalties, which needs no tricks, and a modern network.

Paper: Huang, Gokaslan, Kuleshov & Tompkin, "The GAN is dead; long live the GAN! A modern baseline
GAN", NeurIPS 2024, arXiv:2501.05441.
Code of the authors: github.com/brownvc/R3GAN.

Run:  python experiments/r3gan.py stacked_mnist
      python experiments/r3gan.py cifar10
      python experiments/r3gan.py ffhq64 --data folder:ffhq
      python experiments/r3gan.py stacked_mnist_small
      The paper's ablations: --r2 0 (R1 alone), --no-relativistic, --lazy 8.
Cost: for a GPU, from the default 19 531 steps of 512 images (stacked_mnist) to the default 781 250
      steps of 256 (ffhq256); the paper's CIFAR-10 took four days on eight L40. None of them was
      measured. stacked_mnist_small is for a CPU; not timed on a quiet one.

All presets have the paper's networks and settings (table 9), but for the small ones.

Differs from the paper:
- Equation 2 has one value that both players move; the authors' code, and ours, give the generator
  the loss with real and generated exchanged.
- FFHQ and ImageNet are folders of your own, whose images are cropped and resized.
- The steps of the roadmap before the last one, E, are in r3gan_roadmap.py.
- Augmentations reflect images as far as possible beyond their border, the authors' as far as the
  batch needs: the same, but at the border of much smaller images.
- Activations are in bfloat16 where the authors have them so only with --dtype bfloat16.
- The class that a generated image is drawn under is that of a real image of the batch, as there.
- small presets have a twelfth of the width, batches of 64 and fewer steps.
"""

import dataclasses

import optax

import jaxgan as jg
from jaxgan.nets import r3gan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    widths: tuple[int, ...] = (768, 768, 768, 768)
    """Feature maps of each stage, from 4 x 4 pixels on."""
    group: int = 16
    """Channels of a group of the grouped convolutions."""
    blocks: int = 2
    """Of a stage."""
    half: int = 3
    """Stages of the highest resolutions, which alone compute in --dtype."""
    latent: int = 64
    """Size of the latent, standard normal."""
    conditional: bool = False
    """Both players see labels."""
    relativistic: bool = True
    """RpGAN's loss of pairs; otherwise the non-saturating one."""
    r1: jg.Weight = 0.05
    """Weight of R1, half the squared gradient at real images, at the first step."""
    r2: jg.Weight = 0.05
    """Weight of R2, half the squared gradient at generated images, at the first step."""
    lazy: int = 1
    """Steps between two penalties, which then count as many times."""
    burn_in: int = 39_062
    """Steps in which the numbers below go from the first value to the last, along a cosine."""
    weight_decline: jg.Fraction = 0.1
    """What the penalties' weights end at, as a share of what they begin with."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate at the first step, both players."""
    last_rate: jg.NonNegative = 5e-5
    """Adam's learning rate in the end."""
    beta2: jg.Fraction = 0.9
    """Adam's second decay at the first step; the first one is 0."""
    last_beta2: jg.Fraction = 0.99
    """Adam's second decay in the end."""
    half_life: jg.NonNegative = 5e6
    """Images after which half of the averaged generator is new, in the end; 0 at first."""
    augmentation: jg.Weight = 0.55
    """Probability of each augmentation in the end; 0 at first."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The relativistic game with both penalties on images before their augmentation."""
    resolution, height, channels = task.shape
    side = 4 * 2 ** (len(cfg.widths) - 1)
    if (resolution, height) != (side, side):
        raise jg.UserError(
            f"{len(cfg.widths)} --widths make images of {side} pixels; the data have "
            f"{resolution} x {height}."
        )
    classes = task.classes or 0 if cfg.conditional else 0
    stages = r3gan.stages(cfg.widths, cfg.group, cfg.blocks)

    def weighted(weight, term):
        if jg.left_out(weight):
            return jg.scale(0, term)
        declining = jg.optim.cosine(weight, weight * cfg.weight_decline, cfg.burn_in)
        return jg.scale(declining, jg.every(cfg.lazy, term))

    adam = optax.inject_hyperparams(optax.adam)(
        learning_rate=jg.optim.cosine(cfg.learning_rate, cfg.last_rate, cfg.burn_in),
        b1=0.0,
        b2=jg.optim.cosine(cfg.beta2, cfg.last_beta2, cfg.burn_in),
    )
    prior = jg.normal(cfg.latent)
    forward = jg.forward.conditional(prior) if classes else jg.forward.unconditional(prior)
    if not jg.left_out(cfg.augmentation):
        strength = jg.optim.cosine(0.0, cfg.augmentation, cfg.burn_in)
        forward = jg.forward.augmented_within(
            lambda images, rng, p: jg.augment.ada.augment(images, rng, p, jg.augment.ada.R3GAN),
            lambda adaptive: strength(adaptive["step"]),
            forward,
        )
    loss = jg.losses.relativistic if cfg.relativistic else jg.losses.nonsaturating
    return jg.Gan(
        generator=r3gan.Generator(stages, channels, classes, task.dtype, cfg.half),
        discriminator=r3gan.Discriminator(stages, classes, task.dtype, cfg.half),
        forward=forward,
        terms=loss.terms(
            discriminator={
                "r1": weighted(cfg.r1, jg.penalties.r1),
                "r2": weighted(cfg.r2, jg.penalties.r2),
            }
        ),
        optimizers={"g": adam, "d": adam},
        updates=(jg.D, jg.Phase("g")),
        ema=jg.ema.scheduled_half_life(jg.optim.cosine(0.0, cfg.half_life, cfg.burn_in)),
        threshold=None if cfg.relativistic else 0.0,
        adaptive={"step": 0},
        adapt=jg.forward.count_steps,
    )


def folder(name: str, resolution: int, classes: int | None = None) -> jg.datasets.DataSpec:
    """A folder of images of your own."""
    return jg.datasets.DataSpec(f"folder:{name}", (resolution, resolution, 3), classes)


SMOKE = dict(widths=(2, 2, 2, 2), group=2, blocks=1, latent=4, augmentation=0.0)

FID = "FID, 50k samples"
MODES = "modes of 1000; KL (26 000 samples, classified digit by digit)"


def inception(value: str, table: str) -> dict:
    """A published FID, and how it is measured again."""
    return dict(
        published=(jg.Published(FID, value, table),),
        reproductions=(
            jg.Reproduction(FID, jg.numbers.FRECHET, evaluate=jg.numbers.INCEPTION_50K),
        ),
    )


FFHQ = dict(batch_size=256, burn_in=78_125, half_life=5e5, augmentation=0.3, flip=True, half=4)
IMAGENET = dict(
    batch_size=4096, burn_in=48_828, half_life=5e7, group=32, conditional=True, flip=True
)
STACKED = dict(
    data=jg.datasets.stacked_mnist(2**26, 32),
    resolution=32,
    augmentation=0.0,
    scoring=jg.Scoring(metrics=("modes",), num=26_000),
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    scoring=jg.Scoring(num=50_000),
    smoke=SMOKE,
    ablations={
        "RpGAN + R1": dict(r2=0.0),
        "GAN + R1 + R2": dict(relativistic=False),
        "GAN + R1": dict(relativistic=False, r2=0.0),
        "lazy penalties": dict(lazy=8),
    },
    presets={
        "stacked_mnist": dict(
            STACKED,
            steps=19_531,
            batch_size=512,
            burn_in=3906,
            r1=1.0,
            r2=1.0,
            last_rate=2e-4,
            half_life=5e5,
            published=(jg.Published(MODES, "1000; 0.029", "table 3"),),
            reproductions=(jg.Reproduction(MODES, jg.numbers.STACKED),),
        ),
        "cifar10": dict(
            inception("1.96", "table 4"),
            data=jg.datasets.CIFAR10,
            steps=488_281,
            batch_size=512,
            conditional=True,
            flip=True,
            smoke=SMOKE | dict(augmentation=0.5),
        ),
        "ffhq64": dict(
            FFHQ | inception("1.95", "table 6"),
            data=folder("ffhq", 64),
            resolution=64,
            steps=390_625,
            widths=(768, 768, 768, 768, 384),
            r1=2.0,
            r2=2.0,
            smoke=SMOKE | dict(widths=(2, 2, 2, 2, 2)),
        ),
        "ffhq256": dict(
            FFHQ | inception("2.75", "table 5"),
            data=folder("ffhq", 256),
            resolution=256,
            steps=781_250,
            widths=(768, 768, 768, 768, 384, 192, 96),
            r1=150.0,
            r2=150.0,
            smoke=SMOKE | dict(widths=(2,) * 7),
        ),
        "imagenet32": dict(
            IMAGENET | inception("1.27", "table 7"),
            data=folder("imagenet", 32, 1000),
            resolution=32,
            steps=244_140,
            widths=(1536, 1536, 1536, 1536),
            r1=0.5,
            r2=0.5,
            augmentation=0.5,
        ),
        "imagenet64": dict(
            IMAGENET | inception("2.09", "table 8"),
            data=folder("imagenet", 64, 1000),
            resolution=64,
            steps=244_140,
            widths=(1536, 1536, 1536, 1536, 1536),
            r1=1.0,
            r2=1.0,
            augmentation=0.4,
            half=4,
            smoke=SMOKE | dict(widths=(2, 2, 2, 2, 2)),
        ),
        "stacked_mnist_small": dict(
            STACKED,
            steps=6000,
            batch_size=64,
            burn_in=1200,
            r1=1.0,
            r2=1.0,
            last_rate=2e-4,
            half_life=1e4,
            widths=(64, 64, 64, 64),
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
