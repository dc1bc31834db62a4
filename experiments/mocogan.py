"""MoCoGAN: videos whose content stays and whose motion moves.

Paper: Tulyakov, Liu, Yang & Kautz, "MoCoGAN: Decomposing Motion and Content for Video Generation",
CVPR 2018, arXiv:1707.04993.
Code of the authors: github.com/sergeytulyakov/mocogan.

Run:  python experiments/mocogan.py shape_motion
      python experiments/mocogan.py shape_motion_small
      python experiments/mocogan.py moving_mnist_small
      Your own: --data clips:16x2:DIR, a folder of GIF files or of folders of frames.
Cost: shape_motion has the paper's networks (generator 3,298,836 parameters, discriminator of frames
      663,296, of clips 11,253,504) and the code's default 100 000 steps, for a GPU; not measured.
      The small presets are for a CPU.

Differs from the paper:
- Clips of shape_motion are drawn by a recipe that was measured from the authors' files. Of its 32
  frames every second is kept from the first on; the authors begin at the first or the second.
- The frames that the discriminator of frames sees are of the clips that the other one sees; the
  authors draw them from other clips.
- The paper maximizes the information of the category by a network on the features of the clips'
  discriminator, which both players train (categories=information). The authors' code trains that
  network on the data's labels (--categories labels), or, without --use_categories, not at all.
- The noise before the layers of the discriminators is 0.1, as in the command of the authors'
  README; their code's default is none.
- The paper's content distance takes the mean color of the shape, which it finds in every frame;
  here a frame's color is weighted by brightness. Its numbers are not quoted: no copy of the table
  was at hand.
- The small presets have frames of 32 pixels, shapes of half the size, a narrower width, and one
  halving less in each network.
"""

import dataclasses
from typing import Literal

import optax

import jaxgan as jg
from jaxgan.nets import mocogan


@dataclasses.dataclass(frozen=True)
class Config:
    """The paper's hyperparameters."""

    content: int = 50
    """Size of the latent that a clip keeps."""
    motion: int = 10
    """Size of the latent that moves, and of the GRU that moves it."""
    kinds: int = 2
    """Categories of motion."""
    categories: Literal["information", "labels"] = "information"
    """The discriminator learns categories from generated clips, or from the data's labels."""
    category_weight: jg.NonNegative = 1.0
    """Weight of the category's terms."""
    generator_width: int = 64
    """Feature maps of the generator's last layer but one."""
    discriminator_width: int = 64
    """Feature maps of the discriminators' first layers."""
    noise: jg.NonNegative = 0.1
    """Deviation of the noise before the discriminators' layers."""
    learning_rate: jg.NonNegative = 2e-4
    """Adam's learning rate, both players."""
    beta1: jg.Fraction = 0.5
    """Adam's first decay, both players."""
    weight_decay: jg.NonNegative = 1e-5
    """Added to the gradients, times the parameters, before Adam; both players."""


def build(cfg: Config, task: jg.Task) -> jg.Gan:
    """Content and motion against a discriminator of frames and one of clips."""
    frames, resolution, channels = jg.forward.clip_shape(task.shape)
    if cfg.categories == "labels" and task.classes != cfg.kinds:
        raise jg.UserError(
            f"--categories labels: the data have {task.classes or 'no'} classes; give as many "
            "--kinds, or --categories information."
        )
    loss = jg.losses.nonsaturating.map(jg.losses.each_domain)
    code = jg.scale(cfg.category_weight, jg.losses.categorical_information("category"))
    named = jg.scale(cfg.category_weight, jg.losses.classification)
    adam = optax.chain(
        optax.add_decayed_weights(cfg.weight_decay),
        optax.adam(cfg.learning_rate, b1=cfg.beta1),
    )
    judges = dict(width=cfg.discriminator_width, noise=cfg.noise, dtype=task.dtype)
    return jg.Gan(
        generator=mocogan.Generator(
            frames,
            resolution,
            channels,
            cfg.content,
            cfg.kinds,
            cfg.motion,
            cfg.generator_width,
            task.dtype,
        ),
        discriminator=mocogan.Discriminators(
            mocogan.FrameDiscriminator(**judges),
            mocogan.ClipDiscriminator(categories=cfg.kinds, **judges),
        ),
        forward=jg.forward.content_and_motion(frames, cfg.content, cfg.kinds, cfg.motion),
        terms=loss.terms(
            generator={"category": code},
            discriminator={"category": code if cfg.categories == "information" else named},
        ),
        optimizers={"g": adam, "d": adam},
    )


SMALL = dict(
    generator_width=32,
    discriminator_width=8,
    resolution=32,
    steps=6000,
    batch_size=16,
)

EXPERIMENT = jg.Experiment(
    Config,
    build,
    steps=100_000,
    batch_size=32,
    scoring=jg.Scoring(metrics=("acd", "category", "fd_frames", "fd_clips"), num=2000),
    smoke=dict(generator_width=2, discriminator_width=2, content=4, motion=3),
    ablations={"no category": dict(category_weight=0.0), "no noise": dict(noise=0.0)},
    presets={
        "shape_motion": dict(data=jg.datasets.shape_motion(16)),
        "shape_motion_small": dict(data=jg.datasets.shape_motion(16, 32), **SMALL),
        "moving_mnist_small": dict(
            data=jg.datasets.moving_mnist(16, 32),
            scoring=jg.Scoring(metrics=("acd", "fd_frames", "fd_clips"), num=2000),
            **SMALL,
        ),
    },
)

if __name__ == "__main__":
    jg.main(EXPERIMENT)
