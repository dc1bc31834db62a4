"""pix2pix: images translated into images, from pairs of both.

Paper: Isola, Zhu, Zhou & Efros, "Image-to-Image Translation with Conditional Adversarial Networks",
CVPR 2017, arXiv:1611.07004.
Code of the authors: github.com/phillipi/pix2pix (Lua, the paper's) and
github.com/junyanz/pytorch-CycleGAN-and-pix2pix.

Run:  python experiments/pix2pix.py facades --data pairs:facades
      python experiments/pix2pix.py glyphs
      python experiments/pix2pix.py emoji
      python experiments/pix2pix.py glyphs_small
      Labels to photos, as the authors have facades: --data backward:pairs:facades
      The paper's losses: --adversarial 0 (L1), --l1 0 --no-conditional (GAN), --l1 0 (cGAN),
      --no-conditional (L1 + GAN).
Cost: facades is the paper's run, 200 epochs of 400 pairs: for the default 80 000 steps of one pair
      it needs a GPU, as glyphs and emoji do for their default 20 000 steps of 16 at the paper's
      width; none of them was measured. glyphs_small: 51 ms a step on one CPU core, so about 3
      minutes for the default 3000 steps.

facades has the paper's networks: a U-Net of 54,413,955 parameters for 256 pixels, and a
discriminator of 2,768,705 that judges patches of 70 pixels. glyphs and emoji, of 64 pixels, have a
U-Net of two halvings less (29,237,889 and 29,244,035) and patches of 34. glyphs_small is the same
game for a CPU: 32 pixels, a U-Net of 1,042,081, patches of 16.

Differs from the paper:
- Its evidence is FCN-8s scores of Cityscapes and people's judgments. jaxgan has neither the data
  nor that network: it measures the distance to the true target, and FD.
- Glyphs, emoji, and sizes below 256 pixels are ours. Facades are in the paper, as pictures.
- Biases are those of the PyTorch code: none before a normalization, the others start at zero. The
  Lua code has them everywhere and sets them to zero before every step.
- The generator moves against the moved discriminator, as in the PyTorch code and the paper's
  text; the Lua code's gradient of the generator goes through the discriminator's activations of
  before its update.
- Dropout is in the first three doublings, as in the Lua code and the paper; the PyTorch code has it
  in the second to the fourth.
- Dropout draws other masks for the generator's update than for the discriminator's; the authors'
  code makes one set of fakes for both.
- Batches of 16 with instance normalization in the U-Net (glyphs, emoji, glyphs_small) where the
  paper has batches of 1 to 10 with batch normalization, whose moments are then of the batch in
  training and of one image when samples are drawn. Both compute one function for a batch of 1.
- glyphs_small learns five times as fast as the paper, for its small budget.
- The rate is constant, as in the Lua code. The PyTorch code's falls to 0 over the second half
  (--decay).
- The paper halves the discriminator's loss (section 3.3), as the PyTorch code does; the Lua code
  halves what it logs. Adam's updates do not depend on it but for its epsilon.
- Jitter enlarges what was resized to 256 pixels; the authors resize the files to 286 at once.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import pix2pix

LAYERS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Halvings of a discriminator that judges patches of so many pixels."""


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    l1: jg.NonNegative = 100.0
    """Weight of the distance to the target."""
    adversarial: jg.NonNegative = 1.0
    """Weight of the generator's adversarial loss; with 0 the discriminator only watches."""
    conditional: bool = True
    """The discriminator sees the source beside the image (cGAN) or the image alone (GAN)."""
    patch: Literal[1, 16, 34, 70, 142, 286] = 70
    """Side of the patches that the discriminator judges, in pixels."""
    width: int = 64
    """Feature maps of the U-Net's first layer, and up to eight times as many later."""
    depth: int = 8
    """Halvings of the U-Net; the side of an image is a multiple of two to its power."""
    discriminator_width: int = 64
    """Feature maps of the discriminator's first layer, and up to eight times as many later."""
    normalization: Literal["batch", "instance"] = "batch"
    """Of the U-Net: moments of the batch, or of each image, which is what a batch of 1 gives."""
    dropout: jg.Fraction = 0.5
    """Share that is dropped in the U-Net's first three doublings, also when samples are drawn."""
    jitter: int | None = None
    """Pixels by which images are enlarged, to be cropped back at random; none by default."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    decay: bool = False
    """The rate falls linearly to 0 over the second half of the steps."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    halve_discriminator: bool = True
    """The discriminator's loss is halved."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """A U-Net against a discriminator of patches."""
    height, width, _ = task.source_shape
    channels = task.shape[-1]
    side = min(height, width)
    layers = LAYERS[cfg.patch]
    if height % 2**cfg.depth or width % 2**cfg.depth:
        raise jg.UserError(
            f"--depth {cfg.depth}: {height} x {width} pixels are no multiple of {2**cfg.depth}; "
            "give a smaller one."
        )
    if layers and side // 2**layers < 3:
        raise jg.UserError(f"--patch {cfg.patch}: too large for {side} pixels; give a smaller one.")
    forward = jg.forward.translation(cfg.conditional)
    if cfg.jitter:
        forward = jg.forward.jittered(cfg.jitter, forward)
    loss = jg.losses.nonsaturating
    rate = cfg.learning_rate
    if cfg.decay:
        rate = jg.optim.linear_after_half(rate, task.steps)
    adam = optax.adam(rate, b1=cfg.beta1)
    return jg.Gan(
        generator=pix2pix.UNet(
            channels, cfg.width, cfg.depth, cfg.dropout, cfg.normalization, task.dtype
        ),
        discriminator=pix2pix.PatchDiscriminator(cfg.discriminator_width, layers, dtype=task.dtype),
        forward=forward,
        terms={
            "g": {
                "adversarial": jg.scale(cfg.adversarial, loss.generator),
                "l1": jg.scale(cfg.l1, jg.losses.l1),
            },
            "d": {
                "adversarial": jg.scale(0.5 if cfg.halve_discriminator else 1.0, loss.discriminator)
            },
        },
        optimizers={"g": adam, "d": adam},
        # The same crops for both players.
        updates=(jg.D, jg.Phase("g", real="same", latents="same")),
    )


LOSSES = {
    "L1": dict(adversarial=0.0),
    "GAN": dict(l1=0.0, conditional=False),
    "cGAN": dict(l1=0.0),
    "L1 + GAN": dict(conditional=False),
    "the PyTorch code": dict(decay=True),
    "the Lua code": dict(halve_discriminator=False),
}


def patches(*sizes: int) -> dict[str, dict[str, int]]:
    """Ablations of the discriminator's field of view."""
    return {f"patches of {size}": dict(patch=size) for size in sizes}


FCN = (
    "Cityscapes, labels to photo, {}: accuracy of pixels; of classes; IoU (FCN-8s on generated "
    "images; jaxgan does not measure it)"
)
CITYSCAPES = tuple(
    jg.Published(FCN.format(name), value, f"Table {table}")
    for table, name, value in (
        (1, "L1", "0.42; 0.15; 0.11"),
        (1, "GAN", "0.22; 0.05; 0.01"),
        (1, "cGAN", "0.57; 0.22; 0.16"),
        (1, "L1 + GAN", "0.64; 0.20; 0.15"),
        (1, "L1 + cGAN", "0.66; 0.23; 0.17"),
        (1, "true photos", "0.80; 0.26; 0.21"),
        (2, "L1 + cGAN, patches of 1", "0.39; 0.15; 0.10"),
        (2, "L1 + cGAN, patches of 16", "0.65; 0.21; 0.17"),
        (2, "L1 + cGAN, patches of 70", "0.66; 0.23; 0.17"),
        (2, "L1 + cGAN, patches of 286", "0.42; 0.16; 0.11"),
    )
)

SMALLER = dict(depth=6, patch=34, normalization="instance", batch_size=16, steps=20_000)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    fixed_budget=True,
    scoring=jg.Scoring(metrics=("l1", "psnr", "ssim", "fd"), num=1835),
    smoke=dict(width=4, discriminator_width=4, depth=3, patch=16),
    presets={
        "facades": dict(
            data=jg.datasets.FACADES,
            steps=80_000,
            batch_size=1,
            resolution=256,
            flip=True,
            jitter=30,
            ablations=LOSSES | patches(1, 16, 286),
            published=CITYSCAPES,
        ),
        "glyphs": dict(
            data=jg.datasets.GLYPHS,
            ablations=LOSSES | patches(1, 16),
            **SMALLER,
        ),
        "emoji": dict(
            data=jg.datasets.EMOJI,
            flip=True,
            jitter=8,
            ablations=LOSSES | patches(1, 16),
            **SMALLER,
        ),
        "glyphs_small": dict(
            data=jg.datasets.GLYPHS_32,
            steps=3000,
            batch_size=16,
            learning_rate=1e-3,
            width=16,
            depth=5,
            discriminator_width=16,
            patch=16,
            normalization="instance",
            ablations=LOSSES | patches(1, 34),
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
