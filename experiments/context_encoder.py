"""The Context Encoder: what is hidden of an image, from what is around it.

Paper: Pathak, Krähenbühl, Donahue, Darrell & Efros, "Context Encoders: Feature Learning by
Inpainting", CVPR 2016, arXiv:1604.07379.
Code of the authors: github.com/pathak22/context-encoder (train.lua, train_random.lua, test.lua).

Run:  python experiments/context_encoder.py --data folder:PATH
      python experiments/context_encoder.py free_form --data folder:PATH
      python experiments/context_encoder.py cifar10
      python experiments/context_encoder.py cifar10_small --data folder:data/cifar10_jpeg
Cost: five minutes on one CPU core for cifar10_small (default 3 000 steps, four epochs), which then
      leaves both controls behind. The default 116 000 steps of a folder (500 epochs of the paper's
      14 900 photographs of Paris) and the default 78 000 steps of CIFAR-10 (100 epochs) need a GPU
      and were not measured.

The first preset is the paper's: images of 128 pixels, of which the generator does not see the
central 64 but for a border of 4, and predicts all 64. CIFAR-10 has the same layers with two
halvings less, a square of 16 pixels and a border of 1. The preset free_form hides brush strokes and
a box, drawn anew for every image, and predicts the whole image.

Scores are of what was hidden (metric hole) beside two controls: the mean color, and of each hidden
pixel the nearest one that is seen. How much was hidden is part of a score's protocol: those of
another --overlap, or of other --masks, stand in other tables.

Differs from the paper:
- Their photographs of Paris are not to be had without asking; a folder may hold any images, cropped
  to a square in the middle and resized to 128 pixels, and flipped. They crop 128 pixels at random
  from images of 350. CIFAR-10 is ours.
- The paper's L2 is of the hidden pixels (equation 1); the code's, and ours, is of the whole square,
  its border times ten.
- Their code sets the biases of convolutions to zero before every step; ours are learned.
- Their generator's step differentiates the discriminator's new weights at activations that the old
  ones gave; ours computes them anew.
- Their batch normalization keeps unbiased variances for sampling, ours biased ones.
- Their code has the tenfold rate of the generator only where both losses are at work, and no L2
  alone: with a weight of 1 it adds the adversarial loss. "L2 only" has the rate that the code has
  then, "L2 only, fast" that of the joint loss. The discriminator is trained in vain meanwhile.
- Their code's options of a discriminator that sees the context, which the paper does not train with
  (section 3.2), and of a generator that sees noise are left out.
- Free-form masks: theirs are of smooth noise, a quarter of the image, the same for a whole batch;
  ours are those of Yu et al. 2019 (DeepFill v2), simplified (forward/masks.py), another one for
  each image. The generator sees the mask as one more channel, and the discriminator the image with
  the hidden part predicted, not the whole prediction.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import context_encoder


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    masks: Literal["central", "free_form"] = "central"
    """What is hidden: the central square, or brush strokes and a box."""
    overlap: int | None = 4
    """Pixels of the central square that are seen, from each of its sides; 0 for none."""
    known_weight: jg.NonNegative = 10.0
    """Weight of the squared errors of predicted pixels that are seen; that of the hidden is 1."""
    reconstruction: jg.NonNegative = 0.999
    """Weight of the squared error in the generator's loss."""
    adversarial: jg.NonNegative = 0.001
    """Weight of the adversarial loss in it."""
    width: int = 64
    """Features of both networks' first layers."""
    bottleneck: int = 4000
    """Features in the middle of the generator."""
    generator_rate: jg.NonNegative = 2e-3
    """Adam's learning rate of the generator, ten times the discriminator's."""
    discriminator_rate: jg.NonNegative = 2e-4
    """Adam's learning rate of the discriminator."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """The authors' networks under the joint loss."""
    _, channels = context_encoder.square(task.shape)
    whole = cfg.masks == "free_form"
    central = jg.forward.central_square(cfg.overlap or 0, cfg.known_weight)
    nonsaturating = jg.losses.nonsaturating
    return jg.Gan(
        generator=context_encoder.Generator(channels, cfg.width, cfg.bottleneck, whole, task.dtype),
        discriminator=context_encoder.Discriminator(cfg.width, task.dtype),
        forward=jg.forward.free_form(cfg.known_weight) if whole else central,
        terms={
            "g": {
                "adversarial": jg.scale(cfg.adversarial, nonsaturating.generator),
                "reconstruction": jg.scale(cfg.reconstruction, jg.losses.weighted_squared_error),
            },
            "d": {"adversarial": nonsaturating.discriminator},
        },
        optimizers={
            "g": optax.adam(cfg.generator_rate, b1=cfg.beta1),
            "d": optax.adam(cfg.discriminator_rate, b1=cfg.beta1),
        },
        # The same masks for both players.
        updates=(jg.D, jg.Phase("g", real="same", latents="same")),
    )


PARIS = "mean L1, %; mean L2, %; PSNR, dB (Paris StreetView, 100 held-out images, central half)"
TABLE = "table of inpainting on Paris StreetView, second hand: as a later text quotes it"
PUBLISHED = (
    jg.Published(f"joint loss: {PARIS}", "9.37; 1.96; 18.58", TABLE),
    jg.Published(f"nearest neighbor by HOG: {PARIS}", "19.92; 6.92; 12.79", TABLE),
    jg.Published(f"nearest neighbor by learned features: {PARIS}", "15.10; 4.30; 14.70", TABLE),
)
HOLE = jg.Scoring(("hole",))
SMALL = dict(data=jg.datasets.CIFAR10, overlap=1, bottleneck=100, scoring=HOLE)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    flip=True,
    smoke=dict(width=4, bottleneck=8),
    ablations={
        "L2 only": dict(adversarial=0.0, reconstruction=1.0, generator_rate=2e-4),
        "L2 only, fast": dict(adversarial=0.0, reconstruction=1.0),
        "adversarial only": dict(adversarial=1.0, reconstruction=0.0, generator_rate=2e-4),
    },
    presets={
        "folder": dict(
            data=jg.datasets.FOLDER,
            resolution=128,
            steps=116_000,
            scoring=HOLE,
            published=PUBLISHED,
        ),
        "cifar10": dict(steps=78_000, **SMALL),
        "cifar10_small": dict(steps=3_000, width=16, **SMALL),
        "free_form": dict(
            data=jg.datasets.FOLDER,
            resolution=64,
            steps=116_000,
            masks="free_form",
            known_weight=1.0,
            scoring=HOLE,
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
